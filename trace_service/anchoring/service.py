"""From sealed to final: one pass at a time, each pass looking at the database and the chain and doing the
next thing.

What is anchored is what the registry says (`batchAt`), never what a receipt says: a receipt may vanish
with its block, and somebody else may have sent the same authorised batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy.engine import Connection, Engine

from trace_service import database
from trace_service.anchoring import queries
from trace_service.anchoring.authorise import Authorisation, authorise
from trace_service.anchoring.keyring import Keyring
from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from trace_service.evm import eip712, finality
from trace_service.evm.abi import codec
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainRefused
from trace_service.evm.registry import Authority
from trace_service.evm.sender import Intent, Sender
from trace_service.evm.wire import Call
from trace_service.holdpoints import hold

log = logging.getLogger(__name__)

MAX_BATCHES_PER_TRANSACTION = 64  # about 5 million gas: fits any block, and a revert costs little
GAS_MARGIN_PERCENT = (
    125  # of the estimate: a request that was a repeat when estimated may not be one when mined
)
RETRY_REFUSED = timedelta(seconds=60)  # a refused batch waits for its organisation, not for us
REFUSALS = (
    "None",
    "SequenceTaken",
    "SequenceAhead",
    "BatchNotValid",
    "NotAccredited",
    "KindsNotAccredited",
    "AccountNotAuthorised",
    "DeadlinePassed",
    "DeadlineTooFar",
    "SignatureNotValid",
    "UnknownPlane",
    "WordOutOfRange",
    "EmptyMask",
    "ReasonNotAllowed",
    "NonceNotCurrent",
)  # IAnchorRegistry.Refusal, by number


_Run = list[tuple[AnyRow, Authorisation]]  # batches of one organisation in the order of their sequences


@dataclass(frozen=True)
class Pass:
    """What one pass left behind. ``waiting`` batches are not final yet, ``refused`` ones the contract
    refuses.
    """

    waiting: int
    refused: int
    in_flight: int
    no_funds: bool


def refusal_name(error: ChainRefused) -> str:
    """The contract's reason in words: the Refusal's name where there is one, else the error's."""
    if error.error in ("BatchNotAnchored", "StatusNotSet"):
        code = int(error.arguments[-1])
        return REFUSALS[code] if code < len(REFUSALS) else str(code)
    return error.error or error.message


class Anchoring:
    """Brings sealed batches onto the chain and marks them anchored and final."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        chain: ChainSettings,
        keyring: Keyring,
        authority: Authority,
        sender: Sender,
        clock: Callable[[], datetime] = database.utc_now,
    ) -> None:
        self.engine = engine
        self.client = client
        self.chain = chain
        self.keyring = keyring
        self.authority = authority
        self.sender = sender
        self.clock = clock
        self.domain = eip712.Domain(chain.chain_id, chain.anchor_registry)

    def advance(self) -> Pass:
        """One pass. Raises `ChainUnavailable` when the chain cannot be asked; nothing is concluded then."""
        progress = self.sender.advance()
        with database.read(self.engine) as connection:
            rows = queries.not_final(connection)
        if rows:
            self._observe(rows, finality.view(self.client, self.chain))
            with database.read(self.engine) as connection:
                rows = queries.not_final(connection)
            self._send(self._ready(rows))
            with database.read(self.engine) as connection:
                rows = queries.not_final(connection)
        refused = sum(1 for row in rows if row.refused is not None)
        return Pass(len(rows), refused, progress.in_flight, progress.no_funds)

    # ----- what the chain says -----
    def _observe(self, rows: Sequence[AnyRow], view: finality.View) -> None:
        for org, group in groupby(rows, key=lambda row: bytes(row.org_id)):
            head = int(self._registry("head", org))
            for row in group:
                if row.sequence < head:
                    self._compare(row, view)
                elif row.anchored_at is not None:
                    log.warning("batch %s/%d left the chain (reorganisation)", row.did, row.sequence)
                    with database.write(self.engine) as connection:
                        queries.forget_anchor(connection, row.pk)

    def _compare(self, row: AnyRow, view: finality.View) -> None:
        found = self._registry("batchAt", row.org_id, row.sequence)
        if not _same(found, row):
            if row.refused != "SequenceTaken":
                log.critical("ALARM sequence %d of %s holds another root than ours", row.sequence, row.did)
                self._update(row.pk, refused="SequenceTaken", retry_at=self.clock() + RETRY_REFUSED)
            return
        anchored_at = int(found["anchoredAt"])
        with database.read(self.engine) as connection:
            mined = queries.mined_transaction(connection, row.pk)
            if mined is None and queries.in_flight(connection, row.pk):
                return  # mined since the sender looked: the next pass knows the transaction too
        values: dict[str, Any] = {"anchored_at": anchored_at, "refused": None, "retry_at": None}
        if mined is not None:
            values |= {
                "transaction_hash": mined.hash,
                "block_number": mined.block_number,
                "block_hash": mined.block_hash,
            }
        if self._is_final(row, anchored_at, view):
            values["final_at"] = self.clock()
        if any(getattr(row, name) != value for name, value in values.items()):
            hold("anchor.before_mark")
            self._update(row.pk, **values)

    def _is_final(self, row: AnyRow, anchored_at: int, view: finality.View) -> bool:
        if view.final_number is None:
            return view.latest.timestamp - anchored_at >= view.settle_seconds
        return _same(self._registry("batchAt", row.org_id, row.sequence, block=view.final_number), row)

    # ----- what to send -----
    def _ready(self, rows: Sequence[AnyRow]) -> list[_Run]:
        """For each organisation the batches that may go now: authorised, and the contract would take
        them.
        """
        chain_time = self.authority.chain_time()
        now = self.clock()
        runs = []
        for _, group in groupby(rows, key=lambda row: int(row.organisation_pk)):
            waiting = [row for row in group if row.anchored_at is None]
            runs.append(self._run(waiting[:MAX_BATCHES_PER_TRANSACTION], chain_time, now))
        return [run for run in runs if run]

    def _run(self, rows: Sequence[AnyRow], chain_time: int, now: datetime) -> _Run:
        """The first batches of one organisation without a gap: the contract takes them one after another.

        It is asked about the first alone, for the others would be ahead of it. One that it refuses all the
        same stays behind with those after it, and is asked about in the next pass.
        """
        run: _Run = []
        for row in rows:
            resting = row.retry_at is not None and row.retry_at > now
            gap = row.sequence != rows[0].sequence + len(run)
            if gap or resting or row.newest_proof > chain_time or self._in_flight(row.pk):
                break
            account = self.keyring.account("anchor", row.organisation_pk)
            given = authorise(self.engine, self.domain, row, account, chain_time, now)
            if not run and not self._simulate(row, given):
                break
            run.append((row, given))
        return run

    def _in_flight(self, batch_pk: int) -> bool:
        with database.read(self.engine) as connection:
            return queries.in_flight(connection, batch_pk)

    def _simulate(self, row: AnyRow, given: Authorisation) -> bool:
        data = codec("AnchorRegistry").call("anchor", [given.request])
        try:
            self.client.call_raw(self.chain.anchor_registry, data, sender=self.sender.account.address)
        except ChainRefused as error:
            reason = refusal_name(error)
            if row.refused != reason:
                log.error("ALARM batch %s/%d is refused: %s", row.did, row.sequence, reason)
            self._update(row.pk, refused=reason, retry_at=self.clock() + RETRY_REFUSED)
            return False
        return True

    def _send(self, runs: Sequence[_Run]) -> None:
        for part in _packed(runs):
            pks = [row.pk for row, _ in part]
            data = codec("AnchorRegistry").call("anchor", [given.request for _, given in part])
            estimate = self.client.estimate_gas(self.sender.account.address, self.chain.anchor_registry, data)
            gas = estimate * GAS_MARGIN_PERCENT // 100
            self.sender.submit(
                Intent("anchor", Call(self.chain.anchor_registry, data, gas)),
                lambda connection, pk, pks=pks: _link(connection, pk, pks),  # type: ignore[misc]
            )

    def _registry(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:
        return self.client.call(
            "AnchorRegistry", self.chain.anchor_registry, function, *arguments, block=block
        )

    def _update(self, pk: int, **values: Any) -> None:
        with database.write(self.engine) as connection:
            queries.update_batch(connection, pk, **values)


def _packed(runs: Sequence[_Run]) -> list[_Run]:
    """Runs put together into transactions. None is divided: gas of a batch whose predecessor is not mined
    yet cannot be estimated."""
    parts: list[_Run] = []
    for run in runs:
        if parts and len(parts[-1]) + len(run) <= MAX_BATCHES_PER_TRANSACTION:
            parts[-1] += run
        else:
            parts.append(list(run))
    return parts


def _link(connection: Connection, transaction_pk: int, batch_pks: Sequence[int]) -> bool:
    if any(queries.in_flight(connection, pk, besides=transaction_pk) for pk in batch_pks):
        return False
    queries.link(connection, transaction_pk, batch_pks)
    return True


def _same(found: Any, row: AnyRow) -> bool:
    """Whether the registry's batch is ours: root, count, kinds and format (who authorised it may differ)."""
    return (bytes(found["root"]), found["count"], found["kinds"], found["format"]) == (
        bytes(row.root),
        row.size,
        row.kinds,
        row.format,
    )
