"""One record as an audit sees it: is it sound in itself, and which digests should its leaf have (protocol
2-4).

This is the work of the worker processes. Nothing here knows the chain: who signed with which key is handed
back, and the authority of each is judged once, by the process that holds the chain's answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from verifier_cli.audit.findings import Code, Finding
from verifier_cli.did import is_organisation, org_id
from verifier_cli.encoding import parse_time
from verifier_cli.errors import DataError, SignatureError, TraceError, UnknownSchemaError
from verifier_cli.profile import parse
from verifier_cli.record import Record, StatusId, record_digest
from verifier_cli.signature import signature_digest, verify_proof_set

MAX_CREATED_AHEAD = 120  # seconds a proof's `created` may lie after anchored_at (protocol section 3)
SHOWN = 200  # characters of a foreign value in a finding


class SignerUse(NamedTuple):
    """One way in which an organisation's key was used; `roles` are those of which it must hold one."""

    signer: str
    key: bytes
    kind: int
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchRules:
    """What every record of one batch is held against. ``anchored_at`` None: the batch is not on the chain
    yet.
    """

    organisation: str
    sequence: int | None
    chain_id: int
    registry: str
    anchored_at: int | None
    kinds: int


@dataclass(slots=True)
class Witness:
    """What one record says. Digests are None where the bytes cannot be read as JSON of the profile."""

    record_id: str | None
    record_digest: bytes | None
    signature_digest: bytes | None
    status_number: int | None
    kind: int | None
    uses: tuple[SignerUse, ...]
    signatures: int
    findings: list[Finding]
    unreadable: str = ""  # why the bytes are no record


def examine(data: bytes, rules: BatchRules, leaf_index: int | None) -> Witness:
    """Parse, validate and verify one record (canonical JSON with proofs); never raises on bad data."""
    try:
        record = Record.parse(data)
    except DataError as error:
        return _broken(data, rules, leaf_index, error)
    status = record.status
    witness = Witness(
        record.id,
        record.digest,
        signature_digest(record.proofs),
        status.number,
        int(record.kind),
        (),
        0,
        [],
    )
    _check_place(record, status, rules, leaf_index, witness)
    try:
        keys = verify_proof_set(record)
    except SignatureError as error:
        witness.findings.append(
            _finding(
                Code.SIGNATURE_INVALID, rules, leaf_index, record.id, detail=f"{error.path}: {error.reason}"
            )
        )
        return witness
    witness.signatures = len(keys)
    witness.uses = _uses(record, keys)
    return witness


def _broken(data: bytes, rules: BatchRules, leaf_index: int | None, error: DataError) -> Witness:
    """A record that is not valid: its digests are still taken, so that its leaf can be compared."""
    reason = f"{error.path}: {error.reason}"[:SHOWN]
    try:
        document: Any = parse(data)
        proofs = document.pop("proof", [])
        digests = record_digest(document), signature_digest(proofs)
    except (TraceError, AttributeError, TypeError, KeyError):
        return Witness(None, None, None, None, None, (), 0, [], reason)
    record_id = document.get("id")
    shown = record_id[:SHOWN] if isinstance(record_id, str) else None
    unknown = isinstance(error, UnknownSchemaError)
    code = Code.FORMAT_UNKNOWN if unknown else Code.RECORD_INVALID
    found = _finding(code, rules, leaf_index, shown, detail=reason)
    return Witness(shown, *digests, None, None, (), 0, [found])


def _check_place(
    record: Record, status: StatusId, rules: BatchRules, leaf_index: int | None, witness: Witness
) -> None:
    """Issuer, deployment, kind and signing time must fit the batch that the record stands in."""

    def add(code: Code, expected: object, actual: object) -> None:
        witness.findings.append(
            _finding(code, rules, leaf_index, record.id, str(expected), str(actual)[:SHOWN])
        )

    if record.issuer != rules.organisation:
        add(Code.WRONG_ORGANISATION, rules.organisation, record.issuer)
    elif status.org_id != org_id(record.issuer):
        add(Code.WRONG_ORGANISATION, org_id(record.issuer).hex(), status.org_id.hex())
    if (status.chain_id, status.registry) != (rules.chain_id, rules.registry):
        add(Code.WRONG_DEPLOYMENT, (rules.chain_id, rules.registry), (status.chain_id, status.registry))
    if not rules.kinds >> record.kind & 1:
        add(Code.KIND_OUTSIDE_BATCH, f"kinds {rules.kinds:#x}", f"kind {int(record.kind)}")
    if rules.anchored_at is None:
        return
    for proof in record.native_proofs:
        created = proof.get("created")
        if isinstance(created, str) and _too_late(created, rules.anchored_at):
            add(Code.SIGNED_AFTER_ANCHORING, rules.anchored_at, created)


@lru_cache(maxsize=256)  # a class signs within seconds, so the same few times come again and again
def _too_late(created: str, anchored_at: int) -> bool:
    try:
        return parse_time(created) > anchored_at + MAX_CREATED_AHEAD
    except DataError:
        return False  # the signature check refuses the proof and says why


def _uses(record: Record, keys: dict[str, bytes]) -> tuple[SignerUse, ...]:
    """Organisations' signatures only: a person's did:key proves itself and has no authority."""
    kind = int(record.kind)
    roles = [(record.issuer, record.issuer_roles)]
    roles += [(did, (role,)) for did, role in record.countersigners]
    return tuple(SignerUse(did, keys[did], kind, held) for did, held in roles if is_organisation(did))


def _finding(
    code: Code,
    rules: BatchRules,
    leaf_index: int | None,
    record_id: str | None,
    expected: str = "",
    actual: str = "",
    detail: str = "",
) -> Finding:
    return Finding(
        code,
        rules.organisation,
        rules.sequence,
        None,
        leaf_index,
        record_id,
        expected,
        actual,
        detail,
    )
