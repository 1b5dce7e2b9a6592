"""The community sample through a real service: workbooks, signatures, chain, reports, recomputation.

A small scale; `python -m benchmarks --full --only community` does the same with every trainee and holds the
reports against the numbers of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.community import Community
from demo.processes import Processes
from demo.sample.course import Course, import_all, revoke_planted
from demo.sample.disturbed import altered, revoked_after, victims, withheld
from demo.sample.installation import installed
from demo.sample.reports import PERIODS, Report, export, make_reports, recompute
from samples.community import Community as Sample
from samples.community import build, to_records
from samples.community.organisations import AUDITOR
from samples.community.parties import chain_urn
from samples.community.workbooks import rounds, write_files
from trace_service.indicators import extract
from verifier_cli.indicators.community import facts_of, members, relations_read, schemas_read
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox

SCALE = 0.02
PERIOD = PERIODS[-1]


@dataclass
class Released:
    """The sample with every record released, a report of its last year, and an export."""

    sample: Sample
    community: Community
    processes: Processes
    course: Course
    revoked: list[str]
    report: Report
    source: Path

    def next_report(self) -> Report:
        """The same period again."""
        return _report(self.community, self.processes)


def _report(community: Community, processes: Processes) -> Report:
    auditor = community.member(AUDITOR.did)
    return make_reports(community, processes, chain_urn(), auditor, [PERIOD])[0]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    home = tmp_path_factory.mktemp("sample")
    sample = build(SCALE, with_scenes=False)
    write_files(sample, home / "workbooks")
    with installed(home, home / "workbooks" / "organisations.json") as (community, processes):
        course = import_all(community, processes, home / "workbooks")
        revoked = revoke_planted(community, processes, sample)
        report = _report(community, processes)
        source = export(community, "export")
        yield Released(sample, community, processes, course, revoked, report, source)


def test_every_record_is_released(released: Released) -> None:
    placed = rounds(released.sample)
    assert released.course.records == sum(map(len, placed.files.values()))
    assert released.course.withheld == 0
    assert released.revoked == ["ACT-25-FS-HD-02-w16"]


def test_a_second_deposit_is_not_booked(released: Released) -> None:
    assert released.course.refused == "credit.already_deposited"


def test_the_report_states_what_the_generator_s_records_give(released: Released) -> None:
    """Other ids, keys and bytes; what came through workbooks, signatures and chain gives the same values."""
    assert released.report.values == _values_of_generator(released.sample)


def test_an_outsider_recomputes_it(released: Released) -> None:
    result, _ = recompute(released.community, released.report, released.source)
    assert (result["verdict"], result["changedLater"]) == ("match", [])
    assert result["inputCount"] == released.report.content["inputCount"]
    assert result["values"] == len(released.report.values)


def test_what_was_altered_withheld_or_revoked_is_named(released: Released) -> None:
    community, report, source = released.community, released.report, released.source
    first, second, third = victims(community, released.sample, 3)
    changed = altered(community, report, source, first)
    assert (changed.reason, "SCORE_GAP" in changed.values) == ("record_altered", True)
    left_out = withheld(community, report, source, second)
    assert (left_out.reason, "SCORE_GAP" in left_out.values) == ("withheld", True)
    later = revoked_after(community, released.processes, report, source, third)
    assert [(item["digest"], item["status"]) for item in later] == [(third.digest, "revoked")]
    again = released.next_report()
    assert again.content["inputCount"] == report.content["inputCount"] - 1
    result, _ = recompute(community, again, export(community, "export-again"))
    assert (result["verdict"], result["changedLater"]) == ("match", [])


def _values_of_generator(sample: Sample) -> dict[str, dict[str, Any]]:
    left_out = set(rounds(sample).left_out)
    known = [
        (facts_of(record.digest.hex(), record.document), record)
        for entry, record in zip(sample.entries, to_records(sample, check=False), strict=True)
        if entry.revoked_on is None and entry.ref not in left_out
    ]
    facts = [item for item, _ in known]
    (chain,) = (item.digest for item in facts if item.agreement and item.agreement.subject == chain_urn())
    belonging = members(chain, facts, *PERIOD)
    dids = {item.did for item in belonging}
    definitions = list(shipped().values())
    schemas = schemas_read(definitions)
    lines = (
        (item.schema, item.digest, record.canonical)
        for item, record in known
        if item.issuer in dids and item.schema in schemas
    )
    with open_sandbox() as sandbox:
        extract.load(sandbox, lines, PERIOD[1], relations_read(definitions))
        sandbox.insert(MEMBER, belonging)
        sandbox.lock(*PERIOD, chain_urn())
        return {code: value.to_subject() for code, value in run(sandbox, definitions).values.items()}
