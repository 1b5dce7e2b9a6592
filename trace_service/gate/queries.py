"""Reading what a gate needs, for many trainees at once: no query for a single one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.gate.gather import (
    ABOUT_TRAINEES,
    PASSED,
    Background,
    Dossier,
    Evidence,
    read_content,
)
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.queries import RECORD, SIGNATURE, WITHHELD, chunks
from trace_service.status.queries import CHANGE
from verifier_cli.did import is_organisation

ENDING_PLANES = (0, 1)  # revoked, suspended (protocol section 2.6); superseded records name their successor
NOT_WITHHELD = ~sa.exists().where(WITHHELD.c.record_pk == RECORD.c.pk)  # no verifier accepts what is withheld


def evidence_of(document: dict[str, Any], schema: str, order: int) -> Evidence:
    """Return a record's document as evidence."""
    names = [document["issuer"]["id"], *(entry["id"] for entry in document.get("countersigners", ()))]
    return Evidence(
        document["id"],
        schema,
        read_content(schema, document["credentialSubject"]),
        [(link["rel"], link["id"]) for link in document.get("relatedResource", ())],
        sum(map(is_organisation, names)),
        document["validFrom"],
        order,
        document["issuer"]["id"],
    )


def load_dossiers(connection: Connection, trainees: Iterable[str]) -> dict[str, Dossier]:
    """Return the complete records about each trainee that are neither revoked nor withheld."""
    dossiers: dict[str, Dossier] = {}
    for part in chunks(trainees):
        dossiers.update((trainee, Dossier()) for trainee in part)
        about = sa.and_(
            RECORD.c.subject.in_(part),
            RECORD.c.schema_name.in_(ABOUT_TRAINEES),
            RECORD.c.completed_at.is_not(None),
            NOT_WITHHELD,
        )
        ended = _ended(connection, about)
        columns = (RECORD.c.pk, RECORD.c.subject, RECORD.c.schema_name, RECORD.c.document)
        for row in connection.execute(sa.select(*columns).where(about)):
            if row.pk not in ended:
                evidence = evidence_of(orjson.loads(row.document), row.schema_name, row.pk)
                dossiers[row.subject].add(evidence)
    return dossiers


def _ended(connection: Connection, about: sa.ColumnElement[bool]) -> set[int]:
    """Rows that are revoked or suspended, or on the way to be."""
    newest: dict[tuple[int, int], bool] = {}
    query = (
        sa.select(CHANGE.c.record_pk, CHANGE.c.plane, CHANGE.c.on)
        .join_from(RECORD, CHANGE, CHANGE.c.record_pk == RECORD.c.pk)
        .where(about, CHANGE.c.refused.is_(None), CHANGE.c.plane.in_(ENDING_PLANES))
        .order_by(CHANGE.c.pk)
    )
    for row in connection.execute(query):
        newest[row.record_pk, row.plane] = row.on
    return {pk for (pk, _plane), on in newest.items() if on}


def load_background(connection: Connection, dossiers: Iterable[Dossier]) -> Background:
    """Return what the records of the dossiers refer to: standards, and decisions on stages."""
    standards: set[str] = set()
    decisions: set[str] = set()
    for dossier in dossiers:
        for ids, found in zip((standards, decisions), dossier.references(), strict=True):
            ids |= found
    background = Background()
    for part in chunks(standards):
        query = sa.select(RECORD.c.id, RECORD.c.subject).where(
            RECORD.c.id.in_(part), RECORD.c.schema_name == "standard.1"
        )
        background.standards.update((row.id, row.subject) for row in connection.execute(query))
    for record_id, document in load_decisions(connection, decisions):
        subject = document["credentialSubject"]
        if subject["kind"] == "stage_gate":
            background.gates[record_id] = subject["result"] in PASSED
    return background


def load_standards(
    connection: Connection, ids: Iterable[str], *conditions: sa.ColumnElement[bool]
) -> dict[str, dict[str, Any]]:
    """Return the subjects of these standards by record id: what a standard asks for does not wait for its
    signature, nor end with its rejection."""
    return {
        row.id: orjson.loads(row.document)["credentialSubject"]
        for part in chunks(ids)
        for row in connection.execute(
            sa.select(RECORD.c.id, RECORD.c.document).where(
                RECORD.c.id.in_(part),
                RECORD.c.schema_name == "standard.1",
                *conditions,
            )
        )
    }


def load_decisions(connection: Connection, ids: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (record id, document) of those of ``ids`` that are complete decisions, neither revoked nor
    withheld."""
    for part in chunks(ids):
        wanted = sa.and_(RECORD.c.id.in_(part), *_DECISION)
        yield from _decisions(connection, wanted)


def overrides_by(connection: Connection, body: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (record id, document) of every override that ``body`` issued and that counts."""
    issuer = sa.select(ORGANISATION.c.pk).where(ORGANISATION.c.did == body).scalar_subquery()
    wanted = sa.and_(
        RECORD.c.organisation_pk == issuer,
        RECORD.c.rejected_at.is_(None),  # so that the index by reference serves
        RECORD.c.subkind == "override",
        *_DECISION,
    )
    yield from _decisions(connection, wanted)


_DECISION = (RECORD.c.schema_name == "decision.1", RECORD.c.completed_at.is_not(None), NOT_WITHHELD)


def _decisions(
    connection: Connection, wanted: sa.ColumnElement[bool]
) -> Iterator[tuple[str, dict[str, Any]]]:
    ended = _ended(connection, wanted)
    query = sa.select(RECORD.c.pk, RECORD.c.id, RECORD.c.document).where(wanted).order_by(RECORD.c.pk)
    for row in connection.execute(query):
        if row.pk not in ended:
            yield row.id, orjson.loads(row.document)


def load_documents(connection: Connection, record_pks: Iterable[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row, document) of each of these records."""
    for part in chunks(record_pks):
        query = sa.select(RECORD.c.pk, RECORD.c.document).where(RECORD.c.pk.in_(part))
        for row in connection.execute(query):
            yield row.pk, orjson.loads(row.document)


def trainees_of(connection: Connection, did: str, *, after: str, limit: int) -> list[str]:
    """Return trainees with a complete enrolment that ``did`` signs, in the order of their identifiers."""
    query = (
        sa.select(RECORD.c.subject)
        .join_from(SIGNATURE, RECORD, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(
            SIGNATURE.c.signer_did == did,
            RECORD.c.schema_name == "enrolment.1",
            RECORD.c.completed_at.is_not(None),
            RECORD.c.subject > after,
        )
        .distinct()
        .order_by(RECORD.c.subject)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def own_trainees(connection: Connection, did: str, trainees: Iterable[str]) -> set[str]:
    """Return those of ``trainees`` of whom ``did`` signs a complete enrolment."""
    return {
        subject
        for part in chunks(trainees)
        for subject in connection.execute(
            sa.select(RECORD.c.subject)
            .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
            .where(
                RECORD.c.subject.in_(part),
                RECORD.c.schema_name == "enrolment.1",
                RECORD.c.completed_at.is_not(None),
                SIGNATURE.c.signer_did == did,
            )
            .distinct()
        ).scalars()
    }
