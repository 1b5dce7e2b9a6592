"""A report on a real chain, made again by the verifier; and what is said when an input is tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.service.indicators.anchored import FAILED, TRAINEES, Anchored, make_anchored
from tests.support.nodes import embedded_node
from tests.support.records import FIRM
from verifier_cli.audit.sources import RECORDS_SUFFIX
from verifier_cli.cli import run as trace_verify
from verifier_cli.did import org_id
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
        _, proof = community.publish(community.compute())
        (folder / "report.trace.json").write_bytes(proof)
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
