"""Records as plain values for the sheets that follow from the schemas."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from openpyxl import load_workbook

from tests.importing.support import LEADER, SCHOOL, Installation, Sheets
from tests.support.service import MEMBER
from trace_service.database import read, write
from trace_service.imports.schema_envelope import Reading
from trace_service.imports.workbook import Proposed, WorkbookWriter
from trace_service.organisations.queries import ORGANISATION
from trace_service.organisations.service import register
from trace_service.publication.workbook.service import ExportedRecord, exported_records
from trace_service.records.queries import RECORD
from trace_service.security import create_key
from verifier_cli.schema import SCHEMAS, schema_json


@dataclass(frozen=True)
class Link:
    """A link by reference, or by what narrows it."""

    ref: str | Reading
    rel: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A record to be."""

    schema: str
    ref: str
    issuer: str
    subject: dict[str, Any]
    countersigners: tuple[tuple[str, str], ...] = ()
    valid_from: str = "2026-09-01T00:00:00Z"
    valid_until: str | None = None
    links: tuple[Link, ...] = ()
    revision: int = 1


def examples() -> Iterator[Entry]:
    """Every example of every schema, without its links, which name records that nobody has."""
    for schema in SCHEMAS:
        for number, document in enumerate(schema_json(schema)["examples"]):
            yield Entry(
                schema,
                f"{schema}-{number}",
                document["issuer"]["id"],
                document["credentialSubject"],
                tuple((one["id"], one["role"]) for one in document.get("countersigners", ())),
                document["validFrom"],
                document.get("validUntil"),
            )


def example(schema: str, **changes: Any) -> Entry:
    """The first example of a schema, changed."""
    return replace(next(entry for entry in examples() if entry.schema == schema), **changes)


def packed(entries: Iterable[Proposed]) -> bytes:
    """A workbook of these records."""
    writer = WorkbookWriter()
    try:
        for entry in entries:
            writer.add(entry)
    except (ValueError, TypeError):
        writer.discard()
        raise
    stream = io.BytesIO()
    writer.save(stream)
    return stream.getvalue()


def add_organisation(installation: Installation, did: str) -> None:
    """Register an organisation with the last part of its DID as its name."""
    if did in installation.rows:
        return
    with write(installation.service.engine) as connection:
        known = sa.select(ORGANISATION.c.pk).where(ORGANISATION.c.did == did)
        pk = connection.execute(known).scalar_one_or_none()
        name = did.rpartition(":")[2]
        installation.rows[did] = pk or register(connection, did, name, f"{name} Ltd")
        installation.service.api_keys[did] = create_key(connection, installation.rows[did], MEMBER)


def add_signers(installation: Installation, entries: Iterable[Entry]) -> None:
    """Register every organisation that signs one of these records."""
    for entry in entries:
        for did in (entry.issuer, *(did for did, _ in entry.countersigners)):
            if did.startswith("did:web:"):
                add_organisation(installation, did)


def exported(installation: Installation, did: str | None = None) -> list[ExportedRecord]:
    """What an export of ``did`` holds."""
    with read(installation.service.engine) as connection:
        return list(exported_records(connection, did))


def documents(installation: Installation) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Every drafted document by schema, reference and revision."""
    query = sa.select(RECORD.c.schema_name, RECORD.c.external_ref, RECORD.c.revision, RECORD.c.document)
    with read(installation.service.engine) as connection:
        return {
            (row.schema_name, row.external_ref, row.revision): json.loads(row.document)
            for row in connection.execute(query)
        }


def agreement(ref: str = "XY-1", **subject: Any) -> Entry:
    """An agreement of the sample's school and leader, uploaded by the school."""
    parties = [{"id": SCHOOL, "role": "school"}, {"id": LEADER, "role": "enterprise"}]
    said: dict[str, Any] = {
        "kind": "joint_project",
        "code": "P1",
        "name": {"zh": "共建项目"},
        "from": "2026-09-01",
        "parties": parties,
        "terms": [{"code": "T1", "metric": "m", "op": "ge", "target": 10, "unit": "count"}],
    }
    kept = {name: value for name, value in (said | subject).items() if value is not None}
    return Entry("agreement.1", ref, SCHOOL, kept, ((LEADER, "enterprise"),))


def grid(data: bytes) -> Sheets:
    """The cells of a workbook, to be changed as a person would."""
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def put(sheets: Sheets, sheet: str, row: int, header: str, value: Any) -> Sheets:
    """Set a cell of the spreadsheet's ``row`` below a header that begins so."""
    column = next(i for i, text in enumerate(sheets[sheet][0]) if str(text).startswith(header))
    sheets[sheet][row - 1][column] = value
    return sheets
