"""A snapshot as the chain's side of an audit: taken from one's own nodes for this run, or given as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verifier_cli.audit.facts import NOT_COVERED
from verifier_cli.audit.witnesses import SignerUse
from verifier_cli.authority import Objection, judge_account, judge_key, judge_path
from verifier_cli.chain import NoReading
from verifier_cli.did import org_id
from verifier_cli.evidence import Batch, Evidence, EvidenceQuery
from verifier_cli.kinds import SIGNER_ROLES, Kind
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_reader import SnapshotReader, pins_of
from verifier_cli.trust import Deployment


class SnapshotFacts:
    """`ChainFacts` over a snapshot. Authority is judged by the very functions of step 7."""

    def __init__(self, snapshot: Snapshot, deployment: Deployment, now: int) -> None:
        """Hold the snapshot against the trust file and its age limit at ``now``.

        Raises:
            NoReading: of another deployment, too old, or from the future.
        """
        self._snapshot = snapshot
        self._deployment = deployment
        self._reader = SnapshotReader(snapshot)
        covered = self.organisations()
        if covered:
            self._reader.read(deployment, EvidenceQuery(covered[0], 0, 0, ()), now)
        elif snapshot.pins != pins_of(deployment):
            raise NoReading("snapshot_other_deployment", f"chain {snapshot.pins.chain_id}")

    @property
    def snapshot(self) -> Snapshot:
        """What these facts are read from."""
        return self._snapshot

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""
        return self._snapshot.pins.chain_id

    @property
    def registry(self) -> str:
        """The AnchorRegistry, lower-case hex with 0x."""
        return f"0x{self._snapshot.pins.anchor_registry.hex()}"

    @property
    def block_number(self) -> int:
        """The snapshot's block."""
        return self._snapshot.block.number

    @property
    def block_hash(self) -> str:
        """Its hash."""
        return f"0x{self._snapshot.block.hash.hex()}"

    @property
    def block_time(self) -> int:
        """Its time."""
        return self._snapshot.block.timestamp

    def organisations(self) -> Sequence[bytes]:
        """Organisations that the snapshot covers wholly."""
        return [org for org, state in self._snapshot.organisations.items() if state.batches is not None]

    def covers(self, org: bytes) -> bool:
        """Whether batches and status of the organisation are known; one that the registry lacks has none."""
        state = self._snapshot.organisations.get(org)
        return state is None or state.batches is not None

    def batches(self, org: bytes) -> Sequence[Batch]:
        """Headers from sequence 0."""
        state = self._snapshot.organisations.get(org)
        return () if state is None or state.batches is None else state.batches

    def status_words(self, org: bytes) -> Mapping[tuple[int, int], int]:
        """Words with a bit set, by (plane, word)."""
        state = self._snapshot.organisations.get(org)
        status = {} if state is None or state.status is None else state.status
        return {
            (plane, word): bits
            for word, planes in status.items()
            for plane, bits in enumerate(planes)
            if bits
        }

    def signer_fault(self, org: bytes, sequence: int, use: SignerUse) -> Objection | None:
        """Step 7 for one signer of the batch."""
        signer = org_id(use.signer)
        try:
            evidence = self._evidence(org, sequence, ((signer, use.key),))
        except NoReading as trouble:
            return Objection(NOT_COVERED, f"0x{signer.hex()} in the snapshot", trouble.detail)
        time = evidence.batch.anchored_at
        mask = 0
        for role in use.roles:
            mask |= SIGNER_ROLES.get(role, 0)
        found = evidence.signers[0]
        objection = judge_key(found.key, time)
        if objection is None:
            objection = judge_path(found.path, signer, Kind(use.kind), mask, time, self._deployment)
        return objection

    def account_fault(self, org: bytes, sequence: int) -> Objection | None:
        """Step 7 for the account that anchored the batch."""
        evidence = self._evidence(org, sequence, ())
        return judge_account(evidence.account, evidence.batch.anchored_at)

    def _evidence(self, org: bytes, sequence: int, signers: tuple[tuple[bytes, bytes], ...]) -> Evidence:
        # The age was judged once, for the whole run: a long audit must not outlive its own snapshot.
        query = EvidenceQuery(org, sequence, 0, signers)
        return self._reader.read(self._deployment, query, self.block_time).final
