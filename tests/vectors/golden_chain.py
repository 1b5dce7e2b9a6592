"""Golden vectors of protocol sections 5 and 7 to 9: a small chain state around the golden records.

School and firm, both accredited by a regulator, have anchored the golden records among leaves of others. The
state is written out as a snapshot; proof files, contract calls, the answer of `evidence` and reports follow.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from tests.support import records as samples
from tests.vectors.golden_calls import evidence_answer, evidence_calls, relayed_calls
from verifier_cli.canonical import canonical
from verifier_cli.chain import BlockRef
from verifier_cli.did import is_organisation, org_id
from verifier_cli.encoding import format_time, parse_time
from verifier_cli.evidence import (
    Account,
    Batch,
    Evidence,
    EvidenceQuery,
    KeyWindow,
    Period,
)
from verifier_cli.kinds import Role, role_mask
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Record
from verifier_cli.signature import signature_digest
from verifier_cli.snapshot import OrganisationState, Snapshot, sign_snapshot
from verifier_cli.snapshot_reader import SnapshotReader, pins_of
from verifier_cli.trust import CodeHashes, Deployment, SnapshotSigner, Trust, write_trust
from verifier_cli.verify import verify

REGULATOR = "did:web:regulator.example"
SIGNER = samples.make_key("snapshot signer")
ANCHORED_AT = parse_time("2026-07-02T09:00:00Z")
START = parse_time("2026-01-01T00:00:00Z")
BLOCK_TIME = ANCHORED_AT + 3600
CHECKED_AT = BLOCK_TIME + 60
ALL_KINDS = (1 << 12) - 1
ROLES = {
    samples.SCHOOL: role_mask(Role.SCHOOL),
    samples.FIRM: role_mask(Role.LEADER),
    samples.EVALUATOR: role_mask(Role.EVALUATOR),
}
# organisation -> its batches; a number stands for a leaf of somebody else
BATCHES: dict[str, list[list[str | int]]] = {
    samples.SCHOOL: [
        ["party", "standard-superseded", "standard", "enrolment", 0, 1, 2],
        [*range(10), "credential"],
    ],
    samples.FIRM: [[0, "activity", 1, 2, 3], [0, 1, "evaluation", 2]],
    samples.EVALUATOR: [],
}
# word -> planes: record "party" (number 2) is revoked, "standard-superseded" (number 0) is superseded
STATUS: dict[str, dict[int, tuple[int, int, int]]] = {
    samples.SCHOOL: {0: (1 << 2, 0, 1 << 0)},
    samples.FIRM: {},
    samples.EVALUATOR: {},
}
DEPLOYMENT = Deployment(
    name="golden",
    chain_id=samples.CHAIN_ID,
    genesis_hash=b"\x07" * 32,
    trust_registry=b"\x11" * 20,
    anchor_registry=bytes.fromhex(samples.REGISTRY[2:]),
    evidence_reader=b"\x13" * 20,
    owner=b"\x14" * 20,
    operator="did:web:operator.example",
    code_hashes=CodeHashes(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32),
    rpc=("https://node-a.example/rpc", "https://node-b.example/rpc"),
    agree=2,
)
OTHER_REGISTRY = b"\x44" * 20
REPORTED = ("credential", "standard-superseded", "party")


def account_of(did: str) -> bytes:
    """The anchoring account of an organisation."""
    return hashlib.sha256(f"account {did}".encode()).digest()[:20]


def leaves_of(did: str, sequence: int, leaves: dict[str, bytes]) -> list[bytes]:
    """Leaf hashes of one batch; `leaves` are those of the golden records by name."""
    return [
        leaves[entry]
        if isinstance(entry, str)
        else hashlib.sha256(f"leaf {did} {sequence} {entry}".encode()).digest()
        for entry in BATCHES[did][sequence]
    ]


class Chain:
    """The state, and everything that follows from it. `documents` are the golden documents by name."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self.records = {
            name: Record.parse(canonical(samples.complete_document(document)))
            for name, document in documents.items()
        }
        self.leaves = {
            name: leaf_hash(record.digest, signature_digest(record.proofs))
            for name, record in self.records.items()
        }
        self.block = BlockRef(100, b"\x64" * 32, b"\x63" * 32, BLOCK_TIME)
        self.trust = Trust((DEPLOYMENT,), (SnapshotSigner("golden", SIGNER.public),))
        self.snapshot = Snapshot(pins_of(DEPLOYMENT), self.block, self._states())

    def _states(self) -> dict[bytes, OrganisationState]:
        states = {org_id(did): self._state(did) for did in ROLES}
        roles = role_mask(Role.REGULATOR) | 0x7F << 8
        top = Period(START, 0, ALL_KINDS, ALL_KINDS, roles, 0, bytes(32))
        states[org_id(REGULATOR)] = OrganisationState(0, 0, (top,), {}, {}, None, None)
        return states

    def _state(self, did: str) -> OrganisationState:
        batches = tuple(
            Batch(
                Tree(leaves := leaves_of(did, sequence, self.leaves)).root,
                account_of(did),
                ANCHORED_AT + 60 * sequence,
                len(leaves),
                ALL_KINDS,
                1,
            )
            for sequence in range(len(BATCHES[did]))
        )
        period = Period(START, 0, ALL_KINDS, 0, ROLES[did], 0, org_id(REGULATOR))
        return OrganisationState(
            0,
            len(batches),
            (period,),
            {samples.signer_key(did).public: KeyWindow(START, 0, 0)},
            {account_of(did): Account(START, 0, 0, 1)},
            batches,
            STATUS[did],
        )

    def place(self, name: str) -> tuple[str, int, int]:
        """Issuer, sequence and leaf index of a golden record."""
        did = self.records[name].issuer
        for sequence, batch in enumerate(BATCHES[did]):
            if name in batch:
                return did, sequence, batch.index(name)
        raise KeyError(name)

    def proof_file(self, name: str) -> bytes:
        """The proof file of a golden record."""
        did, sequence, index = self.place(name)
        path = Tree(leaves_of(did, sequence, self.leaves)).path(index)
        anchor = Anchor(samples.CHAIN_ID, samples.REGISTRY, sequence, index, tuple(path))
        return ProofFile.write(samples.record_bytes(self.records[name]), anchor)

    def query(self, name: str) -> EvidenceQuery:
        """What the verifier asks about a golden record."""
        record = self.records[name]
        keys = [(did, samples.signer_key(did).public) for did in record.signers if is_organisation(did)]
        signers = tuple((org_id(did), key) for did, key in keys)
        return EvidenceQuery(record.status.org_id, self.place(name)[1], record.status.number, signers)

    def evidence(self, name: str) -> Evidence:
        """What EvidenceReader answers."""
        return SnapshotReader(self.snapshot).read(DEPLOYMENT, self.query(name), CHECKED_AT).final


def _report(chain: Chain, name: str) -> dict[str, Any]:
    reader = SnapshotReader(chain.snapshot)
    report = verify(chain.proof_file(name), chain.trust, reader, CHECKED_AT).named(f"{name}.trace.json")
    return {"proofFile": f"{name}.trace.json", "checkedAt": CHECKED_AT, "report": report.to_json()}


def other_trust() -> str:
    """A trust file that names another AnchorRegistry on the same chain, and nothing else."""
    return write_trust([replace(DEPLOYMENT, name="other", anchor_registry=OTHER_REGISTRY)])


def chain_files(documents: dict[str, dict[str, Any]], authorisations: list[dict[str, Any]]) -> dict[str, Any]:
    """File name -> content; text and bytes stand in the file as they are."""
    chain = Chain(documents)
    serialised = chain.snapshot.serialise()
    created = format_time(BLOCK_TIME)
    signed = sign_snapshot(serialised, SIGNER.public, created, SIGNER.private.sign)
    batches = [
        {
            "organisation": did,
            "sequence": sequence,
            "leaves": [leaf.hex() for leaf in leaves_of(did, sequence, chain.leaves)],
        }
        for did, listed in BATCHES.items()
        for sequence in range(len(listed))
    ]
    return {
        "batches.json": batches,
        "calls.json": {
            "calls": [*evidence_calls(chain.query("credential")), *relayed_calls(authorisations)],
            "evidence": evidence_answer(chain.evidence("credential")),
        },
        "trust.toml": write_trust(chain.trust.deployments, chain.trust.snapshot_signers),
        "trust-other.toml": other_trust(),
        "snapshot.json": serialised.decode(),
        "snapshot-signed.json": signed.decode(),
        "reports.json": [_report(chain, name) for name in REPORTED],
        **{f"{name}.trace.json": chain.proof_file(name).decode() for name in documents},
    }
