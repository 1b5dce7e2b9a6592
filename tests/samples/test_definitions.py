"""The shipped definitions, run over the whole community, come to the numbers of the plan."""

from __future__ import annotations

from datetime import date

import pytest

from samples.community import Community, record_id, to_records
from samples.community.parties import CHAIN
from samples.community.plan import BY_DEFINITION, COMPOSED, EXPECTED, YEARS
from verifier_cli.indicators.community import facts_of, inputs, members, schemas_read, superseded
from verifier_cli.indicators.definition import in_order, shipped
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.extract import load
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.values import Value
from verifier_cli.record import Record

pytestmark = pytest.mark.slow  # three years of up to 60,000 records: about ten seconds


@pytest.fixture(scope="module")
def reports(whole: Community) -> list[dict[str, Value]]:
    """The values of each year, by code; the revoked record does not count."""
    gone = {record_id(ref) for ref in whole.revoked_by("2026-09-01")}
    counted = {
        record.digest.hex(): record for record in to_records(whole, check=False) if record.id not in gone
    }
    return [_report(counted, date(year, 9, 1), date(year + 1, 9, 1)) for year in YEARS]


def _report(counted: dict[str, Record], start: date, end: date) -> dict[str, Value]:
    facts = [facts_of(digest, record.document) for digest, record in counted.items()]
    (chain,) = (digest for digest, record in counted.items() if record.id == record_id(CHAIN))
    belonging = members(chain, facts, start, end)
    definitions = in_order(shipped().values())
    chosen = inputs(facts, {member.did for member in belonging}, schemas_read(definitions), end)
    with open_sandbox() as sandbox:
        load(sandbox, ((item.digest, counted[item.digest].document) for item in chosen), superseded(chosen))
        sandbox.insert(MEMBER, belonging)
        sandbox.lock(start, end)
        return run(sandbox, definitions).values


@pytest.mark.parametrize("code", sorted(BY_DEFINITION))
def test_definitions_come_to_the_plan(reports: list[dict[str, Value]], code: str) -> None:
    name, unit = BY_DEFINITION[code]
    expected = [None if value is None else value * unit for value in EXPECTED[name]]
    assert [report[code].exact for report in reports] == expected


@pytest.mark.parametrize("code", sorted(COMPOSED))
def test_composed_definitions_come_to_the_plan(reports: list[dict[str, Value]], code: str) -> None:
    assert tuple(report[code].to_subject().get("value") for report in reports) == COMPOSED[code]
