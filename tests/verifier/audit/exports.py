"""Small exports for audit tests: real signed records, a folder, and a chain that says what was anchored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tests.support.records import CHAIN_ID, CREATED, REGISTRY, SCHOOL, complete_record, record_bytes
from verifier_cli.audit import (
    Audit,
    AuditOptions,
    AuditReport,
    Checkpoint,
    Code,
    FolderSource,
    Receipt,
)
from verifier_cli.audit.sources import EXPORT_TYPE, EXPORT_VERSION, LEAVES_SUFFIX, RECORDS_SUFFIX
from verifier_cli.audit.witnesses import SignerUse
from verifier_cli.authority import Objection
from verifier_cli.did import org_id
from verifier_cli.encoding import parse_time
from verifier_cli.evidence import Batch
from verifier_cli.kinds import Kind, kind_mask
from verifier_cli.leaf_list import LeafListHeader, Tile, header_line, record_line, tile_line, tiles_of
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.record import Record
from verifier_cli.signature import signature_digest

ACCOUNT = bytes.fromhex("aa" * 20)
ANCHORED_AT = parse_time(CREATED) + 3600
KINDS = kind_mask(Kind.ENROLMENT, Kind.CREDENTIAL, Kind.PARTY)

Leaf = tuple[bytes, bytes, bytes]


@dataclass
class Chain:
    """Chain facts held in memory. ``faults`` are answers about (org, sequence, signer's DID)."""

    anchored: dict[bytes, list[Batch]] = field(default_factory=dict)
    faults: dict[tuple[bytes, int, str], Objection] = field(default_factory=dict)
    account_faults: dict[tuple[bytes, int], Objection] = field(default_factory=dict)
    chain_id: int = CHAIN_ID
    registry: str = REGISTRY
    block_number: int = 1000
    block_hash: str = "0x" + "ab" * 32
    block_time: int = ANCHORED_AT + 86400

    def organisations(self) -> Sequence[bytes]:
        """Every organisation with a batch."""
        return list(self.anchored)

    def batches(self, org: bytes) -> Sequence[Batch]:
        """What was anchored."""
        return self.anchored.get(org, [])

    def covers(self, org: bytes) -> bool:
        """Everything is known."""
        return True

    def signer_fault(self, org: bytes, sequence: int, use: SignerUse) -> Objection | None:
        """The planted answer."""
        return self.faults.get((org, sequence, use.signer))

    def account_fault(self, org: bytes, sequence: int) -> Objection | None:
        """The planted answer."""
        return self.account_faults.get((org, sequence))


def make_record(number: int, *, prefix: str = "r", schema: str = "party.1") -> Record:
    """Record ``number`` with one signature, the school's."""
    return complete_record(schema, name=f"{prefix}{number}", number=number)


def leaf_of(record: Record) -> Leaf:
    """record_digest, signature_digest, leaf hash."""
    signatures = signature_digest(record.proofs)
    return record.digest, signatures, leaf_hash(record.digest, signatures)


class Export:
    """A folder that a test changes between writing it and auditing it."""

    def __init__(self, folder: Path, chain: Chain | None = None) -> None:
        self.folder = folder
        self.chain = chain or Chain()
        self._sequences: dict[str, list[int]] = {}

    def add(self, records: Sequence[Record], *, did: str = SCHOOL, kinds: int = KINDS) -> int:
        """Anchor a batch of the records and write it; returns its sequence."""
        org = org_id(did)
        sequence = len(self.chain.batches(org))
        leaves = [leaf_of(record) for record in records]
        tree = Tree([leaf for _, _, leaf in leaves])
        batch = Batch(tree.root, ACCOUNT, ANCHORED_AT + 60 * sequence, len(leaves), kinds, 1)
        self.chain.anchored.setdefault(org, []).append(batch)
        self.write(did, sequence, leaves, tree.tiles(), records)
        return sequence

    def write(
        self,
        did: str,
        sequence: int,
        leaves: Sequence[Leaf],
        tiles: Sequence[bytes | None],
        records: Sequence[Record],
    ) -> None:
        """Write a batch as given under the header that the chain has."""
        batch = self.chain.batches(org_id(did))[sequence]
        header = LeafListHeader(did, sequence, batch.root, batch.leaves, batch.kinds, batch.format)
        self.write_leaves(did, sequence, header, list(tiles_of(leaves, tiles)))
        lines = [record_line(index, record_bytes(record)) for index, record in enumerate(records)]
        self.path(did, f"{sequence}{RECORDS_SUFFIX}").write_bytes(b"".join(lines))
        self._sequences.setdefault(did, [])
        if sequence not in self._sequences[did]:
            self._sequences[did].append(sequence)
        self.write_indexes()

    def write_leaves(self, did: str, sequence: int, header: LeafListHeader, tiles: Sequence[Tile]) -> None:
        """Write a leaf list as given."""
        lines = [header_line(header), *map(tile_line, tiles)]
        self.path(did, f"{sequence}{LEAVES_SUFFIX}").write_bytes(b"".join(lines))

    def write_indexes(self) -> None:
        """Write organisations.json and every batches.json."""
        index = {"type": EXPORT_TYPE, "version": EXPORT_VERSION, "organisations": list(self._sequences)}
        (self.folder / "organisations.json").write_bytes(orjson.dumps(index))
        for did, sequences in self._sequences.items():
            value = {"organisation": did, "sequences": sequences}
            self.path(did, "batches.json").write_bytes(orjson.dumps(value))

    def path(self, did: str, name: str) -> Path:
        """A file of an organisation."""
        folder = self.folder / org_id(did).hex()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def leaves_path(self, sequence: int = 0, did: str = SCHOOL) -> Path:
        """The leaf list of a batch."""
        return self.path(did, f"{sequence}{LEAVES_SUFFIX}")

    def records_path(self, sequence: int = 0, did: str = SCHOOL) -> Path:
        """The records of a batch."""
        return self.path(did, f"{sequence}{RECORDS_SUFFIX}")


def audit(
    export: Export,
    options: AuditOptions | None = None,
    *,
    receipts: tuple[Receipt, ...] = (),
    earlier: Checkpoint | None = None,
) -> AuditReport:
    """Audit a folder in this process."""
    return Audit(FolderSource(export.folder), export.chain, options, receipts=receipts, earlier=earlier).run()


def codes(report: AuditReport) -> list[Code]:
    """Codes in the order they were found."""
    return [finding.code for finding in report.findings]
