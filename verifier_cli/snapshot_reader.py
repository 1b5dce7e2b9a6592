"""A snapshot as a chain reader: the very evidence that EvidenceReader gave at the snapshot's block."""

from __future__ import annotations

from typing import Final

from verifier_cli.authority import MAX_DEPTH
from verifier_cli.chain import NoReading, Reading
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
from verifier_cli.snapshot import OrganisationState, Pins, Snapshot
from verifier_cli.trust import Deployment

__all__ = ["SnapshotReader", "pins_of"]

_NO_BATCH: Final = Batch(bytes(32), bytes(20), 0, 0, 0, 0)
_NO_KEY: Final = KeyWindow(0, 0, 0)
_NO_ACCOUNT: Final = Account(0, 0, 0, 0)
_NO_WORD: Final = (0, 0, 0)


def pins_of(deployment: Deployment) -> Pins:
    """What a snapshot of this deployment must name."""
    return Pins(
        deployment.chain_id,
        deployment.genesis_hash,
        deployment.trust_registry,
        deployment.anchor_registry,
        deployment.evidence_reader,
        deployment.code_hashes,
    )


class SnapshotReader:
    """A `ChainReader` over one snapshot; sends no request.

    Reasons of its own: snapshot_other_deployment, snapshot_not_final_one, snapshot_too_old, not_covered.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._source = "snapshot" if snapshot.signer is None else f"snapshot signed by {snapshot.signer}"
        self._checked: Deployment | None = None

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """See `ChainReader.read`."""
        if deployment is not self._checked:
            self._check_deployment(deployment)
            self._checked = deployment
        self._check_age(deployment, now)
        evidence = self._evidence(query)
        block = self._snapshot.block
        return Reading(evidence, evidence, block, block, self._source, 1, 0)

    def _check_deployment(self, deployment: Deployment) -> None:
        if self._snapshot.pins != pins_of(deployment):
            raise NoReading("snapshot_other_deployment", f"chain {self._snapshot.pins.chain_id}")
        if deployment.state == "frozen" and self._snapshot.sha256 != deployment.final_snapshot_sha256:
            raise NoReading("snapshot_not_final_one", f"SHA-256 0x{self._snapshot.sha256.hex()}")

    def _check_age(self, deployment: Deployment, now: int) -> None:
        age = now - self._snapshot.block.timestamp
        if age < -deployment.max_skew:
            raise NoReading("head_in_future", f"the snapshot is {-age} s in the future")
        # A chain that has ended says nothing new: its final snapshot does not age.
        if deployment.state != "frozen" and age > deployment.snapshot_max_age:
            raise NoReading("snapshot_too_old", f"{age} s old, at most {deployment.snapshot_max_age} s")

    def _evidence(self, query: EvidenceQuery) -> Evidence:
        pins, block = self._snapshot.pins, self._snapshot.block
        state = self._state(query.org)
        if state.batches is None or state.status is None:
            raise _not_covered(query.org)
        batch = state.batches[query.sequence] if query.sequence < len(state.batches) else _NO_BATCH
        then = batch.anchored_at or block.timestamp
        return Evidence(
            pins.chain_id,
            block.number,
            block.timestamp,
            block.parent_hash,
            pins.code_hashes.trust_registry,
            pins.code_hashes.anchor_registry,
            pins.code_hashes.evidence_reader,
            pins.trust_registry,
            state.head,
            batch,
            state.accounts.get(batch.account, _NO_ACCOUNT),
            _status_bits(state.status, query.status_number),
            tuple(
                SignerEvidence(
                    self._state(org).keys.get(key, _NO_KEY),
                    self._path(org, then),
                    self._path(org, block.timestamp),
                )
                for org, key in query.signers
            ),
        )

    def _state(self, org: bytes) -> OrganisationState:
        state = self._snapshot.organisations.get(org)
        if state is None:
            raise _not_covered(org)
        return state

    def _path(self, org: bytes, time: int) -> tuple[PathStep, ...]:
        """The walk of the contract: from the period that covers `time` through the periods named above it."""
        state = self._state(org)
        index = _covering(state.periods, time)
        if index is None:
            return ()
        steps: list[PathStep] = []
        while True:
            if index >= len(state.periods):
                raise _not_covered(org)
            period = state.periods[index]
            steps.append(PathStep(org, index, period, state.distrusted_from))
            if period.accreditor == bytes(32) or len(steps) == MAX_DEPTH:
                return tuple(steps)
            org, index = period.accreditor, period.accreditor_period
            state = self._state(org)


def _not_covered(org: bytes) -> NoReading:
    return NoReading("not_covered", f"organisation 0x{org.hex()}")


def _covering(periods: tuple[Period, ...], time: int) -> int | None:
    for index in range(len(periods) - 1, -1, -1):
        period = periods[index]
        if period.start <= time and (period.end == 0 or time < period.end):
            return index
    return None


def _status_bits(status: object, number: int) -> int:
    assert isinstance(status, dict)
    planes = status.get(number >> 8, _NO_WORD)
    shift = number & 0xFF
    return sum((plane >> shift & 1) << bit for bit, plane in enumerate(planes))
