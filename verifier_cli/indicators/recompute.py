"""A report made again from the records: own verification, own extraction, own root, the signed definitions.

Nothing is believed but the trust file, the chain, and what is signed. The answer is `match`, `mismatch` with
what differs (the first difference first), or `undecided` when something that it takes could not be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verifier_cli.audit.run import Progress
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.did import org_id
from verifier_cli.indicators import extract
from verifier_cli.indicators.community import (
    CommunityError,
    Facts,
    Member,
    inputs,
    members,
    relations_read,
    schemas_read,
    superseded,
)
from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.differences import Difference, name_inputs
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.gather import Gathered, Left, status_of
from verifier_cli.indicators.report import Report, input_root
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.stores import AtBlock, Store
from verifier_cli.proof_file import ProofFile

__all__ = ["Difference", "Recomputed", "Work", "recompute"]

Checked = Callable[[bytes], str | None]
"""Verifies a proof file as of now: None when it is valid, else why not."""


@dataclass(slots=True)
class Recomputed:
    """What a recomputation found."""

    report: Report
    differences: list[Difference] = field(default_factory=list)
    missing: list[Difference] = field(default_factory=list)
    """What it takes and could not be had: then nothing was compared that depends on it."""
    later: list[Left] = field(default_factory=list)
    """Inputs whose status changed after the report's block: no mismatch."""
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    input_count: int = 0
    input_root: str = ""

    @property
    def verdict(self) -> str:
        """match, mismatch or undecided."""
        if self.differences:
            return "mismatch"
        return "undecided" if self.missing else "match"

    def to_json(self) -> dict[str, Any]:
        """The result's JSON form."""
        return {
            "type": "SkillTraceRecomputation",
            "version": 1,
            "verdict": self.verdict,
            "community": self.report.community,
            "from": self.report.period_from.isoformat(),
            "to": self.report.period_to.isoformat(),
            "block": self.report.block,
            "inputCount": self.input_count,
            "inputRoot": self.input_root,
            "values": len(self.values),
            "differences": [item.to_json() for item in self.differences],
            "missing": [item.to_json() for item in self.missing],
            "changedLater": [
                {"digest": item.digest, "status": item.reason, "issuer": item.organisation}
                for item in self.later
            ],
        }


@dataclass(frozen=True, slots=True)
class Work:
    """Where and with what to work: a folder for files, worker processes, and who hears of progress."""

    folder: Path
    executor: Executor | None = None
    workers: int = 1
    progress: Progress | None = None
    stage: Callable[[str], None] = lambda name: None


def recompute(
    report: Report,
    store: Store,
    at: AtBlock,
    latest: SnapshotFacts,
    check: Checked,
    work: Work,
    known: Mapping[str, bytes] | None = None,
) -> Recomputed:
    """Make a verified report again.

    `at` is the chain at the report's block, `latest` now: its status of the inputs is listed apart. `check`
    verifies a definition's proof file; `known` are proof files that the caller has besides the store.
    Raises SourceError, DefinitionError, RunError, and CouldNotRead of a service in trouble.
    """
    result = Recomputed(report)
    facts = at.facts
    if (facts.chain_id, facts.block_number) != (report.chain_id, report.block) or (
        report.block_hash and facts.block_hash != report.block_hash
    ):
        found = f"chain {facts.chain_id}, block {facts.block_number} {facts.block_hash}"
        told = f"chain {report.chain_id}, block {report.block} {report.block_hash}"
        result.differences.append(Difference("report", "block", "other_block", told, found))
        return result
    work.stage("definitions")
    definitions = _definitions(result, {**store.proof_files(report.based_on, at), **(known or {})}, check)
    work.stage("records")
    gathered = store.gather(at, work.folder / "records", work.executor, work.workers, work.progress)
    belonging = _members(result, gathered)
    if result.missing or result.differences:
        return result
    chosen = inputs(
        gathered.counted, {item.did for item in belonging}, schemas_read(definitions), report.period_to
    )
    _compare_inputs(result, chosen, gathered.left)
    work.stage("values")
    _compare_values(result, definitions, chosen, belonging, gathered)
    result.later = list(_changed(chosen, latest))
    return result


def _definitions(result: Recomputed, files: Mapping[str, bytes], check: Checked) -> list[Definition]:
    """The definitions that the report links, each verified; what is not there or not valid is noted."""
    found: dict[tuple[str, str], Definition] = {}
    for digest in result.report.based_on:
        if digest not in files:
            continue  # the community's agreement, or a definition that is missed below
        subject = ProofFile.parse(files[digest]).record["credentialSubject"]
        if subject.get("kind") != "definition" or "definition" not in subject:
            continue
        trouble = check(files[digest])
        if trouble is not None:
            result.missing.append(Difference("definition", digest, "not_valid", detail=trouble))
            continue
        definition = Definition.of_subject(subject["definition"])
        found[definition.code, definition.version] = definition
    for edition in result.report.definitions:
        if edition not in found:
            result.missing.append(Difference("definition", " ".join(edition), "not_found"))
    return [found[edition] for edition in result.report.definitions if edition in found]


def _members(result: Recomputed, gathered: Gathered) -> list[Member]:
    """Who belongs; the community is the chain agreement that the report links."""
    report = result.report
    chains = [
        item
        for item in gathered.counted
        if item.digest in report.based_on
        and item.agreement is not None
        and (item.agreement.kind, item.agreement.subject) == ("chain", report.community)
    ]
    if not chains:
        left = {item.digest: item for item in gathered.left if item.digest in report.based_on}
        why = next(iter(left.values()), None)
        reason = "not_found" if why is None else why.reason
        result.missing.append(Difference("community", report.community, reason))
        return []
    try:
        return members(chains[0].digest, gathered.counted, report.period_from, report.period_to)
    except CommunityError as error:
        result.differences.append(Difference("community", report.community, "not_it", detail=error.reason))
        return []


def _compare_inputs(result: Recomputed, chosen: Sequence[Facts], left: Sequence[Left]) -> None:
    report = result.report
    digests = [item.digest for item in chosen]
    result.input_count = len(digests)
    result.input_root = f"0x{input_root(digests).hex()}"
    if result.input_root == report.input_root:
        return
    counts = f"{len(digests)} of {report.input_count} present"
    result.differences.append(
        Difference("input", "inputRoot", "input_set_differs", report.input_root, result.input_root, counts)
    )
    result.differences += name_inputs(digests, left, report)


def _changed(chosen: Iterable[Facts], latest: SnapshotFacts) -> Iterable[Left]:
    """Inputs that were revoked or suspended after the report's block."""
    words: dict[str, Mapping[tuple[int, int], int]] = {}
    for item in chosen:
        if item.issuer not in words:
            words[item.issuer] = latest.status_words(org_id(item.issuer))
        status = status_of(words[item.issuer], item.number)
        if status is not None:
            yield Left(status, item.digest, item.issuer, 0)


def _compare_values(
    result: Recomputed,
    definitions: Sequence[Definition],
    chosen: Sequence[Facts],
    belonging: Sequence[Member],
    gathered: Gathered,
) -> None:
    report = result.report
    with open_sandbox() as sandbox:
        documents = gathered.documents({item.digest for item in chosen})
        extract.load(sandbox, documents, superseded(chosen), relations_read(definitions))
        sandbox.insert(MEMBER, belonging)
        sandbox.lock(report.period_from, report.period_to, report.community)
        outcome = run(sandbox, definitions)
    result.values = {code: value.to_subject() for code, value in outcome.values.items()}
    for code in dict.fromkeys((*report.values, *result.values)):
        told, found = report.values.get(code), result.values.get(code)
        if told != found:
            result.differences.append(_value_difference(code, told, found))


def _value_difference(
    code: str, told: Mapping[str, Any] | None, found: Mapping[str, Any] | None
) -> Difference:
    if told is None or found is None:
        missing = "not_in_report" if told is None else "not_computed"
        return Difference("value", code, missing, str(told or ""), str(found or ""))
    members = [name for name in dict.fromkeys((*told, *found)) if told.get(name) != found.get(name)]
    first = "value" if "value" in members else members[0]
    return Difference(
        "value", code, first, str(told.get(first, "")), str(found.get(first, "")), ", ".join(members)
    )
