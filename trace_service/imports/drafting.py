"""From the graph of an import to final records: status numbers, digests, and one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection, Engine

from trace_service.config import ChainSettings
from trace_service.database import write
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Node
from trace_service.imports.schema_errors import report_refusal
from trace_service.organisations.queries import PERSON
from trace_service.records.compose import Draft, DraftLink, LinkIndex, compose
from trace_service.records.numbers import reserve_words
from trace_service.records.rows import NewRecord
from verifier_cli.errors import DataError
from verifier_cli.record import Record

_STORED = ("id", "issuer", "countersigners", "credentialSubject")
_STORED_OF_SUBJECT = ("id", "kind", "op")  # whom it is about, and what decides who must sign
_KEPT_WHOLE = frozenset({"creditentry.1"})  # the ledger books what they say when they are stored
Numbers = dict[int, Iterator[int]]  # by the issuer's row


def reserve_numbers(engine: Engine, nodes: Sequence[Node]) -> Numbers:
    """Reserve whole words for each issuer, in a short transaction of its own: gaps harm nobody."""
    counts = Counter(node.issuer.pk for node in nodes if node.issuer is not None)
    with write(engine) as connection:
        return {pk: iter(reserve_words(connection, pk, count)) for pk, count in counts.items()}


def placeholder_numbers(nodes: Sequence[Node]) -> Numbers:
    """Numbers for a check that stores nothing."""
    return {node.issuer.pk: iter(range(len(nodes))) for node in nodes if node.issuer is not None}


def compose_nodes(
    reading: Reading, nodes: Sequence[Node], chain: ChainSettings, numbers: Numbers, job_pk: int
) -> list[NewRecord]:
    """Compose every node that is not stored yet; what the schemas refuse becomes an error of its row."""
    links = LinkIndex()
    new: list[NewRecord] = []
    for node in nodes:
        assert node.issuer is not None
        bad = next((edge.target for edge in node.links if edge.target.faulty), None)
        if bad is not None and node.place is not None:
            node.faulty = True
            reading.depends(node.place, bad)
            continue
        number = next(numbers[node.issuer.pk])
        try:
            record = compose(_draft(node), node.issuer.name, chain, number, links)
        except DataError as error:
            _refuse(node, error)
            continue
        node.digest = record.digest
        node.subject = {}  # it is in the canonical bytes now
        pks = (node.issuer.pk, reading.uploader.pk)
        new.append(NewRecord(_slim(record), *pks, number, node.ref, node.revision, job_pk))
    return new


def _slim(record: Record) -> Record:
    """The record with as much of its document as storing reads: thousands wait here for one transaction.

    The bytes are copied because the encoder's own keep a buffer several times their length.
    """
    document = {name: record.document[name] for name in _STORED if name in record.document}
    if record.schema not in _KEPT_WHOLE:
        subject = record.document["credentialSubject"]
        document["credentialSubject"] = {
            name: subject[name] for name in _STORED_OF_SUBJECT if name in subject
        }
    return replace(record, document=document, canonical=bytes(bytearray(record.canonical)))


def _refuse(node: Node, error: DataError) -> None:
    assert node.place is not None
    node.faulty = True
    if node.place.sheet.spec.name == node.schema:
        report_refusal(node, error)
    else:
        node.place.sheet.report(Code.SCHEMA_REFUSED, node.place.row, path=error.path, reason=error.reason)


def _draft(node: Node) -> Draft:
    assert node.issuer is not None
    return Draft(
        schema=node.schema,
        issuer=node.issuer.did,
        subject=node.subject,
        valid_from=node.valid_from,
        valid_until=node.valid_until,
        links=tuple(
            DraftLink(edge.target.id, edge.rel, edge.items, edge.target.digest) for edge in node.links
        ),
        countersigners=tuple((organisation.did, role) for organisation, role in node.countersigners),
        external_ref=node.ref,
        revision=node.revision,
        id=node.id,
    )


def insert_people(connection: Connection, reading: Reading) -> None:
    """Store the people whom this import met for the first time."""
    if reading.people.new:
        connection.execute(PERSON.insert(), reading.people.new)
