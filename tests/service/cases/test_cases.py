"""From the diagnosis to the effect: what is drafted, what is read from reports, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from tests.service.cases.watched import NEXT, PERIOD, STRANGER, Watched, watched
from tests.service.indicators.anchored import TRAINEES
from tests.support.records import FIRM, SCHOOL
from trace_service.cli.main import make_app

UNKNOWN = "urn:uuid:00000000-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("cases")) as made:
        yield made


@pytest.fixture(scope="module")
def low(world: Watched) -> str:
    """The report of 2025/26: ten of twelve passed, 0.8333; the target is 0.92."""
    return world.report()


def step(world: Watched, path: str, body: dict[str, Any], *signers: str, by: str = SCHOOL) -> dict[str, Any]:
    """Draft a step and let it be signed."""
    answer = world.post(by, path, body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/records/{answer.json()['id']}"
    world.sign(answer.json()["id"], dids=(by, *signers))
    found: dict[str, Any] = answer.json()
    return found


def subject_of(world: Watched, record_id: str, by: str = SCHOOL) -> dict[str, Any]:
    record = world.get(by, f"/v1/records/{record_id}").json()["record"]
    return {**record["credentialSubject"], "links": [(e["rel"], e["id"]) for e in record["relatedResource"]]}


def opened(world: Watched, low: str, **more: Any) -> dict[str, Any]:
    return step(world, "/v1/cases", {"indicator": {"report": low, "code": "I7"}, **more})


def test_a_low_indicator_until_it_is_met(world: Watched, low: str) -> None:
    with_firm = {"countersigners": [{"id": FIRM, "role": "enterprise"}]}
    case = step(
        world, "/v1/cases", {"indicator": {"report": low, "code": "I7"}, "case": "CASE-1", **with_firm}, FIRM
    )
    diagnosis = subject_of(world, case["id"])
    assert diagnosis["links"] == [("basedOn", low)]
    assert diagnosis["criteria"] == [{"code": "I7", "result": "unmet", "value": 8333, "target": 9200}]
    path = f"/v1/cases/{case['id']}"
    improvement = step(
        world,
        f"{path}/improvements",
        {"category": "method", "title": {"zh": "加强网关实训"}, **with_firm},
        FIRM,
    )
    shown = world.get(FIRM, path).json()
    assert (shown["state"], shown["case"], shown["about"], shown["ageDays"]) == ("open", "CASE-1", "I7", 0)
    assert shown["effect"]["before"]["value"] == "0.8333"
    assert shown["effect"]["after"] is None

    world.evaluate(TRAINEES, passed=TRAINEES)
    report = world.report(NEXT)
    verification = step(world, f"{path}/verifications", {"report": report})
    stated = subject_of(world, verification["id"])
    assert stated["links"] == [("answers", improvement["id"]), ("verifies", report)]
    assert stated["result"] == "met"
    assert stated["criteria"] == [
        {"code": "I7", "result": "met", "value": 10_000, "target": 9200},
        {"code": "I7/before", "result": "unmet", "value": 8333, "target": 9200},
    ]
    shown = world.get(SCHOOL, path).json()
    assert (shown["state"], [item["kind"] for item in shown["steps"]]) == (
        "closed",
        ["diagnosis", "improvement", "verification"],
    )
    effect = shown["effect"]
    assert (effect["before"]["value"], effect["after"]["value"], effect["change"]) == (
        "0.8333",
        "1.0000",
        "+0.1667",
    )
    assert (effect["improved"], effect["reached"]) == (True, True)
    assert (effect["before"]["report"], effect["after"]["report"]) == (low, report)

    again = world.post(SCHOOL, f"{path}/improvements", {"category": "content"})
    assert (again.status_code, again.json()["code"]) == (409, "cases.closed")
    assert case["id"] not in {item["id"] for item in world.get(SCHOOL, "/v1/cases").json()["items"]}
    every = world.get(SCHOOL, "/v1/cases", open=False).json()["items"]
    assert case["id"] in {item["id"] for item in every}


def test_exceptions_until_there_are_none(world: Watched) -> None:
    records = [record.id for record in world.overlapping]
    about = {"code": "overlapping_hours", "records": records, **PERIOD}
    case = step(world, "/v1/cases", {"exception": about, "basis": "两处排班"})
    diagnosis = subject_of(world, case["id"])
    assert diagnosis["links"] == [("basedOn", record) for record in records]
    assert diagnosis["criteria"] == [
        {"code": "overlapping_hours", "result": "unmet", "value": 1, "target": 0}
    ]
    path = f"/v1/cases/{case['id']}"
    step(world, f"{path}/improvements", {"category": "management"})
    early = world.post(SCHOOL, f"{path}/verifications", {"period": PERIOD})
    assert (early.status_code, early.json()["path"]) == (422, "$.period.to")
    verification = step(world, f"{path}/verifications", {"period": NEXT})
    assert subject_of(world, verification["id"])["result"] == "met"
    effect = world.get(SCHOOL, path).json()["effect"]
    assert (effect["before"]["value"], effect["after"]["value"], effect["improved"]) == ("1", "0", True)


def test_an_effect_that_misses_the_target_leaves_the_case_open(world: Watched) -> None:
    records = [record.id for record in world.overlapping]
    whole = {"from": "2025-09-01", "to": "2027-09-01"}
    case = step(
        world, "/v1/cases", {"exception": {"code": "overlapping_hours", "records": records, **PERIOD}}
    )
    path = f"/v1/cases/{case['id']}"
    step(world, f"{path}/improvements", {"category": "management"})
    verification = step(world, f"{path}/verifications", {"period": whole})
    assert subject_of(world, verification["id"])["result"] == "unmet"
    shown = world.get(SCHOOL, path).json()
    assert (shown["state"], shown["effect"]["reached"], shown["effect"]["improved"]) == ("open", False, False)
    step(world, f"{path}/improvements", {"category": "content"})
    assert [item["kind"] for item in world.get(SCHOOL, path).json()["steps"]][-2:] == [
        "verification",
        "improvement",
    ]


def test_an_unsigned_verification_closes_nothing(world: Watched) -> None:
    records = [world.overlapping[0].id]
    case = step(
        world, "/v1/cases", {"exception": {"code": "overlapping_hours", "records": records, **PERIOD}}
    )
    path = f"/v1/cases/{case['id']}"
    step(world, f"{path}/improvements", {"category": "management"})
    assert world.post(SCHOOL, f"{path}/verifications", {"period": NEXT}).status_code == 202
    assert world.get(SCHOOL, path).json()["state"] == "open"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "cases.about"),
        ({"indicator": {"report": "LOW", "code": "CRI"}}, 422, "cases.no_value"),
        ({"indicator": {"report": UNKNOWN, "code": "I7"}}, 404, "record.not_found"),
        ({"indicator": {"report": "LOW", "code": "I7"}, "case": "no spaces"}, 422, "request.invalid"),
        (
            {"exception": {"code": "night_work", "records": [UNKNOWN], **PERIOD}},
            422,
            "cases.not_concerned",
        ),
        ({"exception": {"code": "I7", "records": [UNKNOWN], **PERIOD}}, 422, "exceptions.rule"),
    ],
)
def test_no_case_without_a_finding(
    world: Watched, low: str, body: dict[str, Any], status: int, code: str
) -> None:
    given = orjson.loads(orjson.dumps(body).replace(b"LOW", low.encode()))
    answer = world.post(SCHOOL, "/v1/cases", given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_value_that_reaches_its_target_is_no_finding(world: Watched) -> None:
    world.evaluate(TRAINEES, passed=TRAINEES)
    good = world.report({"from": "2026-10-01", "to": "2026-11-01"})
    answer = world.post(SCHOOL, "/v1/cases", {"indicator": {"report": good, "code": "I7"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "cases.not_low")


def test_the_report_of_the_diagnosis_shows_no_effect(world: Watched, low: str) -> None:
    path = f"/v1/cases/{opened(world, low)['id']}"
    first = world.post(SCHOOL, f"{path}/verifications", {"report": low})
    assert (first.status_code, first.json()["code"]) == (409, "cases.no_improvement")
    step(world, f"{path}/improvements", {"category": "support"})
    for body, code in (
        ({"report": low}, "cases.not_later"),
        ({}, "cases.report_needed"),
        ({"period": NEXT}, "cases.report_needed"),
        ({"report": low, "improvement": UNKNOWN}, "cases.no_improvement"),
    ):
        answer = world.post(SCHOOL, f"{path}/verifications", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_others_know_nothing_of_a_case(world: Watched, low: str) -> None:
    case = opened(world, low)
    for did in (STRANGER, FIRM):  # the firm did not sign this one
        assert world.get(did, f"/v1/cases/{case['id']}").status_code == 404
        answer = world.post(did, f"/v1/cases/{case['id']}/improvements", {"category": "content"})
        assert answer.status_code == 404
        assert case["id"] not in {item["id"] for item in world.get(did, "/v1/cases").json()["items"]}
    answer = world.post(STRANGER, "/v1/cases", {"indicator": {"report": low, "code": "I7"}})
    assert answer.status_code == 404


def test_the_same_request_opens_one_case(world: Watched, low: str) -> None:
    body = {"indicator": {"report": low, "code": "I7"}, "case": "CASE-TWICE"}
    first, second = (world.post(SCHOOL, "/v1/cases", body, key="one") for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = world.post(SCHOOL, "/v1/cases", body)
    assert (other.status_code, other.json()["code"]) == (409, "record.exists")


def test_pages(world: Watched, low: str) -> None:
    for _ in range(2):
        opened(world, low)
    found, cursor = [], None
    while True:
        more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        page = world.get(SCHOOL, "/v1/cases", limit=1, open=False, **more).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    whole = world.get(SCHOOL, "/v1/cases", open=False).json()["items"]
    assert found == [item["id"] for item in whole]
    assert len(set(found)) == len(found)


def test_the_command_lists_open_cases(world: Watched, low: str) -> None:
    case = opened(world, low, case="CASE-SHOWN")
    fixed = ["cases", "--data-dir", str(world.community.settings.data_dir)]
    app = make_app("cases")
    line = next(
        line for line in CliRunner().invoke(app, fixed).stdout.splitlines() if line.startswith("CASE-SHOWN")
    )
    assert "0.8333" in line
    items = orjson.loads(CliRunner().invoke(app, [*fixed, "--json", "--as", SCHOOL]).stdout)
    assert case["id"] in {item["id"] for item in items}
    assert CliRunner().invoke(app, [*fixed, "--json", "--as", STRANGER]).stdout.strip() == "[]"
