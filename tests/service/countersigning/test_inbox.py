"""The inbox: whose it is, what it shows, and what is beyond its deadline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.service.countersigning.support import backdate, evaluation, get, inbox, propose
from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity, person
from trace_service.database import utc_now
from trace_service.records.revisions import LONGEST_WAIT, SHORTEST_WAIT
from verifier_cli.encoding import format_time


def _day(**changes: Any) -> dict[str, Any]:
    today = utc_now().date().isoformat()
    return {"date": today, "start": "08:30", "end": "17:00", "breakMinutes": 60} | changes


def plain(**changes: Any) -> dict[str, Any]:
    """An activity on which there is nothing to remark."""
    body = activity(**changes)
    body["subject"]["days"] = [_day()]
    return body


def test_each_sees_what_waits_for_it(served: Service) -> None:
    drafted = propose(served, plain(externalRef="A-7"))
    (item,) = inbox(served)
    assert (item["id"], item["digest"]) == (drafted["id"], drafted["recordDigest"])
    assert (item["schema"], item["role"], item["task"], item["externalRef"]) == (
        "activity.1",
        "school",
        "sign",
        "A-7",
    )
    assert item["proposer"] == {"id": FIRM, "name": "示例企业"}
    assert item["remarks"] == item["reminders"] == []
    assert [(s["id"], s["signedAt"]) for s in item["signers"]] == [(FIRM, None), (SCHOOL, None)]
    assert inbox(served, OTHER) == []
    assert [each["role"] for each in inbox(served, FIRM)] == ["issuer"]


def test_who_else_has_signed_is_shown(served: Service) -> None:
    served.sign(FIRM, propose(served)["recordDigest"])
    (item,) = inbox(served)
    assert [s["signedAt"] is not None for s in item["signers"]] == [True, False]
    assert inbox(served, FIRM) == []
    (mine,) = inbox(served, FIRM, side="proposed")
    assert (mine["id"], mine["task"]) == (item["id"], "wait")


def test_complete_records_wait_for_nobody(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    for did in (FIRM, SCHOOL):
        served.sign(did, digest)
    assert inbox(served) == inbox(served, FIRM, side="proposed") == inbox(served, FIRM, side="all") == []


def test_filters_and_counts(served: Service) -> None:
    who = person()
    body = plain()
    body["subject"]["id"] = who
    about = propose(served, body)
    propose(served, plain())
    scores = propose(served, evaluation(contributors=[]))
    elsewhere = propose(served, plain(), did=OTHER)
    page = get(served, SCHOOL, "/v1/signing/inbox")
    assert page["counts"] == {"activity.1": 3, "evaluation.1": 1}
    assert page["overdue"] == 0
    assert [item["id"] for item in inbox(served, schema="evaluation.1")] == [scores["id"]]
    assert [item["id"] for item in inbox(served, person=who)] == [about["id"]]
    assert [item["id"] for item in inbox(served, proposer=OTHER)] == [elsewhere["id"]]
    only = get(served, SCHOOL, "/v1/signing/inbox", schema="evaluation.1", proposer=FIRM)
    assert only["counts"] == {"activity.1": 2, "evaluation.1": 1}  # of every type, so that one can switch


def test_pages_follow_each_other(served: Service) -> None:
    ids = [propose(served)["id"] for _ in range(5)]
    first = get(served, SCHOOL, "/v1/signing/inbox", limit=3)
    second = get(served, SCHOOL, "/v1/signing/inbox", limit=3, cursor=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == ids
    assert second["next"] is None
    assert "counts" not in second


def _overtime(day: dict[str, Any]) -> None:
    day["end"] = "17:31"  # 8 h 1 min after an hour's break


def _exactly_eight(day: dict[str, Any]) -> None:
    day["end"] = "17:30"


def _until_ten(day: dict[str, Any]) -> None:
    day |= {"start": "15:00", "end": "22:00"}


def _past_ten(day: dict[str, Any]) -> None:
    day |= {"start": "15:00", "end": "22:01"}


def _over_midnight(day: dict[str, Any]) -> None:
    day |= {"start": "20:00", "end": "02:00"}


def _before_six(day: dict[str, Any]) -> None:
    day |= {"start": "05:59", "end": "12:00"}


def _long_ago(day: dict[str, Any]) -> None:
    day["date"] = "2026-07-01"


@pytest.mark.parametrize(
    ("change", "remarks"),
    [
        (_exactly_eight, []),
        (_overtime, ["day_over_8h"]),
        (_until_ten, []),
        (_past_ten, ["night_work"]),
        (_over_midnight, ["night_work"]),
        (_before_six, ["night_work"]),
        (_long_ago, ["entered_late"]),
    ],
)
def test_remarks_on_practice(served: Service, change: Any, remarks: list[str]) -> None:
    body = plain()
    change(body["subject"]["days"][0])
    propose(served, body)
    assert inbox(served)[0]["remarks"] == remarks


def test_two_halves_of_a_day_are_added(served: Service) -> None:
    body = plain()
    body["subject"]["days"] = [_day(end="13:00", breakMinutes=0), _day(start="14:00", end="18:00")]
    propose(served, body)
    assert inbox(served)[0]["remarks"] == []  # 4:30 and 3:00
    body["subject"]["days"][1]["breakMinutes"] = 0
    body["subject"]["days"][1]["end"] = "17:31"
    propose(served, body)
    assert inbox(served)[1]["remarks"] == ["day_over_8h"]


def test_remarks_on_scores(served: Service) -> None:
    body = evaluation(contributors=[])
    body["subject"]["items"] += [
        {"item": "E1", "score": 68, "max": 100, "pass": True, "by": "school"},
        {"item": "E2", "score": 59, "max": 100, "pass": False, "by": "school"},
    ]
    propose(served, body)
    assert inbox(served)[0]["remarks"] == ["not_passed", "scores_far_apart", "own_scores_by_another"]
    assert inbox(served, FIRM)[0]["remarks"] == ["not_passed", "scores_far_apart"]


def test_deadline_is_two_weeks_unless_named(served: Service) -> None:
    usual = propose(served)
    named = format_time(int((utc_now() + timedelta(days=3)).timestamp()))
    propose(served, activity(signBy=named))
    first, second = inbox(served)
    created = datetime.fromisoformat(first["createdAt"])
    assert first["id"] == usual["id"]
    assert datetime.fromisoformat(first["signBy"]) - created == timedelta(days=14)
    assert second["signBy"] == named


@pytest.mark.parametrize(
    ("ahead", "status"),
    [
        (SHORTEST_WAIT - timedelta(seconds=30), 422),
        (SHORTEST_WAIT + timedelta(seconds=30), 202),
        (LONGEST_WAIT - timedelta(seconds=30), 202),
        (LONGEST_WAIT + timedelta(seconds=30), 422),
    ],
)
def test_deadlines_are_bounded(served: Service, ahead: timedelta, status: int) -> None:
    sign_by = datetime.now(UTC) + ahead
    with served.client(FIRM) as client:
        answer = client.post("/v1/records", json=activity(signBy=format_time(int(sign_by.timestamp()))))
    assert answer.status_code == status
    if status == 422:
        assert (answer.json()["code"], answer.json()["path"]) == ("record.sign_by", "$.signBy")


def test_overdue_is_seen_by_both_sides_and_ends_nothing(served: Service) -> None:
    late, fresh = propose(served), propose(served)
    served.sign(FIRM, late["recordDigest"])
    backdate(served, late["recordDigest"], 15)
    assert [item["id"] for item in inbox(served, overdue=True)] == [late["id"]]
    assert [item["id"] for item in inbox(served, overdue=False)] == [fresh["id"]]
    assert get(served, SCHOOL, "/v1/signing/inbox")["overdue"] == 1
    for did, task in ((SCHOOL, "sign"), (FIRM, "wait")):
        page = get(served, did, "/v1/signing/overdue")
        assert [(item["id"], item["task"], item["overdue"]) for item in page["items"]] == [
            (late["id"], task, True)
        ]
    assert get(served, OTHER, "/v1/signing/overdue")["items"] == []
    assert "receipt" in served.sign(SCHOOL, late["recordDigest"])
    assert get(served, FIRM, "/v1/signing/overdue")["items"] == []


def test_a_named_deadline_counts_instead_of_the_usual_one(served: Service) -> None:
    sign_by = format_time(int((utc_now() + timedelta(days=60)).timestamp()))
    drafted = propose(served, activity(signBy=sign_by))
    backdate(served, drafted["recordDigest"], 30)
    assert inbox(served, overdue=True) == []


def test_a_stranger_cannot_ask_for_another_side(served: Service) -> None:
    propose(served)
    for side in ("sign", "proposed", "all"):
        assert inbox(served, OTHER, side=side) == []
    with served.client(OTHER) as client:
        assert client.get("/v1/signing/inbox", params={"side": "everything"}).status_code == 422
