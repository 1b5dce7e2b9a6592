"""Indicators of the sample community, on the service's own path: records -> columns -> every definition.

Larger sizes are copies of the community: other persons, things and digests, the same organisations, so that
every definition has proportionally more to do.
"""

from __future__ import annotations

import datetime
import multiprocessing
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from benchmarks.model import Figure, Goal, Scale, stopwatch
from benchmarks.processes import peak_mib
from samples.community import build, to_records
from samples.community.parties import chain_urn
from trace_service.indicators import extract
from trace_service.indicators.service import reported
from verifier_cli.indicators.community import facts_of, members, relations_read
from verifier_cli.indicators.engine import run as run_definitions
from verifier_cli.indicators.report import input_root
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox

TITLE = "Indicators: every definition over three years of the sample community"
COPIES = {Scale.TINY: (1,), Scale.NORMAL: (1,), Scale.FULL: (1, 17)}
PERIOD = (datetime.date(2023, 9, 1), datetime.date(2026, 9, 1))
GOAL_SECONDS = {1: Goal("at_most", 5), 17: Goal("at_most", 60)}  # issue 3, must show 2
GOAL_MEMORY = Goal("at_most", 500)
_ID = re.compile(rb"urn:uuid:[0-9a-f]{8}")
# The 'u', four characters of header and first byte, then four that are bytes 1 to 3 of the digest.
_DIGEST = re.compile(rb'("digestMultibase":"u.{4}).{4}')

Line = tuple[str, str, bytes]


def run(scale: Scale) -> list[Figure]:
    """Load and compute, for one copy of the community and for many."""
    with TemporaryDirectory(prefix="bench-indicators-") as folder:
        path = Path(folder) / "records"
        # In a process of its own: what making the sample takes is not what computing over it takes.
        maker = multiprocessing.get_context("spawn").Process(target=_make, args=(path, scale.value))
        maker.start()
        maker.join()
        assert maker.exitcode == 0
        return [figure for copies in COPIES[scale] for figure in _figures(path, copies)]


def _make(path: Path, scale: str) -> None:
    """Write members of the community, then a line per record: type, digest, document."""
    community = build(0.02 if Scale(scale) is Scale.TINY else 1.0, with_scenes=False)
    records = list(to_records(community, check=False))
    agreements = [record for record in records if record.schema == "agreement.1"]
    facts = [facts_of(record.digest.hex(), record.document) for record in agreements]
    chain = next(
        item.digest for item in facts if item.agreement is not None and item.agreement.kind == "chain"
    )
    with path.open("wb") as stream:
        stream.write(orjson.dumps([list(item) for item in members(chain, facts, *PERIOD)]) + b"\n")
        for record in records:
            name = record.schema.partition(".")[0].encode()
            stream.write(b"%b %b %b\n" % (name, record.digest.hex().encode(), record.canonical))


def _figures(path: Path, copies: int) -> list[Figure]:
    with path.open("rb") as stream:
        belonging: list[list[Any]] = orjson.loads(stream.readline())
    definitions = reported()
    with stopwatch() as making:
        size = sum(1 for _ in _lines(path, copies))
    with open_sandbox() as sandbox:
        with stopwatch() as loading:
            extract.load(sandbox, _lines(path, copies), PERIOD[1], relations_read(definitions))
            digests = extract.digests(sandbox)
        with stopwatch() as hashing:
            input_root(digests)
        sandbox.insert(MEMBER, belonging)
        with stopwatch() as computing:
            sandbox.lock(*PERIOD, chain_urn())
            outcome = run_definitions(sandbox, definitions)
    assert len(digests) == size
    assert outcome.values["I7"].state == "value"
    loaded = loading.wall - making.wall
    name = f"{size:,} records"
    return [
        Figure(f"{name}, all", round(loaded + hashing.wall + computing.wall, 2), "s", GOAL_SECONDS[copies]),
        Figure(f"{name}, of which loading", round(loaded, 2), "s"),
        Figure(f"{name}, of which input root", round(hashing.wall, 2), "s"),
        Figure(f"{name}, of which {len(definitions)} definitions", round(computing.wall, 2), "s"),
        Figure(f"{name}, peak memory", peak_mib(), "MiB", GOAL_MEMORY if copies == 1 else None),
    ]


def _lines(path: Path, copies: int) -> Iterator[Line]:
    """Records of all copies. The first is the sample itself; the chain agreement is there once."""
    for copy in range(copies):
        with path.open("rb") as stream:
            next(stream)
            for line in stream:
                schema, digest, document = line.rstrip(b"\n").split(b" ", 2)
                yield _copied(schema.decode(), digest.decode(), document, copy)


def _copied(schema: str, digest: str, document: bytes, copy: int) -> Line:
    """Other ids, and the same other digest in the record's own place and in every link to it."""
    if copy == 0:
        return schema, digest, document
    document = _ID.sub(b"urn:uuid:%08x" % copy, document)
    # Four characters of base64 are three bytes: 'AAA' and a letter are the number 0, 0, copy.
    document = _DIGEST.sub(rb"\g<1>AAA" + _LETTERS[copy : copy + 1], document)
    return schema, f"{digest[:2]}{copy:06x}{digest[8:]}", document


_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
