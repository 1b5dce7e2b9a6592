"""Both sides' scores in one evaluation: the firm proposes, the school adds its own, both sign the bytes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.countersigning.support import approve, evaluation, get, inbox, post, propose, reject
from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity, person
from trace_service.signer.client import SigningClient
from trace_service.signer.loop import Tally, sign_waiting

OURS = [
    {"item": "E1", "score": 91, "max": 100, "pass": True},
    {"item": "E2", "score": 70.5, "max": 100, "pass": True},
]


def _contribute(
    service: Service,
    drafted: dict[str, Any],
    body: dict[str, Any],
    status: int = 202,
    did: str = SCHOOL,
    **h: str,
) -> dict[str, Any]:
    return post(service, did, f"/v1/records/{drafted['id']}/contributions", body, status, **h)


def _scores(service: Service, record_id: str) -> list[tuple[str, str, float]]:
    record = get(service, FIRM, f"/v1/records/{record_id}")["record"]
    return [(item["item"], item["by"], item["score"]) for item in record["credentialSubject"]["items"]]


def _sign_all(service: Service, did: str) -> Tally:
    tally = Tally()
    client = SigningClient(service.url, service.api_keys[did], lambda _s: False)
    sign_waiting(client, service.signers[did], tally, lambda: False)
    client.close()
    return tally


def test_both_sides_scores_live_in_one_cosigned_record(served: Service) -> None:
    drafted = propose(served, evaluation())
    assert _sign_all(served, FIRM).accepted == 0  # nobody is asked before the school's part is there
    (task,) = inbox(served)
    assert task["task"] == "contribute"
    teacher = person()
    answer = _contribute(served, drafted, {"items": OURS, "evaluators": [teacher]})
    assert (answer["revision"], answer["replaces"]) == (2, drafted["id"])
    assert _scores(served, answer["id"]) == [
        ("E1", "enterprise", 88.5),
        ("E2", "enterprise", 74),
        ("E1", "school", 91),
        ("E2", "school", 70.5),
    ]
    record = get(served, FIRM, f"/v1/records/{answer['id']}")["record"]
    assert record["credentialSubject"]["evaluators"][1:] == [{"id": teacher, "org": SCHOOL, "role": "school"}]
    assert (record["issuer"]["id"], record["countersigners"]) == (FIRM, [{"id": SCHOOL, "role": "school"}])
    assert inbox(served)[0]["remarks"] == inbox(served, FIRM)[0]["remarks"] == []
    assert _sign_all(served, FIRM).accepted == 1
    assert _sign_all(served, SCHOOL).completed == 1
    steps = get(served, SCHOOL, f"/v1/records/{answer['id']}/history")["items"]
    assert [(step["kind"], step["by"], step["state"]) for step in steps] == [
        ("proposal", FIRM, "rejected"),
        ("contribution", SCHOOL, "complete"),
    ]


def test_own_scores_may_be_changed_and_no_others(served: Service) -> None:
    drafted = propose(served, evaluation())
    first = _contribute(served, drafted, {"items": OURS[:1]})
    second = _contribute(served, first, {"items": [OURS[0] | {"score": 60}, OURS[1]]})
    assert _scores(served, second["id"]) == [
        ("E1", "enterprise", 88.5),
        ("E2", "enterprise", 74),
        ("E1", "school", 60),
        ("E2", "school", 70.5),
    ]
    refused = _contribute(served, second, {"items": [OURS[0] | {"by": "enterprise"}]}, 422)
    assert (refused["code"], refused["path"]) == ("request.invalid", "$.items.0.by")


def test_scores_are_tied_to_the_standards_items(served: Service) -> None:
    standard = propose(served, _standard(), did=SCHOOL)
    link = {"id": standard["id"], "rel": "alignsTo", "item": ["E1"]}
    drafted = propose(served, evaluation(links=[link]))
    answer = _contribute(served, drafted, {"items": OURS})
    (after,) = get(served, FIRM, f"/v1/records/{answer['id']}")["record"]["relatedResource"]
    assert (after["id"], after["item"]) == (standard["id"], ["E1", "E2"])


def _standard() -> dict[str, Any]:
    text = {"zh": "采集"}
    return {
        "schema": "standard.1",
        "subject": {
            "id": person(),
            "type": ["Standard"],
            "kind": "skill_standard",
            "code": "SNAD",
            "version": "2026.1",
            "name": {"zh": "传感网应用开发"},
            "effective": "2026-01-01",
            "levels": [{"code": "L", "level": "2", "name": {"zh": "初级"}}],
            "items": [{"code": code, "level": "L", "text": text} for code in ("E1", "E2")],
        },
        "validFrom": "2026-01-01T00:00:00Z",
    }


def test_nothing_to_add(served: Service) -> None:
    drafted = propose(served, evaluation())
    assert approve(served, drafted["recordDigest"]) == ["incomplete"]
    answer = _contribute(served, drafted, {"items": []})
    assert (answer["id"], answer["revision"]) == (drafted["id"], 1)
    assert _sign_all(served, FIRM).accepted == _sign_all(served, SCHOOL).completed == 1


def test_after_a_signature_nothing_is_added(served: Service) -> None:
    drafted = propose(served, evaluation(contributors=[]))
    proof = served.proof(FIRM, drafted["recordDigest"], schema="evaluation.1")
    post(served, FIRM, "/v1/signing/proofs", {"items": [{"digest": drafted["recordDigest"], "proof": proof}]})
    assert _contribute(served, drafted, {"items": OURS}, 409)["code"] == "contribution.signed"


def test_after_a_rejection_nothing_is_added(served: Service) -> None:
    drafted = propose(served, evaluation())
    reject(served, drafted["recordDigest"], "x")
    assert _contribute(served, drafted, {"items": OURS}, 409)["code"] == "contribution.rejected"


def test_a_former_draft_takes_nothing_more(served: Service) -> None:
    drafted = propose(served, evaluation())
    newest = _contribute(served, drafted, {"items": OURS})
    refused = _contribute(served, drafted, {"items": OURS}, 409)
    assert (refused["code"], refused["detail"]) == ("revision.exists", newest["id"])


def test_the_same_contribution_again(served: Service) -> None:
    drafted = propose(served, evaluation())
    first = _contribute(served, drafted, {"items": OURS}, Idempotency_Key="k")
    assert _contribute(served, drafted, {"items": OURS}, Idempotency_Key="k") == first


def test_who_may_not_contribute(served: Service) -> None:
    drafted = propose(served, evaluation())
    assert _contribute(served, drafted, {"items": OURS}, 409, FIRM)["code"] == "contribution.proposer"
    assert _contribute(served, drafted, {"items": OURS}, 404, OTHER)["code"] == "record.not_found"
    other = propose(served, activity())
    assert _contribute(served, other, {"items": OURS}, 422)["code"] == "record.no_contributions"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"items": [OURS[0], OURS[0]]}, "contribution.item"),
        ({"items": [OURS[0] | {"score": 101}]}, "record.schema"),
        ({"items": [OURS[0] | {"item": "no token"}]}, "record.schema"),
        ({"items": [OURS[0] | {"pass": "yes"}]}, "request.invalid"),
    ],
)
def test_bad_scores_change_nothing(served: Service, body: dict[str, Any], code: str) -> None:
    drafted = propose(served, evaluation())
    assert _contribute(served, drafted, body, 422)["code"] == code
    (item,) = inbox(served)
    assert (item["id"], item["task"]) == (drafted["id"], "contribute")


@pytest.mark.parametrize(
    "body",
    [
        evaluation(contributors=[OTHER]),
        evaluation(contributors=[SCHOOL, SCHOOL]),
        activity(contributors=[SCHOOL]),
    ],
)
def test_contributors_are_countersigners_of_an_evaluation(served: Service, body: dict[str, Any]) -> None:
    post(served, FIRM, "/v1/records", body, 422)
    assert inbox(served) == []


def test_a_revision_after_a_contribution_keeps_it(served: Service) -> None:
    drafted = propose(served, evaluation())
    second = _contribute(served, drafted, {"items": OURS})
    reject(served, second["recordDigest"], "企业评分有误", FIRM)
    third = post(served, FIRM, f"/v1/records/{second['id']}/revisions", {}, 202)
    assert _scores(served, third["id"]) == _scores(served, second["id"])
    assert inbox(served)[0]["remarks"] == ["own_scores_by_another", "sent_back_before"]
