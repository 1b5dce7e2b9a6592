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
from verifier_cli.indicators.editions import Checked, Edition, linked
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.errors import DefinitionError, RunError
from verifier_cli.indicators.gather import WITHHELD, Gathered, Left, status_of
from verifier_cli.indicators.memory import bounded_memory
from verifier_cli.indicators.report import Report, input_root
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.stores import AtBlock, Store

__all__ = ["Difference", "Recomputed", "Work", "recompute"]


@dataclass(slots=True)
class Recomputed:
    """What a recomputation found."""

    report: Report
    differences: list[Difference] = field(default_factory=list)
    missing: list[Difference] = field(default_factory=list)
    """What it takes and could not be had: then nothing was compared that depends on it."""
    later: list[Left] = field(default_factory=list)
    """Inputs whose status changed after the report's block: no mismatch."""
    editions: tuple[Edition, ...] = ()
    """The definitions that it was made again with."""
    members: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
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
            "issuer": self.report.issuer,
            "issuerIsMember": self.report.issuer in self.members,
            "definitions": [
                {**item.to_json(), "issuerIsMember": item.issuer in self.members} for item in self.editions
            ],
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
    Raises SourceError, and CouldNotRead of a service in trouble.
    """
    result = Recomputed(report)
    facts = at.facts
    if (facts.chain_id, facts.block_number) != (report.chain_id, report.block) or (
        report.block_hash and facts.block_hash != report.block_hash
    ):
        read = f"chain {facts.chain_id}, block {facts.block_number} {facts.block_hash}"
        told = f"chain {report.chain_id}, block {report.block} {report.block_hash}"
        result.differences.append(Difference("report", "block", "other_block", told, read))
        return result
    work.stage("definitions")
    found = linked(report, {**store.proof_files(report.based_on, at), **(known or {})}, check)
    result.editions = found.editions
    result.missing += found.missing
    result.differences += found.differences
    definitions = [item.definition for item in found.editions]
    work.stage("records")
    gathered = store.gather(at, work.folder / "records", work.executor, work.workers, work.progress)
    belonging = _members(result, gathered)
    result.members = frozenset(item.did for item in belonging)
    # A member that the snapshot leaves out would seem to have issued and withdrawn nothing.
    covered = set(facts.organisations())
    result.missing += [
        Difference("community", did, "not_covered")
        for did in sorted(result.members)
        if org_id(did) not in covered
    ]
    if result.missing or result.differences:
        return result
    chosen = inputs(gathered.counted, result.members, schemas_read(definitions), report.period_to)
    _compare_inputs(result, chosen, gathered)
    if result.missing:
        return result
    work.stage("values")
    _compare_values(result, _Ready(report, definitions, chosen, belonging, gathered))
    result.later = list(_changed(chosen, latest))
    return result


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
    if len(chains) > 1:
        names = [item.digest for item in chains]
        result.differences.append(Difference("community", report.community, "ambiguous", *names[:2]))
        return []
    try:
        return members(chains[0].digest, gathered.counted, report.period_from, report.period_to)
    except CommunityError as error:
        result.differences.append(Difference("community", report.community, "not_it", detail=error.reason))
        return []


def _compare_inputs(result: Recomputed, chosen: Sequence[Facts], gathered: Gathered) -> None:
    report = result.report
    digests = [item.digest for item in chosen]
    result.input_count = len(digests)
    result.input_root = f"0x{input_root(digests).hex()}"
    if result.input_root == report.input_root:
        if len(digests) != report.input_count:
            told = str(report.input_count), str(len(digests))
            result.differences.append(Difference("input", "inputCount", "count_differs", *told))
        return
    counts = f"{len(digests)} of {report.input_count} present"
    told = report.input_root, result.input_root
    root = Difference("input", "inputRoot", "input_set_differs", *told, counts)
    named = name_inputs(digests, gathered.left, report)
    # Not being allowed to read a record says nothing about it; it could also be the agreement by which others
    # are no members. Only what is at fault itself, and makes the report's root come out, stands.
    unread = gathered.partial and any(item.reason == WITHHELD for item in gathered.left)
    proven = named and all(
        item.reason not in (WITHHELD, f"perhaps_{WITHHELD}", "not_in_report") for item in named
    )
    if unread and not proven:
        result.missing += [root, *named]
    else:
        result.differences += [root, *named]


def _changed(chosen: Iterable[Facts], latest: SnapshotFacts) -> Iterable[Left]:
    """Inputs that were revoked or suspended after the report's block."""
    words: dict[str, Mapping[tuple[int, int], int]] = {}
    for item in chosen:
        if item.issuer not in words:
            words[item.issuer] = latest.status_words(org_id(item.issuer))
        status = status_of(words[item.issuer], item.number)
        if status is not None:
            yield Left(status, item.digest, item.issuer, 0)


@dataclass(frozen=True, slots=True)
class _Ready:
    """Everything that a run takes."""

    report: Report
    definitions: Sequence[Definition]
    chosen: Sequence[Facts]
    belonging: Sequence[Member]
    gathered: Gathered

    def values(self, *, backwards: bool = False) -> dict[str, Mapping[str, Any]]:
        """Values by code, with rows in the order of the records or the other way round."""
        rows: Iterable[tuple[str, dict[str, Any]]]
        rows = self.gathered.documents({item.digest for item in self.chosen})
        belonging = self.belonging
        if backwards:
            rows, belonging = reversed(list(rows)), belonging[::-1]
        with open_sandbox() as sandbox:
            extract.load(sandbox, rows, superseded(self.chosen), relations_read(self.definitions))
            sandbox.insert(MEMBER, belonging)
            sandbox.lock(self.report.period_from, self.report.period_to, self.report.community)
            with bounded_memory():
                outcome = run(sandbox, self.definitions)
        return {code: value.to_subject() for code, value in outcome.values.items()}


def _compare_values(result: Recomputed, ready: _Ready) -> None:
    told = ready.report.values
    try:
        found = result.values = ready.values()
        differ = [code for code in dict.fromkeys((*told, *found)) if told.get(code) != found.get(code)]
        again = ready.values(backwards=True) if differ else found
    except DefinitionError as error:
        result.differences.append(Difference("definition", error.code, "refused", detail=error.reason))
        return
    except RunError as error:
        # Too slow or too large here may be neither elsewhere.
        result.missing.append(Difference("definition", error.code, "not_run", detail=error.reason))
        return
    for code in differ:
        if found.get(code) != again.get(code):
            result.differences.append(Difference("definition", code, "depends_on_row_order"))
        result.differences.append(_value_difference(code, told.get(code), found.get(code)))


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
