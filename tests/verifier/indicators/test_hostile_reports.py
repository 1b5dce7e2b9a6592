"""Reports and stores made to deceive, recomputed over a small community without a chain."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.records import (
    CHAIN_ID,
    FIRM,
    REGISTRY,
    SCHOOL,
    complete_record,
    make_uuid,
    record_bytes,
)
from verifier_cli.audit.run import Progress
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.did import org_id
from verifier_cli.indicators.community import facts_of
from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.differences import Difference
from verifier_cli.indicators.errors import DefinitionError
from verifier_cli.indicators.gather import Gathered, Left
from verifier_cli.indicators.recompute import Recomputed, Work, recompute
from verifier_cli.indicators.report import Report, input_root
from verifier_cli.indicators.stores import AtBlock
from verifier_cli.indicators.text import result_lines
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Record

COMMUNITY = make_uuid("community")
AUDITOR = "did:web:auditor.example"
MALLORY, ACCOMPLICE = "did:web:mallory.example", "did:web:accomplice.example"
COUNT = Definition(
    "COUNT",
    "1",
    "indicator",
    {"zh": "人数"},
    "SELECT count(*) AS numerator, 3 AS denominator FROM enrolment",
    ("enrolment",),
    "ratio",
)


def _chain(
    name: str = "chain",
    end: str = "2028-01-01",
    between: tuple[str, str] = (SCHOOL, FIRM),
) -> Record:
    school, firm = between
    subject = {
        "id": COMMUNITY,
        "kind": "chain",
        "from": "2023-01-01",
        "to": end,
        "parties": [{"id": school, "role": "school"}, {"id": firm, "role": "leader", "position": "core"}],
        "terms": None,
        "ended": None,
    }
    signed = [(firm, "enterprise")]
    return complete_record(
        "agreement.1", name=name, number=1, subject=subject, issuer=school, countersigners=signed
    )


CHAIN = _chain()
ENROLMENTS = [
    complete_record(
        "enrolment.1", name=f"e{number}", number=10 + number, subject={"id": make_uuid(f"{number}")}
    )
    for number in range(2)
]


def defining(definition: Definition, name: str = "definition", issuer: str = SCHOOL) -> Record:
    """A Decision that issues the definition."""
    subject = {"kind": "definition", "definition": definition.to_subject(), "body": issuer}
    return complete_record("decision.1", name=name, number=30, subject=subject, issuer=issuer)


@dataclass
class Held:
    """A store of these records; `gather` finds no fault with any of them."""

    records: list[Record]
    definitions: list[Record] = field(default_factory=lambda: [defining(COUNT)])
    left: list[Left] = field(default_factory=list)
    partial: bool = False

    def gather(
        self, at: AtBlock, spool: Path, executor: Executor | None, workers: int, progress: Progress | None
    ) -> Gathered:
        gathered = Gathered(spool, left=list(self.left), partial=self.partial)
        with spool.open("wb") as stream:
            for record in self.records:
                gathered.add(facts_of(record.digest.hex(), record.document), dict(record.document), stream)
        return gathered

    def proof_files(self, digests: Collection[str], at: AtBlock) -> dict[str, bytes]:
        anchor = Anchor(CHAIN_ID, REGISTRY, 0, 0, ())
        return {
            record.digest.hex(): ProofFile.write(record_bytes(record), anchor)
            for record in self.definitions
            if record.digest.hex() in digests
        }


def honest(held: Held) -> Report:
    """What an honest issuer reports of the store with COUNT."""
    digests = [record.digest.hex() for record in [CHAIN, *ENROLMENTS]]
    value = {"code": "COUNT", "state": "value", "value": "0.6667", "numerator": "2", "denominator": "3"}
    return Report(
        datetime.date(2025, 9, 1),
        datetime.date(2026, 9, 1),
        COMMUNITY,
        CHAIN_ID,
        7,
        "",
        f"0x{input_root(digests).hex()}",
        len(digests),
        (("COUNT", "1"),),
        {"COUNT": value},
        (CHAIN.digest.hex(), *(record.digest.hex() for record in held.definitions)),
        SCHOOL,
    )


def made_again(
    folder: Path, report: Report, held: Held, covered: Collection[str] = (SCHOOL, FIRM)
) -> Recomputed:
    facts = SimpleNamespace(
        chain_id=CHAIN_ID,
        block_number=7,
        block_hash="0x00",
        status_words=lambda org: {},
        organisations=lambda: [org_id(did) for did in covered],
    )
    at = cast(AtBlock, SimpleNamespace(facts=facts))
    return recompute(report, held, at, cast(SnapshotFacts, facts), lambda data: None, Work(folder))


def told(differences: Collection[Difference]) -> list[tuple[str, str, str]]:
    return [(item.kind, item.subject, item.reason) for item in differences]


def whole(**changes: Any) -> Held:
    return Held([CHAIN, *ENROLMENTS], **changes)


def test_the_honest_report_matches(tmp_path: Path) -> None:
    result = made_again(tmp_path, honest(whole()), whole())
    assert (result.verdict, result.differences, result.missing) == ("match", [], [])


def test_a_record_that_was_anchored_twice_counts_once(tmp_path: Path) -> None:
    held = Held([CHAIN, *ENROLMENTS, ENROLMENTS[0]])
    assert made_again(tmp_path, honest(held), held).verdict == "match"


def test_another_number_of_inputs_than_the_root_has_is_a_difference(tmp_path: Path) -> None:
    report = replace(honest(whole()), input_count=3000)
    result = made_again(tmp_path, report, whole())
    assert result.verdict == "mismatch"
    assert told(result.differences) == [("input", "inputCount", "count_differs")]


@pytest.mark.parametrize(
    ("member", "forged"),
    [("value", "0.6668"), ("numerator", "4"), ("n", 12), ("coverageBp", 10_000), ("flags", ["no_A"])],
)
def test_each_member_of_a_value_is_compared(tmp_path: Path, member: str, forged: object) -> None:
    report = honest(whole())
    values = {"COUNT": {**report.values["COUNT"], member: forged}}
    result = made_again(tmp_path, replace(report, values=values), whole())
    assert told(result.differences) == [("value", "COUNT", member)]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, [("value", "COUNT", "not_in_report")]),
        (
            {"COUNT": {}, "MORE": {"code": "MORE", "state": "value", "value": "1.0000"}},
            [("value", "COUNT", "value"), ("value", "MORE", "not_computed")],
        ),
    ],
)
def test_values_left_out_and_values_of_no_definition_are_named(
    tmp_path: Path, values: dict[str, Mapping[str, Any]], found: list[tuple[str, str, str]]
) -> None:
    result = made_again(tmp_path, replace(honest(whole()), values=values), whole())
    assert told(result.differences) == found


def test_two_definitions_of_one_code_and_version_are_ambiguous(tmp_path: Path) -> None:
    kind = replace(
        COUNT, sql="SELECT 3 AS numerator, 3 AS denominator FROM enrolment ORDER BY record LIMIT 1"
    )
    held = whole(definitions=[defining(COUNT), defining(kind, "other", FIRM)])
    result = made_again(tmp_path, honest(held), held)
    assert result.verdict == "mismatch"
    assert told(result.differences) == [("definition", "COUNT 1", "ambiguous")]


def test_a_definition_that_must_not_run_is_named(tmp_path: Path) -> None:
    held = whole(definitions=[defining(replace(COUNT, sql="SELECT now() AS numerator"))])
    result = made_again(tmp_path, honest(held), held)
    assert (result.verdict, told(result.differences)) == ("mismatch", [("definition", "COUNT", "refused")])


def test_a_definition_that_cannot_be_run_leaves_it_undecided(tmp_path: Path) -> None:
    held = whole(definitions=[defining(replace(COUNT, sql="SELECT no_column AS numerator FROM enrolment"))])
    result = made_again(tmp_path, honest(held), held)
    assert (result.verdict, told(result.missing)) == ("undecided", [("definition", "COUNT", "not_run")])


def test_what_the_order_of_rows_decides_is_said_so(tmp_path: Path) -> None:
    sql = """
        SELECT CASE WHEN subject = (SELECT min(subject) FROM enrolment) THEN 1 ELSE 2 END AS numerator
        FROM (SELECT subject, row_number() OVER (ORDER BY status) AS place FROM enrolment) WHERE place = 1
    """
    held = whole(definitions=[defining(replace(COUNT, sql=sql))])
    result = made_again(tmp_path, honest(held), held)
    assert told(result.differences)[0] == ("definition", "COUNT", "depends_on_row_order")


def test_two_agreements_that_claim_to_be_the_community_are_ambiguous(tmp_path: Path) -> None:
    other = _chain("other", "2029-01-01")
    held = Held([CHAIN, *ENROLMENTS, other])
    report = honest(held)
    result = made_again(tmp_path, replace(report, based_on=(*report.based_on, other.digest.hex())), held)
    assert told(result.differences) == [("community", COMMUNITY, "ambiguous")]


def test_a_community_that_ended_before_the_period_is_none(tmp_path: Path) -> None:
    ended = _chain("ended", "2025-08-31")
    held = Held([ended, *ENROLMENTS])
    report = replace(honest(held), based_on=(ended.digest.hex(), *honest(held).based_on[1:]))
    assert told(made_again(tmp_path, report, held).differences) == [("community", COMMUNITY, "not_it")]


def test_a_snapshot_that_leaves_a_member_out_decides_nothing(tmp_path: Path) -> None:
    result = made_again(tmp_path, honest(whole()), whole(), covered=[SCHOOL])
    assert (result.verdict, told(result.missing)) == ("undecided", [("community", FIRM, "not_covered")])


@pytest.mark.parametrize(
    "elsewhere", [{"block": 8}, {"block": 6}, {"chain_id": 1}, {"block_hash": "0x" + "11" * 32}]
)
def test_another_block_or_chain_is_a_difference(tmp_path: Path, elsewhere: dict[str, Any]) -> None:
    result = made_again(tmp_path, replace(honest(whole()), **elsewhere), whole())
    assert told(result.differences) == [("report", "block", "other_block")]


def test_who_signed_report_and_definitions_is_told(tmp_path: Path) -> None:
    held = whole(definitions=[defining(COUNT, issuer=AUDITOR)])
    result = made_again(tmp_path, replace(honest(held), issuer=AUDITOR), held)
    document = result.to_json()
    assert (document["verdict"], document["issuer"], document["issuerIsMember"]) == ("match", AUDITOR, False)
    (definition,) = document["definitions"]
    assert (definition["issuer"], definition["issuerIsMember"], definition["shipped"]) == (
        AUDITOR,
        False,
        False,
    )
    lines = list(result_lines(result, "en"))
    assert sum(AUDITOR in line and "no member" in line for line in lines) == 2
    assert any("COUNT" in line and "release" in line for line in lines)


@pytest.mark.parametrize("form", ["indicator", "view"])
def test_withdrawn_records_move_no_value(form: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        replace(COUNT, form=form, sources=("withdrawn",)).check()
    assert refused.value.path == "$.sources"


def test_a_second_claimant_of_the_community_disturbs_no_report(tmp_path: Path) -> None:
    """The report names its agreement by digest: what strangers say of the same URN is nothing to it."""
    report = honest(whole())
    rival = _chain("rival", "2029-01-01", (MALLORY, ACCOMPLICE))
    result = made_again(tmp_path, report, Held([rival, CHAIN, *ENROLMENTS]), covered=(SCHOOL, FIRM))
    assert (result.verdict, result.differences, result.missing) == ("match", [], [])
    assert result.members == {SCHOOL, FIRM}


def _left(record: Record, reason: str) -> Left:
    return Left(reason, record.digest.hex(), record.issuer, 0, 1)


@pytest.mark.parametrize(("partial", "verdict"), [(True, "undecided"), (False, "mismatch")])
def test_what_the_reader_may_not_read_decides_nothing(tmp_path: Path, partial: bool, verdict: str) -> None:
    """A service shows each reader his own; an export says that it is all there is."""
    shown, kept = ENROLMENTS
    held = Held([CHAIN, shown], left=[_left(kept, "withheld")], partial=partial)
    result = made_again(tmp_path, honest(whole()), held)
    assert result.verdict == verdict
    named = result.missing if partial else result.differences
    assert ("input", kept.digest.hex(), "withheld") in told(named)
    assert not result.differences or not partial


def test_what_differs_beside_what_may_not_be_read_is_a_difference(tmp_path: Path) -> None:
    shown, altered = ENROLMENTS
    held = Held([CHAIN, shown], left=[_left(altered, "record_altered")], partial=True)
    result = made_again(tmp_path, honest(whole()), held)
    assert result.verdict == "mismatch"


def test_a_reader_who_may_read_every_input_is_answered(tmp_path: Path) -> None:
    other = complete_record("enrolment.1", name="e9", number=19, subject={"id": make_uuid("9")})
    held = whole(left=[_left(other, "withheld")], partial=True)
    assert made_again(tmp_path, honest(held), held).verdict == "match"
    forged = {"COUNT": {**honest(held).values["COUNT"], "value": "0.9999"}}
    assert made_again(tmp_path, replace(honest(held), values=forged), held).verdict == "mismatch"
