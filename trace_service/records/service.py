"""Drafting records: many at a time, whole or not at all, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.engine import Connection

from trace_service.config import ChainSettings
from trace_service.database import utc_now
from trace_service.gate.drafts import require_open, require_open_for
from trace_service.organisations.queries import OrganisationName, names_of
from trace_service.problems import Problem
from trace_service.records.compose import Draft, compose
from trace_service.records.link_targets import check_names, link_index
from trace_service.records.numbers import check_reserved, next_numbers, reserve_words
from trace_service.records.proofs import ProofResult, add_proofs
from trace_service.records.queries import drafted_refs, known_ids, outbox
from trace_service.records.rows import DraftedRecord, NewRecord, insert_open_signatures, insert_records
from verifier_cli.did import is_organisation
from verifier_cli.profile import normalise
from verifier_cli.record import Record

__all__ = [
    "DraftedRecord",
    "ProofResult",
    "add_proofs",
    "compose_many",
    "draft_many",
    "outbox",
    "store_document",
]


def draft_many(
    connection: Connection,
    chain: ChainSettings,
    proposer_did: str,
    drafts: Sequence[Draft],
    *,
    import_job_pk: int | None = None,
    whole_words: bool = True,
) -> list[DraftedRecord]:
    """Compose and store ``drafts`` with open signature rows; one commit of the caller makes all of them
    durable.

    Drafts may link to earlier ones of the call by ``id``. ``whole_words`` gives the call status words of its
    own (a job, a class); otherwise numbers come from the organisation's open word. Raises `Problem` (unknown
    signer, proposer not a signer, link or reference taken) or the verifier's `DataError`; then nothing was
    stored.
    """
    new = compose_many(connection, chain, proposer_did, drafts, import_job_pk, whole_words=whole_words)
    drafted = insert_records(connection, new, utc_now())
    insert_open_signatures(connection, drafted)
    return drafted


def compose_many(
    connection: Connection,
    chain: ChainSettings,
    proposer_did: str,
    drafts: Sequence[Draft],
    import_job_pk: int | None = None,
    *,
    whole_words: bool = True,
) -> list[NewRecord]:
    """Return the final records of ``drafts``, with status numbers reserved in the caller's transaction."""
    names = _check_signers(connection, proposer_did, drafts)
    _check_fresh(connection, names, drafts)
    numbers = _numbers(connection, names, drafts, whole_words=whole_words)
    check_names(
        connection,
        (
            (link.id, link.digest, f"$.links[{at}]")
            for draft in drafts
            for at, link in enumerate(draft.links)
            if link.digest is not None
        ),
    )
    links = link_index(connection, proposer_did, {link.id for draft in drafts for link in draft.links})
    proposer = names[proposer_did].pk
    new = []
    for draft in drafts:
        issuer = names[draft.issuer]
        number = next(numbers[draft.issuer])
        record = compose(draft, issuer.name, chain, number, links)
        new.append(
            NewRecord(record, issuer.pk, proposer, number, draft.external_ref, draft.revision, import_job_pk)
        )
    require_open(connection, drafts)
    return new


def store_document(
    connection: Connection, chain: ChainSettings, proposer_did: str, record: Record, external_ref: str | None
) -> DraftedRecord:
    """Store a record that the caller composed itself, with open signature rows.

    Raises `Problem` where it belongs to another deployment, its number was not reserved or is not the
    caller's to use, a signer is unknown, or the record is already there. The proofs in it are the caller's to
    verify, in the same transaction.
    """
    signers = [(record.issuer, "issuer"), *record.countersigners]
    names = _known_signers(connection, proposer_did, dict(signers))
    if record.issuer not in names:
        raise _signer_unknown(record.issuer, "$.document.issuer.id")
    if proposer_did != record.issuer and not _has_proof_of(record, record.issuer):
        raise _number_of_another()
    status = record.status
    if (status.chain_id, status.registry) != (chain.chain_id, chain.anchor_registry.lower()):
        raise Problem(
            422,
            "record.deployment",
            "The status id names another deployment",
            path="$.document.credentialStatus.id",
            fix=f"use eip155:{chain.chain_id}:{chain.anchor_registry.lower()}",
        )
    if normalise(record.document) != record.document:
        raise Problem(
            422, "record.nfc", "Text is not in NFC", path="$.document", fix="normalise before signing"
        )
    issuer = names[record.issuer]
    if known_ids(connection, [record.id]):
        raise _exists("$.document.id")
    if external_ref is not None and drafted_refs(connection, issuer.pk, record.schema, [external_ref]):
        raise _exists("$.externalRef")
    check_reserved(connection, issuer.pk, status.number)
    named = enumerate(record.links)
    check_names(
        connection, ((link.id, link.digest, f"$.document.relatedResource[{at}]") for at, link in named)
    )
    require_open_for(connection, record)
    new = NewRecord(record, issuer.pk, names[proposer_did].pk, status.number, external_ref)
    drafted = insert_records(connection, [new], utc_now())
    insert_open_signatures(connection, drafted)
    return drafted[0]


def _has_proof_of(record: Record, did: str) -> bool:
    methods = (proof.get("verificationMethod") for proof in record.proofs)
    return any(isinstance(method, str) and method.partition("#")[0] == did for method in methods)


def _check_signers(
    connection: Connection, proposer_did: str, drafts: Sequence[Draft]
) -> dict[str, OrganisationName]:
    every = {did: "" for draft in drafts for did in _signers(draft)} | {proposer_did: ""}
    names = _known_signers(connection, proposer_did, every)
    for draft in drafts:
        if proposer_did not in _signers(draft):
            raise _not_a_signer()
        if draft.issuer not in names:
            raise _signer_unknown(draft.issuer, "$.issuer")
    return names


def _known_signers(
    connection: Connection, proposer_did: str, signers: dict[str, str]
) -> dict[str, OrganisationName]:
    if proposer_did not in signers:
        raise _not_a_signer()
    organisations = [did for did in signers if is_organisation(did)]
    names = names_of(connection, organisations)
    for did in organisations:
        if did not in names:
            raise _signer_unknown(did, "$.countersigners")
    return names


def _signers(draft: Draft) -> list[str]:
    return [draft.issuer, *(did for did, _role in draft.countersigners)]


def _check_fresh(connection: Connection, names: dict[str, OrganisationName], drafts: Sequence[Draft]) -> None:
    ids = [draft.id for draft in drafts if draft.id is not None]
    if len(set(ids)) != len(ids) or known_ids(connection, ids):
        raise _exists("$.id")
    groups: dict[tuple[str, str], dict[str, set[int]]] = {}
    for draft in drafts:
        if draft.external_ref is None:
            continue
        revisions = groups.setdefault((draft.issuer, draft.schema), {}).setdefault(draft.external_ref, set())
        if draft.revision in revisions:
            raise _exists("$.externalRef", draft.external_ref)
        revisions.add(draft.revision)
    for (issuer, schema), refs in groups.items():
        for ref, row in drafted_refs(connection, names[issuer].pk, schema, refs).items():
            if min(refs[ref]) <= row.revision:
                raise _exists("$.externalRef", ref)


def _numbers(
    connection: Connection,
    names: dict[str, OrganisationName],
    drafts: Iterable[Draft],
    *,
    whole_words: bool,
) -> dict[str, Iterator[int]]:
    reserve = reserve_words if whole_words else next_numbers
    counts = Counter(draft.issuer for draft in drafts)
    return {did: iter(reserve(connection, names[did].pk, count)) for did, count in counts.items()}


def _not_a_signer() -> Problem:
    return Problem(
        403,
        "record.not_a_signer",
        "Only a signer may draft a record",
        path="$.countersigners",
        fix="draft records that your organisation issues or countersigns",
    )


def _number_of_another() -> Problem:
    # Whoever names a number takes it: a draft alone must not use up what an issuer reserved for itself.
    return Problem(
        403,
        "record.issuer_proof",
        "Only its issuer may hand in a document that the issuer has not signed",
        path="$.document.proof",
        fix="add the issuer's proof, or send a draft without `document`: it is given a number of its own",
    )


def _signer_unknown(did: str, path: str) -> Problem:
    return Problem(
        422,
        "record.signer_unknown",
        "This organisation is not registered here",
        detail=did,
        path=path,
        fix="have the operator register it: trace-service org add",
    )


def _exists(path: str, ref: str | None = None) -> Problem:
    return Problem(
        409,
        "record.exists",
        "This record was drafted before",
        detail=ref,
        path=path,
        fix="use a higher revision for a new version of it",
    )
