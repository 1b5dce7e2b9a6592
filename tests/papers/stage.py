"""The sample community without its trainees' timeline: base and scenes, as documents and as relations."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from samples.community.build import build
from samples.community.model import Community, record_id, to_records
from verifier_cli.indicators.extract import load
from verifier_cli.indicators.sandbox import Sandbox, open_sandbox
from verifier_cli.record import Record

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
