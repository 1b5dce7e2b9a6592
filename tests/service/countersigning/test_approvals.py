"""Approvals: a person says yes, the signer's process signs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.service.countersigning.support import approve, evaluation, get, inbox, post, propose, reject
from tests.service.countersigning.test_inbox import plain
from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity, multibase
from trace_service.config import SettingsError
from trace_service.database import read
from trace_service.records.inbox import APPROVAL
from trace_service.signer.client import SigningClient
from trace_service.signer.loop import Tally, sign_waiting
from trace_service.signer.policy import HOLD_ALL, SIGN_ALL, Policy, load_policy
from verifier_cli.rules import SCHEMAS


def _sign(service: Service, policy: Policy, did: str = SCHOOL) -> int:
    client = SigningClient(service.url, service.api_keys[did], lambda _s: False)
    try:
        return sign_waiting(client, service.signers[did], Tally(), lambda: False, policy=policy)
    finally:
        client.close()


def test_held_drafts_are_signed_once_approved(served: Service) -> None:
    first, second = propose(served), propose(served)
    assert _sign(served, HOLD_ALL) == 0
    assert approve(served, first["recordDigest"]) == ["approved"]
    assert [item["approvedAt"] is not None for item in inbox(served)] == [True, False]
    assert [item["id"] for item in inbox(served, approved=False)] == [second["id"]]
    assert _sign(served, HOLD_ALL) == 1
    assert [item["id"] for item in inbox(served)] == [second["id"]]
    assert approve(served, first["recordDigest"]) == ["signed"]
    assert _sign(served, SIGN_ALL) == 1


def test_a_policy_may_differ_by_type(served: Service) -> None:
    propose(served)
    scores = propose(served, evaluation(contributors=[]))
    policy = Policy("ask", {"activity.1": "auto"})
    assert _sign(served, policy) == 1
    assert [item["id"] for item in inbox(served)] == [scores["id"]]
    approve(served, scores["recordDigest"])
    assert _sign(served, policy) == 1


def test_a_service_that_ignores_the_question_gets_no_signature(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(served)
    plain_ask = SigningClient.requests
    monkeypatch.setattr(
        SigningClient, "requests", lambda self, cursor, limit, _q=None: plain_ask(self, cursor, limit)
    )
    assert _sign(served, HOLD_ALL) == 0


def test_an_approval_is_the_approvers_alone(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    assert approve(served, digest, did=OTHER) == ["unknown"]
    assert approve(served, digest, did=FIRM) == ["approved"]
    assert _sign(served, HOLD_ALL) == 0
    assert _sign(served, HOLD_ALL, FIRM) == 1


def test_results_of_each(served: Service) -> None:
    fresh, sent_back, signed = (propose(served)["recordDigest"] for _ in range(3))
    reject(served, sent_back, "七月一日不在岗")
    served.sign(SCHOOL, signed)
    results = approve(served, fresh, sent_back, signed, multibase(bytes(32)), fresh)
    assert results == ["approved", "rejected", "signed", "unknown"]  # each digest once
    assert approve(served, fresh) == ["already"]


def test_two_people_approve_at_once(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: approve(served, digest)[0], range(16)))
    assert sorted(set(results)) in (["already", "approved"], ["approved"])
    with read(served.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(APPROVAL)).scalar_one() == 1
    assert _sign(served, HOLD_ALL) == 1


def test_everything_without_remarks(served: Service) -> None:
    good = [propose(served, plain())["recordDigest"] for _ in range(3)]
    late = propose(served)["recordDigest"]  # in July: entered late
    as_of = get(served, SCHOOL, "/v1/signing/inbox")["asOf"]
    unseen = propose(served, plain())["recordDigest"]
    body = {"withoutRemarks": {"asOf": as_of}}
    answer = post(served, SCHOOL, "/v1/signing/approvals", body)
    assert [(each["digest"], each["result"]) for each in answer["items"]] == [(d, "approved") for d in good]
    assert answer["leftOut"] == [{"digest": late, "remarks": ["entered_late"]}]
    assert answer["next"] is None
    assert [item["digest"] for item in inbox(served, approved=False)] == [late, unseen]
    again = post(served, SCHOOL, "/v1/signing/approvals", body)
    assert (again["items"], len(again["leftOut"])) == ([], 1)


def test_a_filter_narrows_what_is_approved(served: Service) -> None:
    ours = propose(served, plain())["recordDigest"]
    propose(served, plain(), did=OTHER)
    as_of = get(served, SCHOOL, "/v1/signing/inbox")["asOf"]
    wanted = {"asOf": as_of, "proposer": FIRM, "schema": "activity.1"}
    answer = post(served, SCHOOL, "/v1/signing/approvals", {"withoutRemarks": wanted})
    assert [each["digest"] for each in answer["items"]] == [ours]
    nothing = {"asOf": as_of, "schema": "party.1"}
    assert post(served, SCHOOL, "/v1/signing/approvals", {"withoutRemarks": nothing})["items"] == []


def test_many_are_approved_part_by_part(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_service.records.approvals.MAX_APPROVED", 2)
    for _ in range(5):
        propose(served, plain())
    wanted = {"asOf": get(served, SCHOOL, "/v1/signing/inbox")["asOf"]}
    counts = []
    while True:
        answer = post(served, SCHOOL, "/v1/signing/approvals", {"withoutRemarks": wanted})
        counts.append(len(answer["items"]))
        if answer["next"] is None:
            break
        wanted["cursor"] = answer["next"]
    assert counts == [2, 2, 1]


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{"digest": "u"}], "withoutRemarks": {"asOf": "x"}}]
)
def test_either_items_or_a_filter(served: Service, body: dict[str, object]) -> None:
    assert post(served, SCHOOL, "/v1/signing/approvals", body, 422)["code"] == "request.invalid"


def test_rejection_wins_over_an_approval(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    approve(served, digest)
    reject(served, digest, "不在岗")
    assert _sign(served, HOLD_ALL) == 0


def test_rejection_and_last_signature_at_once(served: Service) -> None:
    """Whatever comes first holds: never both, never neither."""
    digests = [propose(served)["recordDigest"] for _ in range(20)]
    for digest in digests:
        served.sign(FIRM, digest)
    with ThreadPoolExecutor(2) as pool:
        for digest in digests:
            signed = pool.submit(served.sign, SCHOOL, digest)
            refused = pool.submit(reject, served, digest, "不在岗")
            completed = "receipt" in signed.result()
            assert refused.result() == ("complete" if completed else "rejected")
    states = {item["state"] for item in get(served, FIRM, "/v1/records", limit=100)["items"]}
    assert states <= {"complete", "rejected"}


def test_policy_files(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('default = "auto"\n[types]\n"evaluation.1" = "ask"\n')
    policy = load_policy(path)
    assert not policy.may_sign("evaluation.1", approved=False)
    assert policy.may_sign("evaluation.1", approved=True)
    assert policy.may_sign("activity.1", approved=False)
    first, second = policy.questions()
    assert first.approved
    assert set(second.schemas) == set(SCHEMAS) - {"evaluation.1"}
    path.write_text("")
    assert load_policy(path) == HOLD_ALL


@pytest.mark.parametrize(
    "text",
    [
        'default = "never"',
        "default = true",
        '[types]\n"activity.1" = "perhaps"',
        '[types]\n"activities.1" = "auto"',
        'others = "ask"',
        'types = "ask"',
        "default = ",
    ],
)
def test_what_is_no_policy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(SettingsError):
        load_policy(path)


def test_missing_policy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load_policy(tmp_path / "none.toml")


def test_requests_of_some_types(served: Service) -> None:
    propose(served, activity())
    scores = propose(served, evaluation(contributors=[]))
    found = get(served, SCHOOL, "/v1/signing/requests", schema=["evaluation.1", "party.1"])["items"]
    assert [item["digest"] for item in found] == [scores["recordDigest"]]
    assert [item["approved"] for item in found] == [False]
