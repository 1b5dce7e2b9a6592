"""What a verification says: nine steps, remarks, one verdict, its versioned JSON form (protocol section 9).

The JSON form is an interface: a member is never renamed or removed within one `REPORT_VERSION`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from verifier_cli.verdict import Outcome, Verdict, worst

__all__ = [
    "REPORT_VERSION",
    "ChainView",
    "Equivalent",
    "LineageNode",
    "LineageReport",
    "Outcome",
    "Remark",
    "Report",
    "Signer",
    "Step",
    "StepResult",
    "Verdict",
    "folder_exit_code",
    "judge",
    "worst",
]

REPORT_VERSION = 1

EXIT_UNREADABLE = 3
"""Usage errors and inputs that could not even be opened."""


class Step(IntEnum):
    """The steps of protocol section 9; the number is the one a reader finds in the table there."""

    PARSE = 1
    SCHEMA = 2
    SIGNATURES = 3
    INCLUSION = 4
    ANCHOR = 5
    FINALITY = 6
    AUTHORITY = 7
    STATUS = 8
    LINEAGE = 9


REQUIRED_STEPS = tuple(step for step in Step if step is not Step.LINEAGE)
"""Lineage is on request and has a verdict of its own beside the record's."""


def _present(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class StepResult:
    """Outcome of one step. `reason` is a stable code of `texts.REASONS`, None when the step passed.

    `expected` and `actual` are for people; `facts` are (name, value) pairs worth printing.
    """

    step: Step
    outcome: Outcome
    reason: str | None = None
    expected: str | None = None
    actual: str | None = None
    facts: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The step as it appears in the JSON report; empty members are left out."""
        answer: dict[str, Any] = {
            "step": int(self.step),
            "name": self.step.name.lower(),
            "outcome": self.outcome.value,
        }
        answer |= _present(reason=self.reason, expected=self.expected, actual=self.actual)
        if self.facts:
            answer["facts"] = [{"name": name, "value": value} for name, value in self.facts]
        return answer


@dataclass(frozen=True, slots=True)
class Remark:
    """Something true that the reader should weigh himself. `code` is a key of `texts.REMARKS`."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed. `role` is "issuer" or the countersigner's role; `own_key` marks a natural person's key."""

    id: str
    role: str
    own_key: bool


@dataclass(frozen=True, slots=True)
class ChainView:
    """Where the chain facts came from.

    `block` is the block R of the answer, `head` the newest one seen at the same time (equal for a snapshot).
    Times are epoch seconds. `requests` counts HTTP requests; `sources` counts the nodes (or the snapshot)
    that agreed.
    """

    deployment: str
    source: str
    sources: int
    requests: int
    block_number: int
    block_hash: str
    block_time: int
    head_number: int
    head_time: int

    def to_json(self) -> dict[str, Any]:
        """The view as it appears in the JSON report."""
        return {
            "deployment": self.deployment,
            "source": self.source,
            "sources": self.sources,
            "block": {"number": self.block_number, "hash": self.block_hash, "time": self.block_time},
            "head": {"number": self.head_number, "time": self.head_time},
        }


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One record that the examined record stands on, directly or not. `reason` None: sound."""

    digest: str
    relation: str
    depth: int
    verdict: Verdict
    reason: str | None = None
    id: str | None = None
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The node as it appears in the JSON report."""
        return {
            "digest": self.digest,
            "relation": self.relation,
            "depth": self.depth,
            "verdict": self.verdict.value,
            **_present(reason=self.reason, id=self.id, name=self.name),
        }


@dataclass(frozen=True, slots=True)
class Equivalent:
    """What a credential counts as elsewhere, under the agreement with the record id `agreement`.

    `target_type` and `target_level` name it there (EQF, 4); "" where nothing particular is claimed. `bodies`
    are the DIDs that agreed. `reason` None: confirmed; else why not, a code of `texts.REASONS`.
    """

    agreement: str
    framework: str
    target_type: str
    target_level: str
    bodies: tuple[str, ...] = ()
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The equivalent as it appears in the JSON report."""
        return {
            "agreement": self.agreement,
            "framework": self.framework,
            "targetType": self.target_type,
            "targetLevel": self.target_level,
            "bodies": list(self.bodies),
            "confirmed": self.reason is None,
            **_present(reason=self.reason),
        }


@dataclass(frozen=True, slots=True)
class LineageReport:
    """Verdict over all records below one record, with each of them named once.

    `equivalents` do not enter the verdict: a credential stays what it is where nobody recognises it.
    """

    verdict: Verdict
    nodes: tuple[LineageNode, ...]
    equivalents: tuple[Equivalent, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The lineage as it appears in the JSON report."""
        return {
            "verdict": self.verdict.value,
            "nodes": [node.to_json() for node in self.nodes],
            "equivalents": [item.to_json() for item in self.equivalents],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Answer of `verify`. `checked_at` is when; the validity window is held against `valid_at`.

    `document` holds the signed members (never the proofs), None when the record could not be read.
    """

    verdict: Verdict
    steps: tuple[StepResult, ...]
    remarks: tuple[Remark, ...]
    checked_at: int
    valid_at: int
    strict: bool = False
    name: str = ""
    record_id: str | None = None
    record_digest: str | None = None
    schema: str | None = None
    signers: tuple[Signer, ...] = ()
    anchored_at: int | None = None
    chain: ChainView | None = None
    requests: int = 0
    lineage: LineageReport | None = None
    document: dict[str, Any] | None = field(default=None, repr=False)

    def step(self, step: Step) -> StepResult:
        """The result of one step."""
        return self.steps[step - 1]

    @property
    def exit_code(self) -> int:
        """Exit code of the record; with a lineage, the worse of both (NOT_VALID before UNDECIDED)."""
        codes = [self.verdict.exit_code]
        if self.lineage is not None:
            codes.append(self.lineage.verdict.exit_code)
        return folder_exit_code(codes)

    def named(self, name: str) -> Report:
        """The same report with the name of the file it speaks of."""
        return replace(self, name=name)

    def to_json(self) -> dict[str, Any]:
        """The versioned JSON form. Times are epoch seconds, hashes lower-case hex with 0x."""
        return {
            "reportVersion": REPORT_VERSION,
            "name": self.name,
            "verdict": self.verdict.value,
            "exitCode": self.exit_code,
            "strict": self.strict,
            "record": {"id": self.record_id, "digest": self.record_digest, "schema": self.schema},
            "signers": [{"id": s.id, "role": s.role, "ownKey": s.own_key} for s in self.signers],
            "checkedAt": self.checked_at,
            "validAt": self.valid_at,
            "anchoredAt": self.anchored_at,
            "requests": self.requests,
            "chain": None if self.chain is None else self.chain.to_json(),
            "steps": [result.to_json() for result in self.steps],
            "remarks": [{"code": r.code, "detail": r.detail} for r in self.remarks],
            "lineage": None if self.lineage is None else self.lineage.to_json(),
        }


def judge(steps: Iterable[StepResult], remarks: Iterable[Remark], strict: bool) -> Verdict:
    """The verdict of protocol section 9 from the steps 1-8 and the remarks.

    FAILED wins over NOT_CHECKED: a record that is wrong in one way is wrong, whatever else is unknown.
    """
    outcomes = {result.outcome for result in steps if result.step in REQUIRED_STEPS}
    if Outcome.FAILED in outcomes:
        return Verdict.NOT_VALID
    if Outcome.NOT_CHECKED in outcomes:
        return Verdict.UNDECIDED
    if any(True for _ in remarks):
        return Verdict.NOT_VALID if strict else Verdict.VALID_WITH_REMARKS
    return Verdict.VALID


def folder_exit_code(codes: Iterable[int]) -> int:
    """Exit code over many inputs: 1 if any is NOT_VALID, else 2 if any is UNDECIDED, else 0.

    Inputs that could not be read (3) decide only when nothing else was readable; otherwise one of them
    makes the whole at least UNDECIDED, because it was asked about and not answered.
    """
    seen = set(codes)
    if not seen or seen == {EXIT_UNREADABLE}:
        return EXIT_UNREADABLE
    if 1 in seen:
        return 1
    return 2 if seen & {2, EXIT_UNREADABLE} else 0
