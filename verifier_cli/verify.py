"""`verify`: the nine steps of protocol section 9, in its order and with its numbers.

Pure but for the chain reader: the time is an argument, nothing is read from the environment, and no URL that
a record names is ever fetched.
"""

from __future__ import annotations

from collections.abc import Callable

from verifier_cli.chain import ChainReader
from verifier_cli.did import is_organisation
from verifier_cli.errors import (
    DataError,
    InclusionError,
    ProfileError,
    ProofFileError,
    SchemaError,
    SignatureError,
)
from verifier_cli.record import Record
from verifier_cli.report import (
    ChainView,
    LineageReport,
    Outcome,
    Report,
    Signer,
    Step,
    StepResult,
    Verdict,
    judge,
)
from verifier_cli.steps import (
    Case,
    Facts,
    Failed,
    NotChecked,
    check_anchor,
    check_authority,
    check_finality,
    check_inclusion,
    check_parse,
    check_schema,
    check_signatures,
    check_status,
    read_chain,
)
from verifier_cli.trust import Trust

__all__ = ["Lineage", "verify"]

Lineage = Callable[[Record], LineageReport]
"""Resolves and verifies what a record stands on; see `lineage.LineageExaminer`."""

_DATA_REASONS: dict[type[DataError], str] = {
    ProfileError: "profile",
    ProofFileError: "proof_file",
    SchemaError: "schema",
    SignatureError: "signature",
    InclusionError: "inclusion",
}


def verify(
    proof_file: bytes,
    trust: Trust,
    chain: ChainReader,
    checked_at: int,
    *,
    valid_at: int | None = None,
    strict: bool = False,
    lineage: Lineage | None = None,
) -> Report:
    """Verify one proof file, whatever its bytes are; nothing is raised for bad input or a chain in trouble.

    `chain` is asked at most once. `checked_at` is now (epoch seconds): ages of blocks and snapshots are held
    against it. `valid_at` moves the validity window only; status stays as of the block. With `strict`,
    remarks make the record not valid. `lineage` examines linked records as step 9, else not checked.
    """
    moment = checked_at if valid_at is None else valid_at
    case = Case(proof_file, trust, chain, checked_at, moment)
    steps = [
        # 1 parse: profile, proof file version, limits
        _run(Step.PARSE, check_parse, case),
        # 2 schema: type and version, members, constant context, status id and number agree
        _run(Step.SCHEMA, check_schema, case),
        # 3 signatures: exactly one valid native proof by issuer and each countersigner
        _run(Step.SIGNATURES, check_signatures, case),
    ]
    read_chain(case)
    steps += [
        # 4 inclusion: leaf -> root with index, the chain's count, exact path length
        _run(Step.INCLUSION, check_inclusion, case),
        # 5 anchor: pinned deployment, issuer's batch has this root and format
        _run(Step.ANCHOR, check_anchor, case),
        # 6 finality: read at a final block, young enough, nodes agree
        _run(Step.FINALITY, check_finality, case),
        # 7 authority: accreditation, role, keys and account at anchored_at; kind in the batch
        _run(Step.AUTHORITY, check_authority, case),
        # 8 status: validity window; revoked, suspended, superseded in R or latest
        _run(Step.STATUS, check_status, case),
    ]
    # 9 lineage (on request): each linked record, with a verdict of its own
    result, examined = _check_lineage(case, lineage)
    steps.append(result)
    return _report(case, tuple(steps), strict, examined)


def _run(step: Step, check: Callable[[Case], Facts], case: Case) -> StepResult:
    """Turn what a step function returns or raises into its result."""
    try:
        return StepResult(step, Outcome.PASSED, facts=check(case))
    except NotChecked as outcome:
        return StepResult(step, Outcome.NOT_CHECKED, outcome.reason, actual=outcome.actual)
    except Failed as outcome:
        return StepResult(step, Outcome.FAILED, *outcome.objection)
    except DataError as error:
        reason = _DATA_REASONS.get(type(error), "schema")
        return StepResult(step, Outcome.FAILED, reason, actual=f"{error.path}: {error.reason}")


_LINEAGE_OUTCOMES = {
    Verdict.VALID: Outcome.PASSED,
    Verdict.VALID_WITH_REMARKS: Outcome.PASSED,
    Verdict.NOT_VALID: Outcome.FAILED,
    Verdict.UNDECIDED: Outcome.NOT_CHECKED,
}


def _check_lineage(case: Case, lineage: Lineage | None) -> tuple[StepResult, LineageReport | None]:
    if lineage is None:
        return StepResult(Step.LINEAGE, Outcome.NOT_CHECKED, "not_requested"), None
    if case.record is None:
        return StepResult(Step.LINEAGE, Outcome.NOT_CHECKED, "earlier_step"), None
    examined = lineage(case.record)
    outcome = _LINEAGE_OUTCOMES[examined.verdict]
    facts = (("records", str(len(examined.nodes))),)
    if outcome is Outcome.PASSED:
        return StepResult(Step.LINEAGE, outcome, facts=facts), examined
    worst = next(node for node in examined.nodes if node.verdict is examined.verdict)
    result = StepResult(
        Step.LINEAGE, outcome, worst.reason, actual=f"{worst.id or worst.digest}", facts=facts
    )
    return result, examined


def _report(
    case: Case, steps: tuple[StepResult, ...], strict: bool, examined: LineageReport | None
) -> Report:
    record = case.record
    remarks = tuple(case.remarks)
    return Report(
        verdict=judge(steps, remarks, strict),
        steps=steps,
        remarks=remarks,
        checked_at=case.checked_at,
        valid_at=case.valid_at,
        strict=strict,
        record_id=None if record is None else record.id,
        record_digest=None if record is None else f"0x{record.digest.hex()}",
        schema=None if record is None else record.schema,
        signers=() if record is None or case.keys is None else _signers(record),
        anchored_at=_anchored_at(case, steps),
        chain=_chain_view(case),
        requests=case.requests,
        lineage=examined,
        document=None if record is None else record.document,
    )


def _anchored_at(case: Case, steps: tuple[StepResult, ...]) -> int | None:
    """Only of a record that is in the batch: the time of another one would lend it a date."""
    anchored = steps[Step.ANCHOR - 1].outcome is Outcome.PASSED
    return case.reading.final.batch.anchored_at if anchored and case.reading is not None else None


def _signers(record: Record) -> tuple[Signer, ...]:
    """Only called once every signature held."""
    others = (Signer(item.id, item.role, not is_organisation(item.id)) for item in record.countersigners)
    return (Signer(record.issuer, "issuer", False), *others)


def _chain_view(case: Case) -> ChainView | None:
    reading, deployment = case.reading, case.deployment
    if reading is None or deployment is None:
        return None
    return ChainView(
        deployment=deployment.name,
        source=reading.source,
        sources=reading.sources,
        requests=reading.requests,
        block_number=reading.block.number,
        block_hash=f"0x{reading.block.hash.hex()}",
        block_time=reading.block.timestamp,
        head_number=reading.head.number,
        head_time=reading.head.timestamp,
    )
