"""Drafts sent back: corrected by their proposer, with the comments of both sides in view."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.service.countersigning.support import get, inbox, post, propose, reject
from tests.service.countersigning.test_inbox import plain
from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity


def _path(drafted: dict[str, Any], what: str = "revisions") -> str:
    return f"/v1/records/{drafted['id']}/{what}"


def _record(service: Service, record_id: str, did: str = FIRM) -> dict[str, Any]:
    record: dict[str, Any] = get(service, did, f"/v1/records/{record_id}")["record"]
    return record


@pytest.fixture
def sent_back(served: Service) -> dict[str, Any]:
    """A draft that was rejected by the school."""
    drafted = propose(served, plain(externalRef="A-1"))
    reject(served, drafted["recordDigest"], "七月二日不在岗")
    return drafted


def test_revision_keeps_what_is_not_changed(served: Service, sent_back: dict[str, Any]) -> None:
    before = _record(served, sent_back["id"])
    subject = before["credentialSubject"] | {"project": "更正后的项目"}
    answer = post(served, FIRM, _path(sent_back), {"subject": subject, "comment": "已更正"}, 202)
    assert (answer["revision"], answer["replaces"], answer["state"]) == (2, sent_back["id"], "draft")
    after = _record(served, answer["id"])
    assert after["credentialSubject"]["project"] == "更正后的项目"
    for member in ("issuer", "countersigners", "validFrom", "credentialSchema"):
        assert after[member] == before[member]
    for member in ("id", "salt", "credentialStatus"):
        assert after[member] != before[member]
    (shown,) = inbox(served)
    assert (shown["id"], shown["revision"], shown["externalRef"], shown["remarks"]) == (
        answer["id"],
        2,
        "A-1",
        ["sent_back_before"],
    )
    assert served.sign(FIRM, answer["recordDigest"])["result"] == "accepted"
    assert "receipt" in served.sign(SCHOOL, answer["recordDigest"])


def test_links_stay_with_their_digests(served: Service) -> None:
    standing = propose(served, activity())
    served.sign(FIRM, standing["recordDigest"])
    link = {"id": standing["id"], "rel": "supersedes"}
    drafted = propose(served, activity(links=[link]))
    reject(served, drafted["recordDigest"], "x")
    answer = post(served, FIRM, _path(drafted), {}, 202)
    before, after = (_record(served, each)["relatedResource"] for each in (drafted["id"], answer["id"]))
    assert after == before
    reject(served, answer["recordDigest"], "y")
    last = post(served, FIRM, _path(answer), {"links": []}, 202)
    assert "relatedResource" not in _record(served, last["id"])


def test_history_is_seen_by_both(served: Service, sent_back: dict[str, Any]) -> None:
    second = post(served, FIRM, _path(sent_back), {"comment": "已更正"}, 202)
    reject(served, second["recordDigest"], "仍不对")
    third = post(served, FIRM, _path(second), {}, 202)
    for did in (FIRM, SCHOOL):
        for record in (sent_back, second, third):
            steps = get(served, did, _path(record, "history"))["items"]
            assert [(s["revision"], s["state"], s["kind"], s["by"], s["comment"]) for s in steps] == [
                (1, "rejected", "proposal", FIRM, None),
                (2, "rejected", "revision", FIRM, "已更正"),
                (3, "draft", "revision", FIRM, None),
            ]
            assert [s["rejection"] and (s["rejection"]["by"], s["rejection"]["comment"]) for s in steps] == [
                (SCHOOL, "七月二日不在岗"),
                (SCHOOL, "仍不对"),
                None,
            ]


def test_a_new_countersigner_does_not_see_what_was_said_before(
    served: Service, sent_back: dict[str, Any]
) -> None:
    signers = [{"id": SCHOOL, "role": "school"}, {"id": OTHER, "role": "enterprise"}]
    answer = post(served, FIRM, _path(sent_back), {"countersigners": signers}, 202)
    steps = get(served, OTHER, _path(answer, "history"))["items"]
    assert [step["revision"] for step in steps] == [2]
    assert len(get(served, SCHOOL, _path(answer, "history"))["items"]) == 2


def test_what_was_not_sent_back_is_not_revised(served: Service) -> None:
    drafted = propose(served)
    assert post(served, FIRM, _path(drafted), {}, 409)["code"] == "revision.state"
    for did in (FIRM, SCHOOL):
        served.sign(did, drafted["recordDigest"])
    assert post(served, FIRM, _path(drafted), {}, 409)["code"] == "revision.state"


def test_only_the_proposer_revises(served: Service, sent_back: dict[str, Any]) -> None:
    assert post(served, SCHOOL, _path(sent_back), {}, 403)["code"] == "revision.not_proposer"
    for what in ("revisions", "contributions"):
        assert post(served, OTHER, _path(sent_back, what), {}, 404)["code"] == "record.not_found"
    with served.client(OTHER) as client:
        assert client.get(_path(sent_back, "history")).status_code == 404


def test_a_proposer_takes_its_own_draft_back(served: Service) -> None:
    drafted = propose(served)
    assert reject(served, drafted["recordDigest"], "录入有误", FIRM) == "rejected"
    assert post(served, FIRM, _path(drafted), {}, 202)["revision"] == 2


def test_one_draft_has_one_successor(served: Service, sent_back: dict[str, Any]) -> None:
    first = post(served, FIRM, _path(sent_back), {}, 202)
    refused = post(served, FIRM, _path(sent_back), {}, 409)
    assert (refused["code"], refused["detail"]) == ("revision.exists", first["id"])


def test_the_same_request_again_changes_nothing(served: Service, sent_back: dict[str, Any]) -> None:
    first = post(served, FIRM, _path(sent_back), {"comment": "a"}, 202, Idempotency_Key="k-1")
    again = post(served, FIRM, _path(sent_back), {"comment": "a"}, 202, Idempotency_Key="k-1")
    assert first == again
    other = post(served, FIRM, _path(sent_back), {"comment": "b"}, 422, Idempotency_Key="k-1")
    assert other["code"] == "idempotency.reused"


def test_many_revisions_at_once_make_one(served: Service, sent_back: dict[str, Any]) -> None:
    def revise(_: int) -> int:
        with served.client(FIRM) as client:
            return client.post(_path(sent_back), json={}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(revise, range(6)))
    assert statuses == [202] + [409] * 5
    assert len(inbox(served)) == 1


def test_a_bad_revision_leaves_everything_as_it_was(served: Service, sent_back: dict[str, Any]) -> None:
    subject = _record(served, sent_back["id"])["credentialSubject"] | {"days": []}
    assert post(served, FIRM, _path(sent_back), {"subject": subject}, 422)["code"] == "record.schema"
    assert post(served, FIRM, _path(sent_back), {}, 202)["revision"] == 2


def test_a_reference_drafted_anew_meanwhile(served: Service, sent_back: dict[str, Any]) -> None:
    propose(served, activity(externalRef="A-1", revision=2))
    assert post(served, FIRM, _path(sent_back), {}, 409)["code"] == "record.exists"
