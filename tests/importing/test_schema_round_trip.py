"""Every type: record -> workbook -> import -> draft -> exported workbook -> the same record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.importing.schema_support import (
    Entry,
    Link,
    add_signers,
    documents,
    examples,
    exported,
    packed,
)
from tests.importing.support import Installation, make_installation
from trace_service.database import read
from trace_service.imports.schema_sheets import record_sheets
from trace_service.publication.workbook.service import export_files, export_page
from verifier_cli.rules import link_targets
from verifier_cli.schema import SCHEMAS

Key = tuple[str, str, int]


def linked(entries: Sequence[Entry]) -> list[Entry]:
    """Examples that link to each other in every way that their types allow."""
    done: list[Entry] = []
    for entry in entries:
        links: list[Link] = []
        for rel, types in link_targets(entry.schema).items():
            free = [one for one in done if one.ref not in {link.ref for link in links}]
            # The examples' hours would not do for a standard that asks for some.
            free = [one for one in free if rel != "awards" or "requirements" not in one.subject]
            target = next((one for one in free if one.schema.partition(".")[0] in types), None)
            if target is not None:
                links.append(Link(target.ref, rel, ("E1", "B.2") if rel == "alignsTo" else ()))
        done.append(replace(entry, links=tuple(links)))
    return done


def by_uploader(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Linked examples by issuer."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.issuer].append(entry)
    return {did: linked(mine) for did, mine in found.items()}


def said(documents: dict[Key, dict[str, Any]]) -> dict[Key, Any]:
    """What records say, whatever their ids, salts and numbers are."""
    keys = {document["id"]: key for key, document in documents.items()}
    return {
        key: (
            document["issuer"]["id"],
            document["credentialSubject"],
            document["validFrom"],
            document.get("validUntil"),
            [(one["id"], one["role"]) for one in document.get("countersigners", ())],
            sorted(
                (link["rel"], keys[link["id"]], tuple(link.get("item", ())))
                for link in document.get("relatedResource", ())
            ),
        )
        for key, document in documents.items()
    }


@pytest.fixture(scope="module")
def uploaded() -> dict[str, list[Entry]]:
    """The examples by who uploads them."""
    return by_uploader(list(examples()))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, uploaded: dict[str, list[Entry]]) -> Installation:
    """All examples imported once."""
    installation = make_installation(tmp_path_factory.mktemp("examples"))
    for did, entries in uploaded.items():
        add_signers(installation, entries)
        job = installation.run("examples.xlsx", packed(reversed(entries)), org=did)
        assert (job.outcome, job.errors, job.notes, job.drafted) == ("imported", 0, 0, len(entries))
    return installation


@pytest.mark.parametrize("schema", SCHEMAS)
def test_examples_become_drafts_that_say_the_same(
    schema: str, imported: Installation, uploaded: dict[str, list[Entry]]
) -> None:
    found = said(documents(imported))
    entries = [entry for mine in uploaded.values() for entry in mine if entry.schema == schema]
    assert entries
    for entry in entries:
        links = sorted(
            (link.rel, next(key for key in found if key[1] == link.ref), link.items) for link in entry.links
        )
        assert found[schema, entry.ref, 1] == (
            entry.issuer,
            entry.subject,
            entry.valid_from,
            entry.valid_until,
            list(entry.countersigners),
            links,
        )


def test_examples_use_every_sheet_but_those_that_no_example_fills(uploaded: dict[str, list[Entry]]) -> None:
    """Guards the round trip: without rows in a detail sheet it would say nothing of it."""
    from trace_service.imports.schema_rows import flatten

    used: set[str] = set()
    for mine in uploaded.values():
        for entry in mine:
            rows = flatten(record_sheets(entry.schema).main, entry.subject)
            used |= {row.table.spec.name for row in rows}
    known = {name for schema in SCHEMAS for name in record_sheets(schema).tables}
    assert len(used) >= 0.8 * len(known)


def test_exports_imported_elsewhere_say_the_same(
    imported: Installation, uploaded: dict[str, list[Entry]], tmp_path: Path
) -> None:
    other = make_installation(tmp_path)
    for entries in uploaded.values():
        add_signers(other, entries)
    files: dict[str, bytes] = {}
    for did in uploaded:
        with read(imported.service.engine) as connection:
            (path,) = export_files(connection, tmp_path / f"{imported.rows[did]}.xlsx", did)
        files[did] = path.read_bytes()
    # What one organisation signs may rest on a standard of another: take what is good until all is there.
    drafted = 1
    while drafted:
        drafted = sum(other.run("a.xlsx", data, org=did, partial=True).drafted for did, data in files.items())
    assert said(documents(other)) == said(documents(imported))


def test_an_export_imported_again_issues_nothing(
    imported: Installation, uploaded: dict[str, list[Entry]]
) -> None:
    before = imported.count("record")
    for did in uploaded:
        mine = exported(imported, did)
        with read(imported.service.engine) as connection:
            data, more = export_page(connection, did, None, after=0, limit=1_000)
        assert more is None
        job = imported.run("again.xlsx", data, org=did)
        assert (job.outcome, job.drafted, job.unchanged, job.errors) == ("imported", 0, len(mine), 0)
    assert imported.count("record") == before


def test_pages_of_an_export_hold_every_record_once(imported: Installation) -> None:
    did, after, pages, rows = "did:web:school.example", 0, 0, 0
    with read(imported.service.engine) as connection:
        wanted = len(exported(imported, did))
        while True:
            page = list(zip(range(7), exported_after(imported, did, after), strict=False))
            _data, more = export_page(connection, did, None, after=after, limit=7)
            rows += len(page)
            pages += 1
            if more is None:
                break
            assert more == page[-1][1].pk
            after = more
    assert (rows, pages) == (wanted, -(-wanted // 7))


def exported_after(installation: Installation, did: str, after: int) -> list[Any]:
    """The records of an export above a row."""
    return [record for record in exported(installation, did) if record.pk > after]


def test_an_organisation_exports_only_what_it_signs(imported: Installation) -> None:
    for did in ("did:web:bank.example", "did:web:bureau.example"):
        mine = exported(imported, did)
        assert mine
        assert all(did in (one.issuer, *(signer for signer, _ in one.countersigners)) for one in mine)
    assert exported(imported, "did:web:nobody.example") == []
    assert len(exported(imported)) == imported.count("record")
