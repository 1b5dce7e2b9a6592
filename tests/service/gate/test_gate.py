"""The gate in front of drafting, and its dry run, over stored records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from tests.service.gate.support import BODY, Trainee, complete, override, revoke, standard, urn
from tests.support.service import FIRM, OTHER, SCHOOL, Service, make_service, running
from trace_service.cli.main import make_app
from trace_service.config import SETTINGS_FILE, settings_text
from trace_service.database import read
from trace_service.gate.service import Proposed, check_drafts, local_day


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    """A service behind a real port."""
    with running(make_service(tmp_path)) as service:
        yield service


def given(service: Service, **requirements: Any) -> Trainee:
    """A trainee before a standard with these requirements."""
    (record,) = complete(service, standard(**requirements), did=SCHOOL)
    return Trainee(service, "2025-01", record)


def issue(service: Service, body: dict[str, Any], did: str = SCHOOL) -> tuple[int, dict[str, Any]]:
    """Draft a certificate; status and answer."""
    with service.client(did) as client:
        answer = client.post("/v1/records", json=body)
    return answer.status_code, answer.json()


def codes(service: Service, trainee: Trainee, *links: dict[str, Any], **more: Any) -> list[str]:
    """What a refused draft lacks; nothing where it was drafted."""
    status, answer = issue(service, trainee.certificate(*links, **more))
    if status == 202:
        return []
    assert (status, answer["code"]) == (422, "gate.missing"), answer
    (finding,) = answer["findings"]
    assert (finding["trainee"], finding["standard"]) == (trainee.urn, "SNAD")
    return [each["code"] for each in finding["missing"]]


def test_everything_missing_is_named_at_once(served: Service) -> None:
    trainee = given(
        served,
        practiceMinutes=14_400,
        enterpriseShareBp=3_000,
        credits=600,
        evaluatedBy=["enterprise", "school"],
        stages=True,
        labour=True,
        minPayRatioBp=8_000,
    )
    trainee.enrol()
    assert codes(served, trainee) == [
        "practice_minutes",
        "credits",
        "enterprise_share",
        "evaluated_by_enterprise",
        "evaluated_by_school",
        "stages",
        "labour_contract",
        "labour_insurance",
        "pay_ratio",
    ]


def test_open_once_the_hours_are_there(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400)
    trainee.enrol()
    trainee.practise(29)
    assert codes(served, trainee) == ["practice_minutes"]
    trainee.practise(1, "last", "2026-05-04")
    assert codes(served, trainee) == []


def test_revoked_practice_does_not_count(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400)
    trainee.enrol()
    trainee.practise(30)
    revoke(served, trainee.ids["activity"])
    assert codes(served, trainee) == ["practice_minutes"]


def test_what_one_side_alone_has_signed_does_not_count(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400)
    trainee.enrol()
    with served.client(FIRM) as client:  # a draft that nobody has signed
        body = {
            "schema": "activity.1",
            "subject": {
                "id": trainee.urn,
                "type": ["Activity"],
                "role": "trainee",
                "kind": "practice",
                "project": "P",
                "days": [
                    {"date": f"2025-10-{day:02}", "start": "08:30", "end": "17:30", "breakMinutes": 60}
                    for day in range(1, 31)
                ],
            },
            "validFrom": "2025-12-01T00:00:00Z",
            "countersigners": [{"id": SCHOOL, "role": "school"}],
        }
        assert client.post("/v1/records", json=body).status_code == 202
    assert codes(served, trainee) == ["practice_minutes"]


def test_failed_then_passed(served: Service) -> None:
    trainee = given(served, evaluatedBy=["enterprise", "school"])
    trainee.evaluate(True, False)
    assert codes(served, trainee) == ["evaluated_by_enterprise", "evaluated_by_school"]
    trainee.evaluate(True, True, day="2026-06-20", key="retest")
    assert codes(served, trainee) == []
    trainee.evaluate(False, True, day="2026-06-10", key="entered later, held before the retest")
    assert codes(served, trainee) == []


def test_stages_by_revisions_of_the_enrolment(served: Service) -> None:
    trainee = given(served, stages=True)
    trainee.enrol(1, "one")
    for stage, key, before in ((2, "two", "one"), (3, "three", "two")):
        trainee.enrol(stage, key, [{"id": trainee.ids[before], "rel": "supersedes"}])
    assert codes(served, trainee) == ["stages"]
    trainee.enrol(4, "four", [{"id": trainee.ids["three"], "rel": "supersedes"}])
    assert codes(served, trainee) == []


def test_a_stage_on_a_gate_that_failed(served: Service) -> None:
    trainee = given(served, stages=True)
    gate = override(trainee.urn, "x", kind="stage_gate", stageNumber=2, result="failed")
    del gate["subject"]["override"]
    (failed,) = complete(served, gate, did=BODY)
    trainee.enrol(1, "s1")
    for stage in (2, 3, 4):
        links = [{"id": trainee.ids[f"s{stage - 1}"], "rel": "supersedes"}]
        links += (
            [{"id": failed, "rel": "basedOn", "digestMultibase": _digest(served, failed)}]
            if stage == 2
            else []
        )
        trainee.enrol(stage, f"s{stage}", links)
    assert codes(served, trainee) == ["stage_gate"]


def _digest(service: Service, record_id: str) -> str:
    from tests.support.service import multibase
    from trace_service.records.queries import RECORD

    with read(service.engine) as connection:
        return multibase(connection.execute(RECORD.select().where(RECORD.c.id == record_id)).one().digest)


def _basis(service: Service, record_id: str) -> dict[str, Any]:
    return {"id": record_id, "rel": "basedOn", "digestMultibase": _digest(service, record_id)}


def test_an_override_lets_pass_what_it_names(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400, evaluatedBy=["school"], overrideBy=BODY)
    trainee.enrol()
    (hours,) = complete(served, override(trainee.urn, "practice_minutes"), did=BODY)
    assert codes(served, trainee, _basis(served, hours)) == ["evaluated_by_school"]
    trainee.evaluate(True, True)
    assert codes(served, trainee) == ["practice_minutes"]  # the decision must be linked, to stay visible
    status, drafted = issue(served, trainee.certificate(_basis(served, hours)))
    assert status == 202
    with served.client(SCHOOL) as client:
        links = client.get(f"/v1/records/{drafted['id']}").json()["record"]["relatedResource"]
    assert [(link["rel"], link["id"]) for link in links] == [("awards", trainee.standard), ("basedOn", hours)]


@pytest.mark.parametrize(
    ("change", "did", "reason"),
    [
        ({}, SCHOOL, "body"),
        ({"body": SCHOOL}, SCHOOL, "body"),
        ({"result": "rejected"}, BODY, "result"),
    ],
)
def test_an_override_that_does_not_hold(
    served: Service, change: dict[str, Any], did: str, reason: str
) -> None:
    trainee = given(served, practiceMinutes=14_400, overrideBy=BODY)
    trainee.enrol()
    decision = override(trainee.urn, "practice_minutes", **change)
    if did != decision["subject"]["body"]:  # the body must sign; that it did not issue it is refused here
        decision["countersigners"] = [{"id": BODY, "role": "operator"}]
    (made,) = complete(served, decision, did=did)
    _status, answer = issue(served, trainee.certificate(_basis(served, made)))
    found = {each["code"]: each["about"] for each in answer["findings"][0]["missing"]}
    assert (set(found), found["override"]) == ({"practice_minutes", "override"}, [reason])


def test_an_override_for_another_trainee_or_standard(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400, overrideBy=BODY)
    trainee.enrol()
    other = override(urn("another"), "practice_minutes")
    elsewhere = override(trainee.urn, "practice_minutes")
    elsewhere["subject"]["override"]["standard"] = "OTHER"
    for decision in (other, elsewhere):
        (made,) = complete(served, decision, did=BODY)
        assert codes(served, trainee, _basis(served, made)) == ["practice_minutes", "override"]


def test_a_revoked_override_lets_nobody_pass(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400, overrideBy=BODY)
    trainee.enrol()
    (made,) = complete(served, override(trainee.urn, "practice_minutes"), did=BODY)
    revoke(served, made)
    assert codes(served, trainee, _basis(served, made)) == ["practice_minutes"]


def test_practice_credits_and_awards_pass_freely(served: Service) -> None:
    trainee = given(served, practiceMinutes=14_400)
    credit = trainee.certificate(kind="practice_credit", creditsEarned=6, creditKind="enterprise")
    del credit["subject"]["level"]
    assert issue(served, credit)[0] == 202


@pytest.mark.parametrize(
    ("time", "day"),
    [("2026-08-31T15:59:59Z", "2026-08-31"), ("2026-08-31T16:00:00Z", "2026-09-01")],
)
def test_the_day_of_issue_is_a_day_in_china(time: str, day: str) -> None:
    assert local_day(time).isoformat() == day


def _dry_run(service: Service, did: str = SCHOOL, **body: Any) -> dict[str, Any]:
    with service.client(did) as client:
        answer = client.post("/v1/gate/dry-run", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _class(service: Service, trainees: int) -> str:
    """A class: even ones have their hours, every third one a failed item; the first is let pass."""
    trainee = given(service, practiceMinutes=14_400, evaluatedBy=["enterprise"], overrideBy=BODY)
    for number in range(trainees):
        each = Trainee(service, f"2025-{number:02}", trainee.standard)
        each.enrol()
        each.practise(30 if number % 2 == 0 else 20)
        each.evaluate(True, number % 3 != 0)
    complete(service, override(urn("2025-00"), "evaluated_by_enterprise"), did=BODY)
    return trainee.standard


def test_dry_run_names_everything_for_everyone(served: Service) -> None:
    record = _class(served, 6)
    found = _dry_run(served, standard=record, all=True)
    lacks = {item["number"]: [each["code"] for each in item["missing"]] for item in found["items"]}
    assert lacks == {
        "2025-00": [],
        "2025-01": ["practice_minutes"],
        "2025-02": [],
        "2025-03": ["practice_minutes", "evaluated_by_enterprise"],
        "2025-04": [],
        "2025-05": ["practice_minutes"],
    }
    assert found["counts"] == {"evaluated_by_enterprise": 1, "practice_minutes": 3}
    first = next(item for item in found["items"] if item["number"] == "2025-00")
    assert (first["passes"], list(first["overridden"])) == (True, ["evaluated_by_enterprise"])
    assert found["next"] is None


def test_dry_run_page_by_page(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    record = _class(served, 5)
    monkeypatch.setattr(
        "trace_service.gate.dryrun.run.__kwdefaults__", {"trainees": None, "after": "", "limit": 2}
    )
    numbers, after = [], ""
    while after is not None:
        page = _dry_run(served, standard=record, all=True, after=after)
        numbers += [item["number"] for item in page["items"]]
        after = page["next"]
    assert sorted(numbers) == [f"2025-{n:02}" for n in range(5)]


def test_dry_run_of_strangers(served: Service) -> None:
    record = _class(served, 2)
    assert _dry_run(served, OTHER, standard=record, all=True)["items"] == []
    asked = _dry_run(served, OTHER, standard=record, trainees=[urn("2025-00")])
    assert (asked["items"], asked["unknown"]) == ([], [urn("2025-00")])
    mine = _dry_run(served, FIRM, standard=record, trainees=[urn("2025-01"), urn("nobody")])
    assert ([item["number"] for item in mine["items"]], mine["unknown"]) == (["2025-01"], [urn("nobody")])


@pytest.mark.parametrize("body", [{}, {"all": True, "trainees": ["x"]}, {"all": True, "level": "9"}])
def test_dry_run_out_of_form(served: Service, body: dict[str, Any]) -> None:
    with served.client(SCHOOL) as client:
        assert client.post("/v1/gate/dry-run", json={"standard": "x", **body}).status_code == 422


def test_dry_run_of_a_standard_that_is_not_there_or_asks_nothing(served: Service) -> None:
    (free,) = complete(served, {**standard(), "externalRef": "F"}, did=SCHOOL)
    with served.client(SCHOOL) as client:
        unknown = client.post("/v1/gate/dry-run", json={"standard": "x", "all": True})
        nothing = client.post("/v1/gate/dry-run", json={"standard": free, "all": True})
    assert (unknown.status_code, nothing.json()["code"]) == (404, "gate.none")


def test_no_query_for_a_single_trainee(served: Service) -> None:
    record = _class(served, 6)
    counts = []
    for number in (1, 6):
        each = [Trainee(served, f"2025-{n:02}", record) for n in range(number)]
        proposed = [
            Proposed(n, f"p{n}", "credential.1", {"id": t.urn, "kind": "skill_level", "level": "3"},
                     [("awards", record)], 2, "2026-09-10T00:00:00Z", SCHOOL)
            for n, t in enumerate(each)
        ]  # fmt: skip
        statements: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = statements) -> None:
            seen.append(statement)

        event.listen(served.engine, "before_cursor_execute", note)
        with read(served.engine) as connection:
            check_drafts(connection, proposed)
        event.remove(served.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_command(served: Service) -> None:
    record = _class(served, 4)
    folder = served.settings.data_dir
    (folder / SETTINGS_FILE).write_text(settings_text(served.settings))
    for name in (record, "SNAD"):
        command = ["gate", name, "--data-dir", str(folder), "--org", SCHOOL]
        shown = CliRunner().invoke(make_app("gate"), command, env={"COLUMNS": "200"})
        assert shown.exit_code == 1
        for text in (
            "2025-01",
            "每学年实践分钟数",
            "14,400",
            "9,600",
            "2 人通过 pass, 2 人不足",
            "let pass by",
        ):
            assert text in shown.output
    as_json = CliRunner().invoke(make_app("gate"), [*command, "--json"])
    assert len(orjson.loads(as_json.output)["items"]) == 4
    one = CliRunner().invoke(make_app("gate"), [*command, "--trainee", urn("2025-02")])
    assert (one.exit_code, "1 人通过 pass" in one.output) == (0, True)
