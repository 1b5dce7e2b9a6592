"""What each of the steps 1-8 of protocol section 9 looks at.

A step function returns the facts worth printing; it raises `Failed` when the record is wrong and `NotChecked`
when it cannot tell. Bad data surfaces as DataError from the formats and is turned into FAILED by `verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier_cli import authority
from verifier_cli.authority import Objection, path_text
from verifier_cli.chain import ChainReader, NoReading, Reading
from verifier_cli.did import is_organisation, org_id
from verifier_cli.encoding import format_time, parse_time
from verifier_cli.errors import ProfileError, UnknownSchemaError
from verifier_cli.evidence import Batch, Evidence, EvidenceQuery
from verifier_cli.kinds import SIGNER_ROLES
from verifier_cli.merkle import leaf_hash, root_from_path
from verifier_cli.profile import MAX_SIZE
from verifier_cli.proof_file import ProofFile, UnknownVersionError
from verifier_cli.record import Record
from verifier_cli.report import Remark
from verifier_cli.signature import signature_digest, verify_proof_set
from verifier_cli.trust import Deployment, Trust

BATCH_FORMAT: Final = 1
"""The batch format that protocol version 1 describes."""

CREATED_TOLERANCE: Final = 120
"""Seconds by which a signer's clock may be ahead of chain time (protocol section 3)."""

CLAIM_WINDOW: Final = 90 * 86400
"""A claimed date further than this before the anchor is worth a remark (protocol section 9)."""

REVOKED, SUSPENDED, SUPERSEDED = 1, 2, 4

Facts = tuple[tuple[str, str], ...]


class Failed(Exception):  # noqa: N818 - an outcome, not a defect
    """The step found something wrong."""

    def __init__(self, objection: Objection) -> None:
        super().__init__(objection.reason)
        self.objection = objection


class NotChecked(Exception):  # noqa: N818 - an outcome, not a defect
    """The step cannot tell; `reason` is a code, `actual` says more."""

    def __init__(self, reason: str, actual: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.actual = actual


class Case:
    """One verification under way: what was given, and what the steps so far have established."""

    def __init__(self, data: bytes, trust: Trust, chain: ChainReader, checked_at: int, valid_at: int) -> None:
        self.data = data
        self.trust = trust
        self.chain = chain
        self.checked_at = checked_at
        self.valid_at = valid_at
        self.remarks: list[Remark] = []
        self.requests = 0
        self.deployment: Deployment | None = None
        self.reading: Reading | None = None
        self.trouble = NotChecked("earlier_step")
        self.file: ProofFile | None = None
        self.record: Record | None = None
        self.keys: dict[str, bytes] | None = None

    def remark(self, code: str, detail: str = "") -> None:
        """Note something for the reader, once."""
        item = Remark(code, detail)
        if item not in self.remarks:
            self.remarks.append(item)

    def need_file(self) -> ProofFile:
        """What step 1 established."""
        if self.file is None:
            raise NotChecked("earlier_step")
        return self.file

    def need_record(self) -> Record:
        """What step 2 established."""
        if self.record is None:
            raise NotChecked("earlier_step")
        return self.record

    def need_chain(self) -> tuple[Deployment, Reading]:
        """What the chain said; `NotChecked` with the reader's reason when it could not be read."""
        if self.deployment is None or self.reading is None:
            raise self.trouble
        return self.deployment, self.reading

    def need_batch(self) -> Batch:
        """The record's batch, once it is final.

        A batch that the chain does not show is NOT_CHECKED: a node that is a little behind does not know it
        yet, and a network fault must never make a record invalid.
        """
        deployment, reading = self.need_chain()
        batch = reading.final.batch
        if not batch.anchored_at:
            if reading.latest.batch.anchored_at:
                raise NotChecked("not_final", f"anchored after block {reading.block.number}")
            raise NotChecked(
                "not_anchored", f"{reading.latest.head} batches up to block {reading.head.number}"
            )
        if deployment.finality == "latest":
            wait = batch.anchored_at + deployment.settle_seconds - reading.head.timestamp
            if wait > 0:
                raise NotChecked("not_final", f"{wait} s to go")
        return batch


def check_parse(case: Case) -> Facts:
    """Step 1."""
    try:
        case.file = ProofFile.parse(case.data)
    except UnknownVersionError as error:
        raise NotChecked("unknown_version", error.reason) from None
    return (("bytes", str(len(case.data))),)


def check_schema(case: Case) -> Facts:
    """Step 2. That status id, number and issuer agree is one of the record's rules."""
    try:
        record = Record.from_value(case.need_file().record)
    except UnknownSchemaError as error:
        raise NotChecked("unknown_schema", error.reason) from None
    if len(record.canonical) > MAX_SIZE:
        raise ProfileError("$.record", f"longer than {MAX_SIZE} bytes")
    case.record = record
    return (("schema", record.schema),)


def check_signatures(case: Case) -> Facts:
    """Step 3."""
    record = case.need_record()
    case.keys = verify_proof_set(record)
    for did in case.keys:
        if not is_organisation(did):
            case.remark("persons_own_key", did)
    facts = tuple(("signature", did) for did in case.keys)
    foreign = len(record.foreign_proofs)
    return (*facts, ("ignored_proofs", str(foreign))) if foreign else facts


def read_chain(case: Case) -> None:
    """Between steps 3 and 4: ask the chain once, for all that follows.

    Nothing is asked for a record that has already failed; that keeps worthless input cheap.
    """
    if case.file is None or case.record is None or case.keys is None:
        return
    record, status = case.record, case.record.status
    case.deployment = case.trust.find(status.chain_id, bytes.fromhex(status.registry[2:]))
    if case.deployment is None:
        case.trouble = NotChecked("unknown_deployment", f"chain {status.chain_id}, {status.registry}")
        return
    signers = tuple((org_id(did), key) for did, key in case.keys.items() if is_organisation(did))
    query = EvidenceQuery(status.org_id, case.file.anchor.sequence, status.number, signers)
    try:
        case.reading = case.chain.read(case.deployment, query, case.checked_at)
        case.requests = case.reading.requests
    except NoReading as error:
        case.requests = error.requests
        case.trouble = NotChecked(error.reason, error.detail)
    if case.deployment.operator == record.issuer:
        case.remark("operator_is_issuer", record.issuer)


def _leaf_root(case: Case, batch: Batch) -> bytes:
    file, record = case.need_file(), case.need_record()
    leaf = leaf_hash(record.digest, signature_digest(record.native_proofs))
    return root_from_path(leaf, file.anchor.leaf_index, batch.leaves, file.anchor.path)


def check_inclusion(case: Case) -> Facts:
    """Step 4: the path fits index and count; which root it leads to is compared in step 5."""
    if case.keys is None:
        raise NotChecked("earlier_step")
    batch = case.need_batch()
    _leaf_root(case, batch)
    return (("leaf", f"{case.need_file().anchor.leaf_index + 1} of {batch.leaves}"),)


def check_anchor(case: Case) -> Facts:
    """Step 5."""
    file, record = case.need_file(), case.need_record()
    status = record.status
    if (file.anchor.chain_id, file.anchor.registry) != (status.chain_id, status.registry):
        found = f"chain {file.anchor.chain_id}, {file.anchor.registry}"
        wanted = f"chain {status.chain_id}, {status.registry}"
        raise Failed(Objection("anchor_differs", wanted, found))
    if case.keys is None:
        raise NotChecked("earlier_step")
    batch = case.need_batch()
    if batch.format != BATCH_FORMAT:
        raise NotChecked("unknown_format", f"format {batch.format}")
    root = _leaf_root(case, batch)
    if root != batch.root:
        raise Failed(Objection("root_differs", f"0x{batch.root.hex()}", f"0x{root.hex()}"))
    return (
        ("batch", f"{record.issuer} {file.anchor.sequence}"),
        ("anchored_at", format_time(batch.anchored_at)),
    )


def check_finality(case: Case) -> Facts:
    """Step 6. Pins, ages and agreement were already held against the trust file by the reader."""
    _, reading = case.need_chain()
    case.need_batch()
    return (
        ("block", f"{reading.block.number} {format_time(reading.block.timestamp)}"),
        ("sources", f"{reading.sources} {reading.source}"),
    )


def check_authority(case: Case) -> Facts:
    """Step 7, at block R and at the newest block: a compromise that is not final yet counts already."""
    record = case.need_record()
    deployment, reading = case.need_chain()
    batch = case.need_batch()
    for evidence in _both(reading):
        for objection in _objections(case, record, deployment, evidence, batch):
            if objection is not None:
                raise Failed(objection)
    now = reading.head.timestamp
    mask = _role_mask(record.issuer_roles)
    today = authority.judge_path(
        reading.latest.signers[0].path_now, record.status.org_id, record.kind, mask, now, deployment
    )
    if today is not None:
        case.remark("no_longer_accredited", today.reason)
    names = {org_id(did): did for did in record.signers if is_organisation(did)}
    return tuple(("path", path_text(signer.path, names)) for signer in reading.final.signers)


def _both(reading: Reading) -> tuple[Evidence, ...]:
    same = reading.latest is reading.final
    return (reading.final,) if same else (reading.final, reading.latest)


def _role_mask(roles: tuple[str, ...]) -> int:
    mask = 0
    for role in roles:
        mask |= SIGNER_ROLES[role]
    return mask


def _objections(
    case: Case, record: Record, deployment: Deployment, evidence: Evidence, batch: Batch
) -> Iterator[Objection | None]:
    time = batch.anchored_at
    yield authority.judge_batch_kind(batch, record.kind)
    yield authority.judge_account(evidence.account, time)
    masks = [_role_mask(record.issuer_roles)]
    masks += [SIGNER_ROLES[signer.role] for signer in record.countersigners if signer.role in SIGNER_ROLES]
    orgs = [org_id(did) for did in record.signers if is_organisation(did)]
    for org, mask, signer in zip(orgs, masks, evidence.signers, strict=True):
        yield authority.judge_key(signer.key, time)
        yield authority.judge_path(signer.path, org, record.kind, mask, time, deployment)
    for proof in record.native_proofs:
        if parse_time(proof["created"]) > time + CREATED_TOLERANCE:
            latest = format_time(time + CREATED_TOLERANCE)
            yield Objection("created_after_anchor", f"signed by {latest}", proof["created"])


def check_status(case: Case) -> Facts:
    """Step 8. Bits are read for the record's number even where its batch is not final yet."""
    record = case.need_record()
    _, reading = case.need_chain()
    bits = reading.final.status | reading.latest.status
    if bits & REVOKED:
        raise Failed(Objection("revoked", "in force", f"revoked by block {reading.head.number}"))
    if bits & SUSPENDED:
        raise Failed(Objection("suspended", "in force", f"suspended at block {reading.head.number}"))
    if bits & SUPERSEDED:
        case.remark("superseded")
    if record.valid_until is not None and case.valid_at > record.valid_until:
        case.remark("expired", format_time(record.valid_until))
    if case.valid_at < record.valid_from:
        case.remark("not_yet_valid", format_time(record.valid_from))
    anchored_at = reading.final.batch.anchored_at
    if anchored_at and anchored_at - record.valid_from > CLAIM_WINDOW:
        days = (anchored_at - record.valid_from) // 86400
        case.remark("claimed_long_before", f"{days} days")
    return (("as_of_block", str(reading.head.number)),)
