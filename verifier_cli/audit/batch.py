"""One batch brought to its end: header against chain, leaves, records, authority; and names for what was
found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import orjson

from verifier_cli.audit.facts import NOT_COVERED, ChainFacts
from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.judge import BatchJudge, Orphan
from verifier_cli.audit.sources import Source
from verifier_cli.audit.stream import BatchRun
from verifier_cli.audit.tiles import TileResult
from verifier_cli.audit.witnesses import SignerUse, examine
from verifier_cli.did import org_id
from verifier_cli.errors import DataError
from verifier_cli.evidence import Batch
from verifier_cli.leaf_list import Tile, parse_tile, split_record_line
from verifier_cli.merkle import leaf_hash

FORMAT: Final = 1
"""The batch format of protocol version 1."""
MAX_ORPHANS: Final = 1024
"""Records without a leaf that are examined in one batch; more are reported as one finding."""


def header_findings(
    run: BatchRun, batch: Batch | None, chain: Sequence[Batch], end: int
) -> Iterator[Finding]:
    """The published header of a batch against the chain's; from sequence ``end`` on there may be none."""
    header = run.header
    place = run.did, run.sequence
    if header is None:
        yield Finding(Code.BATCH_REMOVED, *place, detail="on the chain, without a leaf list")
        return
    if (header.organisation, header.sequence) != place:
        yield Finding(
            Code.BATCH_ALTERED,
            *place,
            expected=str(place),
            actual=str((header.organisation, header.sequence)),
        )
    if batch is None:
        if run.sequence >= end:
            yield Finding(
                Code.BATCH_INSERTED, *place, expected=f"head {len(chain)}", detail="not on the chain"
            )
        return
    if batch.format != FORMAT:
        yield Finding(Code.FORMAT_UNKNOWN, *place, expected=str(FORMAT), actual=str(batch.format))
    if header.root != batch.root:
        elsewhere = [number for number, other in enumerate(chain) if other.root == header.root]
        code = Code.BATCH_MOVED if elsewhere else Code.BATCH_ALTERED
        detail = f"it is the batch of sequence {elsewhere[0]}" if elsewhere else "root"
        yield Finding(code, *place, expected=batch.root.hex(), actual=header.root.hex(), detail=detail)
    for name, said, anchored in (
        ("count", header.count, batch.leaves),
        ("kinds", header.kinds, batch.kinds),
        ("format", header.format, batch.format),
    ):
        if said != anchored:
            yield Finding(Code.BATCH_ALTERED, *place, expected=str(anchored), actual=str(said), detail=name)


def close_batch(
    run: BatchRun, source: Source, facts: ChainFacts, records_must_exist: bool
) -> Iterator[Finding]:
    """Every finding of one batch, with the ids of the records they speak of where the source has them."""
    found = [*run.findings, *_tile_findings(run), *_account(run, facts)]
    if run.header is not None and run.readable and not _moved(run):
        found += _judge(run, source)
    found += _opaque(run, records_must_exist)
    found += _authority(run, facts)
    yield from _named(found, run, source)


def _tile_findings(run: BatchRun) -> Iterator[Finding]:
    for result in run.results:
        yield from result.findings


def _moved(run: BatchRun) -> bool:
    """A batch in another one's place says nothing about the batch that belongs there."""
    return any(finding.code is Code.BATCH_MOVED for finding in run.findings)


def _judge(run: BatchRun, source: Source) -> Iterator[Finding]:
    if not all(result.readable for result in run.results):
        return
    orphans = []
    for line in run.orphans[:MAX_ORPHANS]:
        witness = examine(split_record_line(line)[1], run.rules, None)
        known = witness.record_digest is not None and witness.signature_digest is not None
        leaf = leaf_hash(witness.record_digest or b"", witness.signature_digest or b"") if known else None
        orphans.append(Orphan(witness.record_id, leaf))
    if len(run.orphans) > MAX_ORPHANS:
        yield Finding(
            Code.RECORD_INSERTED, run.did, run.sequence, detail=f"{len(run.orphans)} records have no leaf"
        )

    def load() -> Iterator[Tile]:
        for number, line in enumerate(source.leaves(run.did, run.sequence)):
            if number:
                yield parse_tile(line)

    try:
        yield from BatchJudge(run.anchored, run.results, orphans, load).findings()
    except DataError as error:  # leaves are read again for details; the source has changed since
        detail = f"when read again: {error.path}: {error.reason}"
        yield Finding(Code.UNREADABLE, run.did, run.sequence, detail=detail)


def _opaque(run: BatchRun, records_must_exist: bool) -> Iterator[Finding]:
    """Leaves whose record is not there: withheld or erased where that may be, removed where it may not."""
    opaque = [(result.number, index) for result in run.results for index in result.opaque]
    if opaque and not records_must_exist and len(opaque) == run.anchored.count:
        yield Finding(
            Code.OPAQUE_LEAF, run.did, run.sequence, detail=f"all {len(opaque)} records are withheld"
        )
        return
    code = Code.RECORD_REMOVED if records_must_exist else Code.OPAQUE_LEAF
    for tile, index in opaque:
        yield Finding(code, run.did, run.sequence, tile, index, detail="the leaf has no record")


def _account(run: BatchRun, facts: ChainFacts) -> Iterator[Finding]:
    if run.rules.anchored_at is None:
        return
    fault = facts.account_fault(org_id(run.did), run.sequence)
    if fault is not None:
        yield Finding(
            Code.ACCOUNT_UNAUTHORISED,
            run.did,
            run.sequence,
            expected=fault.expected,
            actual=fault.actual,
            detail=fault.reason,
        )


def _authority(run: BatchRun, facts: ChainFacts) -> Iterator[Finding]:
    """Each way in which a key was used in this batch is judged once, then every record concerned is named."""
    if run.rules.anchored_at is None:
        return
    uses: dict[SignerUse, list[TileResult]] = {}
    for result in run.results:
        for use in result.uses:
            uses.setdefault(use, []).append(result)
    for use, results in uses.items():
        fault = facts.signer_fault(org_id(run.did), run.sequence, use)
        if fault is None:
            continue
        code = Code.SIGNER_UNKNOWN if fault.reason == NOT_COVERED else Code.SIGNER_UNAUTHORISED
        for result in results:
            for index in result.uses[use]:
                yield Finding(
                    code,
                    run.did,
                    run.sequence,
                    result.number,
                    index,
                    expected=fault.expected,
                    actual=fault.actual,
                    detail=f"{use.signer}: {fault.reason}",
                )


def _named(found: list[Finding], run: BatchRun, source: Source) -> Iterator[Finding]:
    """Fill in record ids by leaf index; only trouble costs this second reading."""
    wanted = {f.leaf_index for f in found if f.leaf_index is not None and f.record_id is None}
    names = _record_ids(wanted, run, source) if wanted else {}
    for finding in found:
        name = None if finding.leaf_index is None else names.get(finding.leaf_index)
        yield replace(finding, record_id=name) if finding.record_id is None and name else finding


def _record_ids(wanted: set[int], run: BatchRun, source: Source) -> dict[int, str]:
    names: dict[int, str] = {}
    try:
        for line in source.records(run.did, run.sequence):
            index, data = split_record_line(line)
            if index is not None and index in wanted:
                names.setdefault(index, str(orjson.loads(data)["id"]))
    except (DataError, orjson.JSONDecodeError, KeyError, TypeError):
        return names  # what cannot be read was reported; the names found so far still help
    return names
