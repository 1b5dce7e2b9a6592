"""Reminders: from the proposer, once a day, for those who have not signed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from tests.service.countersigning.support import inbox, post, propose, reject
from tests.support.service import FIRM, OTHER, SCHOOL, Service
from trace_service.database import utc_now, write
from trace_service.records.approvals import REMIND_AFTER
from trace_service.records.inbox import REMINDER
from trace_service.records.requests import MAX_REMINDERS


def _remind(service: Service, digest: str, did: str = FIRM, **more: Any) -> list[dict[str, Any]]:
    body = {"items": [{"digest": digest, **more}]}
    results: list[dict[str, Any]] = post(service, did, "/v1/signing/reminders", body)["items"]
    return results


def _later(service: Service) -> None:
    """Let the waiting time of every reminder pass."""
    with write(service.engine) as connection:
        connection.execute(sa.update(REMINDER).values(reminded_at=utc_now() - REMIND_AFTER))


def test_reminders_are_seen_in_the_inbox(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    (result,) = _remind(served, digest)
    assert (result["signer"], result["result"]) == (SCHOOL, "reminded")
    (item,) = inbox(served)
    assert [each["id"] for each in item["reminders"]] == [SCHOOL]
    (mine,) = inbox(served, FIRM, side="proposed")
    assert mine["reminders"] == item["reminders"]


def test_once_a_day_for_each_record_and_signer(served: Service) -> None:
    first, second = propose(served)["recordDigest"], propose(served)["recordDigest"]
    (once,) = _remind(served, first)
    (twice,) = _remind(served, first, signer=SCHOOL)
    assert (twice["result"], twice["againAt"]) == ("too_soon", once["againAt"])
    assert _remind(served, second)[0]["result"] == "reminded"
    _later(served)
    assert _remind(served, first)[0]["result"] == "reminded"
    assert len(inbox(served)[0]["reminders"]) == 2


def test_many_at_once_remind_once(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: _remind(served, digest)[0]["result"], range(16)))
    assert sorted(results) == ["reminded"] + ["too_soon"] * 15


def test_only_the_proposer_reminds(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    for did in (SCHOOL, OTHER):
        assert _remind(served, digest, did)[0]["result"] == "unknown"
    assert inbox(served)[0]["reminders"] == []


def test_nobody_is_reminded_of_what_is_done(served: Service) -> None:
    signed, sent_back = propose(served)["recordDigest"], propose(served)["recordDigest"]
    served.sign(SCHOOL, signed)
    reject(served, sent_back, "不在岗")
    assert [_remind(served, digest)[0]["result"] for digest in (signed, sent_back)] == ["closed", "closed"]


@pytest.mark.parametrize("signer", [FIRM, OTHER])
def test_who_is_no_other_signer_is_not_reminded(served: Service, signer: str) -> None:
    assert _remind(served, propose(served)["recordDigest"], signer=signer)[0]["result"] == "closed"


@pytest.mark.parametrize(
    ("count", "status"), [(0, 422), (1, 200), (MAX_REMINDERS, 200), (MAX_REMINDERS + 1, 422)]
)
def test_items_in_one_request(served: Service, count: int, status: int) -> None:
    item = {"digest": propose(served)["recordDigest"]}
    post(served, FIRM, "/v1/signing/reminders", {"items": [item] * count}, status)
