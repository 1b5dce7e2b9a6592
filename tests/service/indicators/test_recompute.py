"""A report on a real chain, made again by the verifier; and what is said when an input is tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.service.indicators.anchored import FAILED, TRAINEES, Anchored, make_anchored
from tests.support.nodes import embedded_node
from tests.support.records import FIRM, SCHOOL
from tests.support.service import Service, running
from trace_service import database
from trace_service.security import create_key
from verifier_cli.audit.sources import RECORDS_SUFFIX
from verifier_cli.cli import run as trace_verify
from verifier_cli.did import org_id
from verifier_cli.errors import CouldNotRead
from verifier_cli.indicators.recompute import Recomputed


@dataclass
class Published:
    """An anchored report and an export of everything."""

    community: Anchored
    report: Path
    folder: Path
    export: Path

    def recompute(self, source: Path | None = None) -> Recomputed:
        return self.community.recompute(self.report, source or self.export)

    def changed(self, name: str, record_id: str, change: Callable[[bytes], bytes]) -> Path:
        """A copy of the export in which `change` was done to the line of one of the firm's records."""
        target = self.community.export(self.folder / name)
        for path in (target / org_id(FIRM).hex()).glob(f"*{RECORDS_SUFFIX}"):
            lines = path.read_bytes().splitlines(keepends=True)
            mark = b'"id":"%b"' % record_id.encode()
            path.write_bytes(b"".join(change(line) if mark in line else line for line in lines))
        return target


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("community")
    with embedded_node(folder / "chain") as node:
        community = make_anchored(node, folder)
        facts = community.facts()
        (folder / "then.json").write_bytes(facts.snapshot.serialise())
        _, proof = community.publish(community.compute(facts))
        (folder / "report.trace.json").write_bytes(proof)
        (folder / "now.json").write_bytes(community.facts().snapshot.serialise())
        yield Published(community, folder / "report.trace.json", folder, community.export(folder / "export"))


def test_the_values_are_those_of_the_plan(published: Published) -> None:
    values = {value.code: value for value in published.community.compute().values}
    passed = TRAINEES - FAILED
    assert (values["I7"].exact, values["I7"].n) == (Fraction(passed, TRAINEES), TRAINEES)
    assert values["COEVALUATION"].exact == 1


def test_an_untouched_report_matches(published: Published) -> None:
    result = published.recompute()
    assert (result.verdict, result.differences, result.missing) == ("match", [], [])
    assert result.input_count == 1 + 1 + 2 * TRAINEES
    assert set(result.values) == {"I7", "COEVALUATION"}


def test_the_command_says_so(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    trust = str(published.community.settings.trust_file)
    arguments = ["recompute", str(published.report), "--from", str(published.export), "--trust", trust]
    assert trace_verify([*arguments, "--jobs", "1", "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith("MATCH")


def test_an_altered_input_is_named(published: Published) -> None:
    record = published.community.evaluations[5]
    source = published.changed("altered", record.id, lambda line: line.replace(b"88.5", b"99.5"))
    result = published.recompute(source)
    assert result.verdict == "mismatch"
    assert [(item.kind, item.subject, item.reason) for item in result.differences[:2]] == [
        ("input", "inputRoot", "input_set_differs"),
        ("input", record.digest.hex(), "record_altered"),
    ]


def test_a_withheld_input_is_named_by_its_digest(published: Published) -> None:
    record = published.community.evaluations[0]
    result = published.recompute(published.changed("withheld", record.id, lambda line: b""))
    named = [(item.subject, item.reason) for item in result.differences if item.kind == "input"]
    assert named == [("inputRoot", "input_set_differs"), (record.digest.hex(), "withheld")]
    value = next(item for item in result.differences if item.kind == "value" and item.subject == "I7")
    assert (value.reason, value.expected, value.actual) == ("value", "0.8333", "0.9091")


def test_without_a_node_by_the_snapshots_that_travel_along(published: Published) -> None:
    then, now = published.folder / "then.json", published.folder / "now.json"
    result = published.community.recompute(published.report, published.export, then, now)
    assert result.verdict == "match"


def test_a_snapshot_of_another_block_is_refused(published: Published) -> None:
    with pytest.raises(CouldNotRead) as refused:
        published.community.recompute(published.report, published.export, published.folder / "now.json")
    assert refused.value.reason == "snapshot_other_block"


def test_from_proof_files_alone(published: Published) -> None:
    folder = published.folder / "proofs"
    folder.mkdir()
    for record_id in published.community.record_ids():
        name = f"{record_id.rpartition(':')[2]}.trace.json"
        (folder / name).write_bytes(published.community.proof_file(record_id))
    assert published.recompute(folder).verdict == "match"
    gone = published.community.evaluations[3]
    (folder / f"{gone.id.rpartition(':')[2]}.trace.json").unlink()
    result = published.recompute(folder)
    assert (result.verdict, result.input_count) == ("mismatch", 1 + 1 + 2 * TRAINEES - 1)
    assert (result.differences[0].reason, result.differences[0].detail) == (
        "input_set_differs",
        "25 of 26 present",
    )


def test_from_a_service(published: Published) -> None:
    community = published.community
    service = Service(community.settings, community.world.engine, Ed25519PrivateKey.generate(), {}, {})
    with database.write(community.world.engine) as connection:
        key = create_key(connection, community.world.pks[SCHOOL], frozenset({"read"}))
    (published.folder / "key").write_text(key)
    with running(service):
        whole = community.recompute_url(published.report, service.url, published.folder / "key")
        without = community.recompute_url(published.report, service.url, None)
    assert (whole.verdict, without.verdict) == ("match", "undecided")
    assert {item.kind for item in without.missing} == {"definition", "community"}


def test_a_value_that_does_not_come_out_is_named(published: Published) -> None:
    """A dishonest auditor: everything is as it was computed, but for one value."""
    computed = published.community.compute()
    forged = tuple(
        replace(value, exact=Fraction(1)) if value.code == "I7" else value for value in computed.values
    )
    _, proof = published.community.publish(replace(computed, values=forged))
    path = published.folder / "forged.trace.json"
    path.write_bytes(proof)
    result = published.community.recompute(path, published.community.export(published.folder / "second"))
    assert [(item.kind, item.subject, item.reason) for item in result.differences] == [
        ("value", "I7", "value")
    ]
    assert (result.differences[0].expected, result.differences[0].actual) == ("1.0000", "0.8333")


def test_a_report_that_left_a_record_out_is_found(published: Published) -> None:
    computed = published.community.compute()
    _, proof = published.community.publish(replace(computed, digests=computed.digests[1:]))
    path = published.folder / "short.trace.json"
    path.write_bytes(proof)
    result = published.community.recompute(path, published.community.export(published.folder / "third"))
    assert [(item.subject, item.reason) for item in result.differences] == [
        ("inputRoot", "input_set_differs"),
        (computed.digests[0], "not_in_report"),
    ]


def test_a_definition_is_issued_once_in_a_version(published: Published) -> None:
    drafted, _ = published.community.publish(published.community.compute())
    assert drafted.new_definitions == ()


def test_a_later_revocation_is_told_apart(published: Published) -> None:
    record = published.community.evaluations[7]
    published.community.revoke(record)
    result = published.recompute()
    assert result.verdict == "match"
    assert [(item.digest, item.reason) for item in result.later] == [(record.digest.hex(), "revoked")]


def test_a_record_revoked_before_the_block_is_no_input(published: Published) -> None:
    """Runs after the one above: module order."""
    computed = published.community.compute()
    assert published.community.evaluations[7].digest.hex() not in computed.digests
    values = {value.code: value for value in computed.values}
    assert values["I7"].exact == Fraction(TRAINEES - FAILED - 1, TRAINEES - 1)
