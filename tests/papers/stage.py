"""The sample community without its trainees' timeline: base and scenes, as documents and as relations."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from samples.community.build import build
from samples.community.model import Community, record_id, to_records
from verifier_cli.indicators.community import Facts, facts_of, inputs, members
from verifier_cli.indicators.extract import load
from verifier_cli.indicators.sandbox import MEMBER, Sandbox, open_sandbox, quoted
from verifier_cli.record import Record
from verifier_cli.relations import relations
from verifier_cli.rules import SCHEMAS

PERIOD = (datetime.date(2023, 9, 1), datetime.date(2026, 9, 1))
"""The community's three academic years, [from, to)."""


@lru_cache(maxsize=1)
def community() -> Community:
    """Base and scenes; what every row of the papers is asked of."""
    return build(scale=0)


@lru_cache(maxsize=1)
def records() -> dict[str, Record]:
    """Reference -> record, each through the verifier's own validation."""
    made = to_records(community())
    return {entry.ref: record for entry, record in zip(community().entries, made, strict=True)}


def document_of(ref: str) -> dict[str, Any]:
    """The document of an entry; a KeyError names a reference that the community does not have."""
    return records()[ref].document


def _superseded(counted: list[Record]) -> set[str]:
    links = (link for record in counted for link in record.links if link.rel == "supersedes")
    return {link.digest.hex() for link in links}


@contextmanager
def loaded() -> Iterator[Sandbox]:
    """A sandbox with every record of the stage that was never revoked, and a table `entry(ref, record)`."""
    counted = [record for ref, record in records().items() if community()[ref].revoked_on is None]
    refs = {record_id(entry.ref): entry.ref for entry in community().entries}
    with open_sandbox() as sandbox:
        load(sandbox, ((record.digest.hex(), record.document) for record in counted), _superseded(counted))
        sandbox.connection.execute("CREATE TABLE entry (ref VARCHAR, record VARCHAR)")
        sandbox.connection.executemany(
            "INSERT INTO entry VALUES (?, ?)", [[refs[record.id], record.digest.hex()] for record in counted]
        )
        sandbox.lock(*PERIOD)
        yield sandbox


@lru_cache(maxsize=1)
def _facts() -> dict[str, Facts]:
    """Reference -> what choosing a report's inputs needs of the record, for those never revoked."""
    kept = (ref for ref in records() if community()[ref].revoked_on is None)
    return {ref: facts_of(records()[ref].digest.hex(), records()[ref].document) for ref in kept}


@contextmanager
def community_of(sandbox: Sandbox, over: Mapping[str, str]) -> Iterator[Sandbox]:
    """A sandbox with the inputs of a report on `over`: `community` is the ref of a chain agreement, `from`
    and `to` bound the period [from, to).

    Rows are copied from the stage's own sandbox as they stand there, mutations included.
    """
    since, until = datetime.date.fromisoformat(over["from"]), datetime.date.fromisoformat(over["to"])
    chain = _facts()[over["community"]]
    belonging = members(chain.digest, _facts().values(), since, until)
    schemas = [name.partition(".")[0] for name in SCHEMAS]
    chosen = [
        item.digest
        for item in inputs(_facts().values(), {member.did for member in belonging}, schemas, until)
    ]
    with open_sandbox() as narrowed:
        for relation in relations().values():
            select = f"SELECT * FROM {quoted(relation.name)} WHERE list_contains(?, record)"
            narrowed.insert(relation, sandbox.connection.execute(select, [chosen]).fetchall())
        narrowed.insert(MEMBER, belonging)
        narrowed.lock(since, until, document_of(over["community"])["credentialSubject"]["id"])
        yield narrowed
