"""Exceptions of a served community: what is found, who sees it, and deadlines of drafts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from tests.service.cases.watched import PERIOD, STRANGER, Watched, watched
from tests.service.indicators.anchored import COMMUNITY, TRAINEES
from tests.support.records import FIRM, SCHOOL, make_uuid
from trace_service import database
from trace_service.cases.exceptions import UNSIGNED, Asked, find
from trace_service.cli.main import make_app
from trace_service.records.queries import RECORD
from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.times import parse_day
from verifier_cli.schema import schema_json

SEEN = {
    "evidence_withdrawn": 1,
    "hours_over_8": 2,
    "identical_scores": TRAINEES,
    "mentor_over_five": TRAINEES,
    "overlapping_hours": 1,
}
"""What both of them sign; the firm alone signed the praise of itself."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("exceptions")) as made:
        yield made


@pytest.mark.parametrize(
    ("did", "community", "scope", "found"),
    [
        (SCHOOL, None, "signed", SEEN),
        (SCHOOL, COMMUNITY, "community", {**SEEN, "circular_endorsement": 1}),  # as its auditor
        (FIRM, COMMUNITY, "signed", {**SEEN, "circular_endorsement": 1}),
        ("did:web:trace.example", COMMUNITY, "community", {**SEEN, "circular_endorsement": 1}),
        ("did:web:trace.example", None, "signed", {}),
        (STRANGER, None, "signed", {}),
    ],
)
def test_who_sees_what(
    world: Watched, did: str, community: str | None, scope: str, found: dict[str, int]
) -> None:
    parameters = {} if community is None else {"community": community}
    assert world.found(did, **parameters) == (scope, found)


def test_for_a_stranger_the_community_does_not_exist(world: Watched) -> None:
    assert world.get(STRANGER, "/v1/exceptions", **PERIOD, community=COMMUNITY).status_code == 404


def test_a_row_names_its_records(world: Watched) -> None:
    answer = world.get(SCHOOL, "/v1/exceptions", **PERIOD, rule="overlapping_hours").json()
    (rule,) = answer["rules"]
    (row,) = rule["rows"]
    assert {row["record"]["id"], row["other"]["id"]} == {record.id for record in world.overlapping}
    assert {row["record"]["digest"], row["other"]["digest"]} == {
        digest_multibase(record.digest) for record in world.overlapping
    }
    assert (row["person"], row["date"], row["minutes"]) == (make_uuid("trainee 5"), "2026-03-04", 120)


def test_what_was_revoked_is_named_beside_what_rests_on_it(world: Watched) -> None:
    answer = world.get(SCHOOL, "/v1/exceptions", **PERIOD, rule="evidence_withdrawn").json()
    (row,) = answer["rules"][0]["rows"]
    assert row["record"]["id"] == world.resting.id
    assert row["other"]["id"].startswith("urn:uuid:")
    assert row["steps"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rule": "no_such_rule"}, "exceptions.rule"),
        ({"to": "2025-09-01"}, "indicators.period"),
        ({"from": "yesterday"}, "request.invalid"),
    ],
)
def test_what_cannot_be_run_is_a_problem(world: Watched, change: dict[str, str], code: str) -> None:
    answer = world.get(SCHOOL, "/v1/exceptions", **{**PERIOD, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """Rule -> rows, of the rules that found something."""
    return {rule["code"]: rule["count"] for rule in answer["rules"] if rule["count"]}


def test_the_command_sees_everything_or_what_one_sees(world: Watched) -> None:
    fixed = ["exceptions", "--data-dir", str(world.community.settings.data_dir)]
    days = ["--from", PERIOD["from"], "--to", PERIOD["to"]]
    app = make_app("exceptions")
    whole = orjson.loads(CliRunner().invoke(app, [*fixed, *days, "--json"]).stdout)
    one = orjson.loads(CliRunner().invoke(app, [*fixed, *days, "--as", SCHOOL, "--json"]).stdout)
    counts = [
        {rule["code"]: rule["count"] for rule in given["rules"] if rule["count"]} for given in (whole, one)
    ]
    assert counts == [{**SEEN, "circular_endorsement": 1}, SEEN]
    text = CliRunner().invoke(app, [*fixed, *days, "--rule", "overlapping_hours"]).stdout
    assert world.overlapping[0].id in text
    assert "minutes 120" in text


# ----- drafts beyond their deadline -----


def drafted(world: Watched) -> str:
    """A draft of the firm that nobody has signed."""
    body = {
        "schema": "demand.1",
        "validFrom": "2026-09-01T00:00:00Z",
        "subject": {**_demand(), "id": make_uuid("a demand")},
    }
    answer = world.post(FIRM, "/v1/records", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _demand() -> dict[str, Any]:
    subject: dict[str, Any] = schema_json("demand.1")["examples"][0]["credentialSubject"]
    return subject


def waiting(world: Watched, now: int, did: str | None, since: str, until: str) -> list[tuple[str, str, int]]:
    asked = Asked(parse_day(since), parse_day(until), None, did, (UNSIGNED,))
    with database.read(world.community.world.engine) as connection:
        found = find(connection, world.community.settings, world.community.facts(), asked, now)
    return [(row["record"]["id"], row["org"], row["days"]) for row in found.found[0].rows]


def test_a_draft_beyond_its_deadline(world: Watched) -> None:
    record_id = drafted(world)
    # Drafted at 10:00 of 1 October in Shanghai, to be signed within fourteen days: 15 October, 10:00.
    created = datetime(2026, 10, 1, 2, tzinfo=UTC)
    with database.write(world.community.world.engine) as connection:
        connection.execute(sa.update(RECORD).where(RECORD.c.id == record_id).values(created_at=created))
    deadline = created + timedelta(seconds=world.community.settings.sign_within)
    at = int(deadline.timestamp())
    days = ("2026-10-15", "2026-10-16")
    assert waiting(world, at - 1, FIRM, *days) == []
    assert waiting(world, at, FIRM, *days) == [(record_id, FIRM, 0)]
    assert waiting(world, at + 3 * 86_400, FIRM, *days) == [(record_id, FIRM, 3)]
    assert waiting(world, at + 86_400, None, *days) == [(record_id, FIRM, 1)]
    assert waiting(world, at + 86_400, SCHOOL, *days) == []  # has no part in it
    assert waiting(world, at + 86_400, FIRM, "2026-10-14", "2026-10-15") == []
    assert waiting(world, at + 86_400, FIRM, "2026-10-16", "2026-10-17") == []
    world.sign(record_id, dids=(FIRM,))
    assert waiting(world, at + 86_400, FIRM, *days) == []
