"""Records as workbooks that an import takes: the same sheets, the same subjects, signers, links and dates."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.imports.schema_envelope import Reading
from trace_service.imports.workbook import WorkbookFullError, WorkbookWriter, write_parts
from trace_service.publication.workbook.queries import Numbered, newest_revisions, numbered, records_after
from verifier_cli.rules import link_targets

READ_AT_ONCE = 500  # records; bounds what is held in memory


@dataclass(frozen=True, slots=True)
class ExportedLink:
    """A link as `workbook.ProposedLink` has it; ``ref`` names the target as an import finds it again."""

    ref: Reading
    rel: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportedRecord:
    """A record as `workbook.Proposed` has it. ``pk`` is its row; its id stands for a missing reference."""

    pk: int
    schema: str
    ref: str
    revision: int
    issuer: str
    countersigners: tuple[tuple[str, str], ...]
    subject: dict[str, Any]
    valid_from: str
    valid_until: str | None
    links: tuple[ExportedLink, ...]


def exported_records(
    connection: Connection, did: str | None, schema: str | None = None, *, after: int = 0
) -> Iterator[ExportedRecord]:
    """Records that ``did`` signs (None: all), in the order of drafting, hence after what they link to."""
    while rows := records_after(connection, did, schema, after=after, limit=READ_AT_ONCE):
        documents = [orjson.loads(row.document) for row in rows]
        names = _Names(connection, did, documents)
        for row, document in zip(rows, documents, strict=True):
            yield _exported(row, document, names)
        after = rows[-1].pk


def _exported(row: AnyRow, document: dict[str, Any], names: _Names) -> ExportedRecord:
    _, name, version = document["credentialSchema"]["id"].rsplit(":", 2)
    own = Numbered(f"{name}.{version}", document["issuer"]["id"], row.external_ref or row.id, row.revision)
    countersigners = tuple((entry["id"], entry["role"]) for entry in document.get("countersigners", ()))
    return ExportedRecord(
        row.pk,
        *(own.schema, own.ref, own.revision, own.issuer),
        countersigners,
        document["credentialSubject"],
        document["validFrom"],
        document.get("validUntil"),
        tuple(names.links(own, document.get("relatedResource", ()))),
    )


class _Names:
    """How the records that some documents link to are called."""

    def __init__(self, connection: Connection, did: str | None, documents: Sequence[dict[str, Any]]) -> None:
        ids = {link["id"] for document in documents for link in document.get("relatedResource", ())}
        self._known = numbered(connection, did, ids)
        self._newest = newest_revisions(connection, self._known.values())

    def links(self, own: Numbered, links: Sequence[dict[str, Any]]) -> Iterator[ExportedLink]:
        """The links of a record, without that to its own revision before: an import adds it."""
        for link in links:
            known = self._known.get(link["id"])
            if known is not None and link["rel"] == "supersedes" and known[:3] == own[:3]:
                continue
            target = Reading(link["id"]) if known is None else self._reading(own, known, link["rel"])
            yield ExportedLink(target, link["rel"], tuple(link.get("item", ())))

    def _reading(self, own: Numbered, known: Numbered, rel: str) -> Reading:
        """The reference, with type, revision and issuer only where an import could not tell otherwise."""
        issuers = self._newest[known.schema, known.ref]
        several_types = len(link_targets(own.schema).get(rel, ())) > 1
        older = issuers[known.issuer] > known.revision
        foreign = len(issuers) > 1 and known.issuer != own.issuer
        return Reading(
            known.ref,
            known.schema.partition(".")[0] if several_types else None,
            known.revision if older else None,
            known.issuer if foreign else None,
        )


def export_files(
    connection: Connection, path: Path, did: str | None, schema: str | None = None
) -> list[Path]:
    """Write what ``did`` signs (None: all) to ``path``, what is too much for one file to ``<name>-2.xlsx``.

    The files are to be imported in this order.
    """

    def name(number: int) -> Path:
        return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")

    return write_parts(exported_records(connection, did, schema), name)


def export_page(
    connection: Connection, did: str, schema: str | None, *, after: int, limit: int
) -> tuple[bytes, int | None]:
    """A workbook of at most ``limit`` records above the row ``after``, and the last row where more follow."""
    writer = WorkbookWriter()
    last = after
    more = None
    for record in exported_records(connection, did, schema, after=after):
        if writer.records == limit:
            more = last
            break
        try:
            writer.add(record)
        except WorkbookFullError:
            more = last
            break
        last = record.pk
    stream = io.BytesIO()
    writer.save(stream)
    return stream.getvalue(), more
