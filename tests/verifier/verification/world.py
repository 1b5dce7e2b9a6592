"""A record with everything that a chain would say about it, in memory; tests change one fact at a time.

`World.verify()` runs the real `verify` on a real signed record; only the chain is a double, and it answers
with real `Evidence`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.records import (
    CHAIN_ID,
    FIRM,
    REGISTRY,
    SCHOOL,
    complete_document,
    complete_record,
)
from verifier_cli.canonical import canonical
from verifier_cli.chain import BlockRef, NoReading, Reading
from verifier_cli.did import is_organisation, org_id
from verifier_cli.encoding import parse_time
from verifier_cli.evidence import (
    Account,
    Batch,
    Evidence,
    EvidenceQuery,
    KeyWindow,
    PathStep,
    Period,
    SignerEvidence,
)
from verifier_cli.kinds import Role
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Record
from verifier_cli.report import Outcome, Report, Step
from verifier_cli.signature import signature_digest
from verifier_cli.trust import CodeHashes, Deployment, Trust
from verifier_cli.verify import verify

REGULATOR = "did:web:regulator.example"
OPERATOR = "did:web:operator.example"
ANCHORED_AT = parse_time("2026-07-02T09:00:00Z")
NOW = ANCHORED_AT + 86400
START = ANCHORED_AT - 365 * 86400
ALL_KINDS = (1 << 12) - 1
ACCOUNT = b"\xac" * 20
CODES = CodeHashes(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32)
HELD = {SCHOOL: 1 << Role.SCHOOL, FIRM: 1 << Role.LEADER}

DEPLOYMENT = Deployment(
    name="memory",
    chain_id=CHAIN_ID,
    genesis_hash=b"\x07" * 32,
    trust_registry=b"\x11" * 20,
    anchor_registry=bytes.fromhex(REGISTRY[2:]),
    evidence_reader=b"\x13" * 20,
    owner=b"\x14" * 20,
    operator=OPERATOR,
    code_hashes=CODES,
    finality="finalized",
)

ROOT_PERIOD = Period(START, 0, ALL_KINDS, ALL_KINDS, 1, 0, bytes(32))
ROOT_STEP = PathStep(org_id(REGULATOR), 0, ROOT_PERIOD, 0)
GOOD_KEY = KeyWindow(START, 0, 0)


def path_of(did: str) -> tuple[PathStep, ...]:
    """A sound two-step path: the organisation, accredited by the regulator, accredited by the owner."""
    period = Period(START, 0, ALL_KINDS, 0, HELD.get(did, 0), 0, org_id(REGULATOR))
    return PathStep(org_id(did), 0, period, 0), ROOT_STEP


class MemoryChain:
    """A chain reader that answers every question with the same reading, or the same trouble."""

    def __init__(self, answer: Reading | NoReading) -> None:
        self.answer = answer
        self.queries: list[EvidenceQuery] = []

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """Give the answer and remember the question."""
        self.queries.append(query)
        if isinstance(self.answer, NoReading):
            raise self.answer
        return self.answer


def block(number: int, timestamp: int) -> BlockRef:
    """A block reference with a hash of its own."""
    return BlockRef(number, number.to_bytes(32, "big"), (number - 1).to_bytes(32, "big"), timestamp)


@dataclass
class World:
    """A sound situation; tests change one member of it. `document` includes the proofs."""

    document: dict[str, Any]
    anchor: Anchor
    final: Evidence
    latest: Evidence | None = None
    deployment: Deployment = DEPLOYMENT
    trouble: NoReading | None = None
    checked_at: int = NOW
    block_time: int = NOW - 900
    head_time: int = NOW - 5
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def trust(self) -> Trust:
        """A trust file with the deployment alone."""
        return Trust((self.deployment,))

    def data(self) -> bytes:
        """The proof file."""
        return ProofFile.write(canonical(self.document), self.anchor)

    def chain(self) -> MemoryChain:
        """The reader that serves this world."""
        if self.trouble is not None:
            return MemoryChain(self.trouble)
        r, head = block(100, self.block_time), block(140, self.head_time)
        latest = self.final if self.latest is None else self.latest
        return MemoryChain(Reading(self.final, latest, r, head))

    def verify(self, data: bytes | None = None) -> Report:
        """Verify `data`, or the world's own proof file."""
        proof_file = self.data() if data is None else data
        return verify(proof_file, self.trust, self.chain(), self.checked_at, **self.options)

    # ----- changes -----

    def batch(self, **changes: Any) -> None:
        """Change the batch as the chain shows it."""
        self.final = self.final._replace(batch=self.final.batch._replace(**changes))

    def account(self, **changes: Any) -> None:
        """Change the batch's account."""
        self.final = self.final._replace(account=self.final.account._replace(**changes))

    def key(self, index: int, **changes: Any) -> None:
        """Change the key window of a signer (0 is the issuer)."""
        self.signer(index, lambda signer: signer._replace(key=signer.key._replace(**changes)))

    def signer(self, index: int, change: Callable[[SignerEvidence], SignerEvidence]) -> None:
        """Change one signer's evidence."""
        signers = list(self.final.signers)
        signers[index] = change(signers[index])
        self.final = self.final._replace(signers=tuple(signers))

    def step(self, index: int, place: int, *, now: bool = False, **changes: Any) -> None:
        """Change one step of a signer's path; period members and `distrusted_from` by name."""

        def change(signer: SignerEvidence) -> SignerEvidence:
            path = list(signer.path_now if now else signer.path)
            found = path[place]
            own = {key: changes[key] for key in ("distrusted_from", "org", "period_index") if key in changes}
            period = {key: value for key, value in changes.items() if key not in own}
            path[place] = found._replace(period=found.period._replace(**period), **own)
            return signer._replace(path_now=tuple(path)) if now else signer._replace(path=tuple(path))

        self.signer(index, change)

    def status(self, bits: int) -> None:
        """Set the status bits at block R."""
        self.final = self.final._replace(status=bits)

    def trust_file(self, **changes: Any) -> None:
        """Change the deployment in the trust file."""
        self.deployment = replace(self.deployment, **changes)

    def sign_again(self, document: dict[str, Any], created: str = "2026-07-02T08:00:00Z") -> None:
        """Put another document in, signed and anchored, so that only its contents differ."""
        bare = {name: member for name, member in document.items() if name != "proof"}
        self.document = complete_document(bare, created)
        self.anchor_document()

    def anchor_document(self) -> None:
        """Anchor the document as it is now: between two other leaves."""
        record = Record.parse(canonical(self.document))
        leaves = [bytes(32), leaf_hash(record.digest, signature_digest(record.native_proofs)), b"\x01" * 32]
        tree = Tree(leaves)
        self.anchor = replace(self.anchor, path=tuple(tree.path(1)))
        self.batch(root=tree.root)


def make_world(schema: str = "credential.1", **changes: Any) -> World:
    """A world in which the sample record of `schema` is VALID; `changes` as for `sample_document`."""
    record = complete_record(schema, **changes)
    batch = Batch(bytes(32), ACCOUNT, ANCHORED_AT, 3, ALL_KINDS, 1)
    signers = tuple(
        SignerEvidence(GOOD_KEY, path_of(did), path_of(did)) for did in record.signers if is_organisation(did)
    )
    evidence = Evidence(
        chain_id=CHAIN_ID,
        block_number=100,
        timestamp=NOW - 900,
        parent_hash=bytes(32),
        trust_code_hash=CODES.trust_registry,
        anchor_code_hash=CODES.anchor_registry,
        reader_code_hash=CODES.evidence_reader,
        trust_registry=DEPLOYMENT.trust_registry,
        head=1,
        batch=batch,
        account=Account(START, 0, 0, 1),
        status=0,
        signers=signers,
    )
    document = {**record.document, "proof": list(record.proofs)}
    world = World(document, Anchor(CHAIN_ID, REGISTRY, 0, 1, ()), evidence)
    world.anchor_document()
    return world


def outcome(report: Report, step: Step) -> tuple[Outcome, str | None]:
    """Outcome and reason of one step."""
    result = report.step(step)
    return result.outcome, result.reason
