"""Attack vectors on proof files and chain states: verdict, deciding step and reason of each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.support.corpora import COUNT_PROPERTY
from tests.vectors import generate_chain_attacks as generator
from tests.vectors.generate_attacks import ATTACKS
from tests.vectors.generate_golden import GOLDEN
from tests.vectors.patching import patched
from tests.verifier.formats import slow_abi
from tests.verifier.formats.slow_verifier import slow_verify
from verifier_cli.canonical import canonical
from verifier_cli.chain import Reading
from verifier_cli.evidence import EvidenceQuery, decode_evidence
from verifier_cli.report import Outcome, Report, Step, Verdict
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Deployment, Trust
from verifier_cli.verify import verify

VECTORS: list[dict[str, Any]] = json.loads((ATTACKS / generator.FILE).read_text("utf-8"))


@cache
def _golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


def _data(vector: dict[str, Any]) -> bytes:
    if "file" not in vector:
        text: str = vector["prefix"] + vector["repeat"] * vector["times"] + vector["suffix"]
        return text.encode()
    return canonical(patched(_golden(vector["file"]), vector["patch"]))


def _values(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return [_values(item) for item in value] if isinstance(value, tuple) else value


class _Wire:
    """The same chain state as a node would send it: as ABI words."""

    def __init__(self, reader: SnapshotReader) -> None:
        self._reader = reader

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        reading = self._reader.read(deployment, query, now)
        kind = _golden("calls.json")["evidence"]["type"]
        words = slow_abi.encode_list([kind], [_values(reading.final)])
        evidence = decode_evidence(words, len(query.signers))
        return reading._replace(final=evidence, latest=evidence)


def _verify(vector: dict[str, Any]) -> Report:
    trust = Trust.parse((GOLDEN / vector["trust"]).read_text("utf-8"))
    state = canonical(patched(_golden("snapshot.json"), vector["state"]))
    # A snapshot names its own pins; the trust file of the vector decides whether they count.
    reader = SnapshotReader(Snapshot.parse(state, trust))
    report = verify(_data(vector), trust, reader, vector["checkedAt"])
    assert verify(_data(vector), trust, _Wire(reader), vector["checkedAt"]) == report
    return report


def _deciding(report: Report) -> tuple[str, str]:
    """Step and reason of the first FAILED, else (undecided) of the first NOT_CHECKED one."""
    wanted = Outcome.FAILED if report.verdict is Verdict.NOT_VALID else Outcome.NOT_CHECKED
    for result in report.steps[: Step.STATUS]:
        if result.outcome is wanted:
            assert result.reason is not None
            return result.step.name.lower(), result.reason
    return "", ""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_verdict_step_and_reason(vector: dict[str, Any]) -> None:
    report = _verify(vector)
    found = (report.verdict.value, *_deciding(report), [remark.code for remark in report.remarks])
    assert found == (vector["verdict"], vector["step"], vector["reason"], vector["remarks"])


# What the slow verifier takes for granted: it reads well-formed records.
SLOW = [vector for vector in VECTORS if vector["step"] not in ("parse", "schema")]


@pytest.mark.parametrize("vector", SLOW, ids=lambda vector: vector["name"])
def test_slow_verifier_agrees(vector: dict[str, Any]) -> None:
    trust = tomllib.loads((GOLDEN / vector["trust"]).read_text("utf-8"))
    state = patched(_golden("snapshot.json"), vector["state"])
    verdict, step = slow_verify(
        patched(_golden(vector["file"]), vector["patch"]), trust, state, vector["checkedAt"]
    )
    assert (verdict, step) == (vector["verdict"].replace("_WITH_REMARKS", ""), vector["step"])


def test_the_generator_reproduces_the_file() -> None:
    assert generator.chain_attacks() == VECTORS


def test_every_vector_is_counted(record_property: Callable[[str, object], None]) -> None:
    """Names are unique; how many there are, by verdict, stands in the summary of the run."""
    names = [vector["name"] for vector in VECTORS]
    assert len(set(names)) == len(names)
    counts = {verdict.value: sum(v["verdict"] == verdict for v in VECTORS) for verdict in Verdict}
    record_property(
        COUNT_PROPERTY, f"attack vectors on proof files and chain states: {len(VECTORS)} {counts}"
    )
    assert len(VECTORS) >= 120
    assert min(counts.values()) >= 5
