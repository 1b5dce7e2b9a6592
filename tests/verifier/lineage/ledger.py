"""A chain on paper: records anchored in batches, and the snapshot that says so. No node, no clock.

::

    ledger = Ledger()
    (standard,) = ledger.issue(complete_record("standard.1", number=ledger.number()))
    ledger.file(standard)              # its proof file
    ledger.reader()                    # a SnapshotReader that bears it out
"""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.records import (
    CHAIN_ID,
    FIRM,
    REGISTRY,
    SCHOOL,
    complete_record,
    link,
    record_bytes,
    signer_key,
)
from tests.verifier.verification.world import (
    ACCOUNT,
    ALL_KINDS,
    ANCHORED_AT,
    DEPLOYMENT,
    GOOD_KEY,
    HELD,
    NOW,
    REGULATOR,
    ROOT_PERIOD,
    START,
)
from verifier_cli.chain import BlockRef
from verifier_cli.did import org_id
from verifier_cli.evidence import Account, Batch, Period
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Record
from verifier_cli.report import Report
from verifier_cli.signature import signature_digest
from verifier_cli.snapshot import OrganisationState, Snapshot
from verifier_cli.snapshot_reader import SnapshotReader, pins_of
from verifier_cli.trust import Trust, write_trust
from verifier_cli.verify import verify

TRUST = Trust((DEPLOYMENT,))
TRUST_TEXT = write_trust([DEPLOYMENT])
SNAPSHOT_TIME = NOW - 600
REVOKED, SUSPENDED, SUPERSEDED = 0, 1, 2


class Ledger:
    """Records and batches of the school and the firm."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._batches: dict[str, list[Batch]] = {SCHOOL: [], FIRM: []}
        self._status: dict[str, dict[int, list[int]]] = {SCHOOL: {}, FIRM: {}}
        self._files: dict[bytes, bytes] = {}
        self.records: list[Record] = []

    def number(self) -> int:
        """A status number that no record has."""
        return next(self._numbers)

    def make(
        self, schema: str, *links: tuple[str, Record], name: str | None = None, **changes: Any
    ) -> Record:
        """Sign and anchor a record that cites others; `changes` as for `sample_document`."""
        number = self.number()
        entries = [link(target.document, rel) for rel, target in links]
        entries += changes.pop("links", [])
        record = complete_record(schema, name=name or f"r{number}", number=number, links=entries, **changes)
        return self.issue(record)[0]

    def issue(self, *records: Record) -> list[Record]:
        """Anchor complete records of one issuer as one batch."""
        leaves = [leaf_hash(item.digest, signature_digest(item.native_proofs)) for item in records]
        tree = Tree(leaves)
        batches = self._batches[records[0].issuer]
        batches.append(Batch(tree.root, ACCOUNT, ANCHORED_AT, len(leaves), ALL_KINDS, 1))
        for index, record in enumerate(records):
            anchor = Anchor(CHAIN_ID, REGISTRY, len(batches) - 1, index, tuple(tree.path(index)))
            self._files[record.digest] = ProofFile.write(record_bytes(record), anchor)
        self.records += records
        return list(records)

    def set_status(self, record: Record, plane: int) -> None:
        """Set a bit of its issuer's status list."""
        word = self._status[record.issuer].setdefault(record.status.number >> 8, [0, 0, 0])
        word[plane] |= 1 << (record.status.number & 0xFF)

    def file(self, record: Record) -> bytes:
        """The proof file of an anchored record."""
        return self._files[record.digest]

    def files(self, *without: Record) -> list[tuple[str, bytes]]:
        """All proof files with names, but for some."""
        left = {record.digest for record in without}
        return [
            (f"{record.schema}-{at}.trace.json", self.file(record))
            for at, record in enumerate(self.records)
            if record.digest not in left
        ]

    def snapshot(self) -> Snapshot:
        """What the chain says at `SNAPSHOT_TIME`."""
        states = {org_id(REGULATOR): OrganisationState(0, 0, (ROOT_PERIOD,), {}, {}, None, None)}
        for did, batches in self._batches.items():
            period = Period(START, 0, ALL_KINDS, 0, HELD[did], 0, org_id(REGULATOR))
            words = {number: (word[0], word[1], word[2]) for number, word in self._status[did].items()}
            states[org_id(did)] = OrganisationState(
                0,
                len(batches),
                (period,),
                {signer_key(did).public: GOOD_KEY},
                {ACCOUNT: Account(START, 0, 0, 1)},
                tuple(batches),
                words,
            )
        return Snapshot(pins_of(DEPLOYMENT), BlockRef(100, b"\x64" * 32, b"\x63" * 32, SNAPSHOT_TIME), states)

    def reader(self) -> SnapshotReader:
        """A chain reader over the snapshot."""
        return SnapshotReader(self.snapshot())

    def verifier(self) -> Any:
        """A function that verifies one proof file at `NOW`."""
        reader = self.reader()

        def verify_one(data: bytes) -> Report:
            return verify(data, TRUST, reader, NOW)

        return verify_one


class Story:
    """A certificate with `weeks` practice records and one evaluation each, and 6 records more below them:

    certificate -> evaluations -> activities -> enrolment -> agreement; standards on the side.
    """

    def __init__(self, weeks: int = 40) -> None:
        self.ledger = Ledger()
        make = self.ledger.make
        self.demand = make("demand.1", name="demand")
        self.standard = make("standard.1", ("answers", self.demand), name="standard")
        self.agreement = make("agreement.1", name="agreement")
        self.enrolment = make(
            "enrolment.1", ("performedUnder", self.agreement), ("alignsTo", self.standard), name="enrolment"
        )
        self.activities = [
            make(
                "activity.1", ("performedUnder", self.enrolment), name=f"week {week}", subject={"week": week}
            )
            for week in range(1, weeks + 1)
        ]
        self.evaluation = make(
            "evaluation.1",
            *[("evaluates", activity) for activity in self.activities],
            ("alignsTo", self.standard),
            name="evaluation",
        )
        self.certificate = make(
            "credential.1", ("evidencedBy", self.evaluation), ("awards", self.standard), name="certificate"
        )

    @property
    def ancestors(self) -> int:
        """How many records are below the certificate."""
        return len(self.activities) + 5
