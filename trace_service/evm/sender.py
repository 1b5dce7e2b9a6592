"""The relayer's transactions: stored, then sent, then looked up, until each one's nonce is settled.

The crash argument. A transaction is signed and committed to the database before the first byte leaves;
only then is it sent. Whatever happens afterwards (crash, lost acknowledgement, drop, reorganisation),
`Sender.advance` finds the row, asks the chain by the locally computed hash, and sends the same bytes again
if the chain does not know them. The live path is `advance` too: there is no other code that sends. The
relayer has no authority, so a repeated or overtaken send can harm nobody; who may write what is decided by
the signatures inside the calldata.

Rules: reliability section 3. A *slot* is one nonce with every live transaction of ours that has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from eth_account.signers.local import LocalAccount
from sqlalchemy.engine import Connection, Engine

from trace_service import database
from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from trace_service.evm import fees, finality, queries
from trace_service.evm.client import Client, TxReceipt
from trace_service.evm.errors import ChainRefused
from trace_service.evm.wire import Call, fees_of, gas_of, sign, unpack
from trace_service.holdpoints import hold

log = logging.getLogger(__name__)

STUCK_SECONDS = 60.0  # five blocks of a public chain at a sufficient fee
FILL_GAS = 21_000  # a plain transfer
MAX_IN_FLIGHT = 16  # what geth's pool always keeps of one account


@dataclass(frozen=True)
class Intent:
    """A call to make, already simulated by the caller. ``purpose`` names it in the database and at hold
    points.
    """

    purpose: str
    call: Call


@dataclass(frozen=True)
class Progress:
    """State after a pass: nonces in flight, and whether the relayer lacks money to go on."""

    in_flight: int
    no_funds: bool


class Sender:
    """Transaction manager of one relayer account on one chain. All state is in ``evm_transaction``.

    Several processes may run one for the same account: nonces are given out inside one database transaction.
    """

    def __init__(
        self,
        engine: Engine,
        client: Client,
        chain: ChainSettings,
        account: LocalAccount,
        *,
        stuck_seconds: float = STUCK_SECONDS,
        clock: Callable[[], datetime] = database.utc_now,
    ) -> None:
        self.engine = engine
        self.client = client
        self.chain = chain
        self.account = account
        self.stuck_after = timedelta(seconds=stuck_seconds)
        self.clock = clock
        self.address: bytes = bytes.fromhex(account.address.removeprefix("0x"))

    # ----- new transactions -----
    def submit(self, intent: Intent, link: Callable[[Connection, int], bool]) -> int | None:
        """Sign and store a transaction, then send it; returns its row, or None when there was nothing to do.

        ``link(connection, pk)`` runs in the storing transaction: it ties the row to what it carries and
        returns False when somebody else was quicker, which rolls everything back. A send that fails leaves
        the stored bytes for the next `advance`.
        """
        pk = self.store(intent, link)
        if pk is None:
            return None
        hold(f"{intent.purpose}.before_send")
        self._send(pk)
        return pk

    def store(self, intent: Intent, link: Callable[[Connection, int], bool]) -> int | None:
        """The durable half of `submit`: after it returns, the transaction will be sent, crash or not."""
        offer = fees.market(self.client)
        pending = self.client.nonce(self.account.address, "pending")
        mined = self.client.nonce(self.account.address)
        try:
            with database.write(self.engine) as connection:
                nonce = self._free_nonce(connection, mined, pending)
                if nonce is None:
                    return None
                pk = queries.store(connection, self._signed(intent, nonce, offer))
                if not link(connection, pk):
                    raise _NothingToDo
                return pk
        except _NothingToDo:
            return None

    def _free_nonce(self, connection: Connection, mined: int, pending: int) -> int | None:
        """The lowest nonce that is neither mined, nor ours in flight, nor pending for somebody else."""
        ours = {row.nonce for row in queries.live(connection, self.address, self.chain.chain_id)}
        if len(ours) >= MAX_IN_FLIGHT:
            return None
        foreign = set(range(mined, pending)) - ours
        nonce = mined
        while nonce in ours or nonce in foreign:
            nonce += 1
        return nonce

    def _signed(self, intent: Intent, nonce: int, offer: fees.Fees) -> dict[str, Any]:
        chain_id = self.chain.chain_id
        raw, tx_hash = sign(self.account, chain_id, nonce, intent.call, offer)
        return {
            "chain_id": chain_id,
            "sender": self.address,
            "nonce": nonce,
            "hash": tx_hash,
            "raw": raw,
            "purpose": intent.purpose,
            "max_fee_per_gas": str(offer.cap),
            "max_priority_fee_per_gas": str(offer.tip),
            "created_at": self.clock(),
        }

    # ----- one pass -----
    def advance(self) -> Progress:
        """Look at every live slot and do the next thing for it. Safe to repeat, to interrupt, to run twice
        at once.

        Raises `ChainUnavailable` when the chain cannot be read: nothing is concluded then.
        """
        with database.read(self.engine) as connection:
            rows = queries.live(connection, self.address, self.chain.chain_id)
        if not rows:
            return Progress(0, False)
        view = finality.view(self.client, self.chain)
        mined = self.client.nonce(self.account.address)  # before the receipts, which can only grow
        final_nonce = mined if view.final_number is None else self._final_nonce(view.final_number)
        balance = self.client.balance(self.account.address)
        self._fill_gap(min(row.nonce for row in rows), mined)
        no_funds = False
        for nonce, group in groupby(rows, key=lambda row: int(row.nonce)):
            slot = list(group)
            if self._look_up(slot, view) or self._is_mined(slot):
                continue
            if nonce < final_nonce:
                self._abandon(slot)
            elif nonce >= mined:
                no_funds |= self._push(slot, balance, next_in_line=nonce == mined)
        return Progress(self.in_flight(), no_funds)

    def in_flight(self) -> int:
        """How many nonces are not settled."""
        with database.read(self.engine) as connection:
            return len({row.nonce for row in queries.live(connection, self.address, self.chain.chain_id)})

    def _final_nonce(self, final_number: int) -> int:
        return self.client.nonce(self.account.address, hex(final_number))

    def _is_mined(self, slot: list[AnyRow]) -> bool:
        """Whether one of the slot stands in a block that is not final yet."""
        pks = {row.pk for row in slot}
        with database.read(self.engine) as connection:
            rows = queries.live(connection, self.address, self.chain.chain_id)
        return any(row.block_number is not None for row in rows if row.pk in pks)

    def _look_up(self, slot: list[AnyRow], view: finality.View) -> bool:
        """Record what the chain says about each transaction of the slot; True once the slot is settled."""
        for row in slot:
            receipt = self.client.tx_receipt(row.hash)
            if receipt is None:
                if row.block_number is not None:
                    log.warning("transaction 0x%s left the chain (reorganisation)", row.hash.hex())
                    with database.write(self.engine) as connection:
                        queries.mark_not_mined(connection, row.pk)
                continue
            hold(f"{row.purpose}.after_receipt")
            return self._record_mined(row, receipt, view)
        return False

    def _record_mined(self, row: AnyRow, receipt: TxReceipt, view: finality.View) -> bool:
        block = self.client.block(receipt.block_number)
        if block is None or block.hash != receipt.block_hash:
            return False  # the chain is moving under us: look again next time
        final = view.is_final(block.number, block.timestamp)
        if not receipt.succeeded and row.succeeded is not False:
            log.error("transaction 0x%s was mined and reverted; it is not repeated", row.hash.hex())
        with database.write(self.engine) as connection:
            queries.mark_mined(
                connection, row.pk, block.number, block.hash, receipt.succeeded, receipt.gas_used
            )
            if final:
                queries.settle(connection, row.pk, self.address, row.nonce, self.clock())
        return final

    def _abandon(self, slot: list[AnyRow]) -> None:
        log.warning("nonce %d went to a foreign transaction; its work is taken up again", slot[0].nonce)
        with database.write(self.engine) as connection:
            queries.abandon(connection, [row.pk for row in slot], self.clock())

    def _push(self, slot: list[AnyRow], balance: int, *, next_in_line: bool) -> bool:
        """Get an unmined slot moving; True when money is missing."""
        row = slot[0]  # the newest replacement
        if balance < gas_of(row.raw) * int(row.max_fee_per_gas):
            log.error(
                "ALARM relayer %s has %d wei, too little for transaction 0x%s: top it up",
                self.account.address,
                balance,
                row.hash.hex(),
            )
            return True
        if not self.client.transaction_known(row.hash):
            self._send(row.pk)
        stuck = self.clock() - (row.sent_at or row.created_at) > self.stuck_after
        if next_in_line and stuck:
            self._replace(row)
        return False

    def _send(self, pk: int) -> None:
        """Send the stored bytes. A refusal is logged and decides nothing: the next pass asks the chain."""
        with database.write(self.engine) as connection:
            row = connection.execute(queries.TX.select().where(queries.TX.c.pk == pk)).one()
            if row.sent_at is None:
                queries.mark_sent(connection, pk, self.clock())
        try:
            self.client.send_raw(row.raw)
        except ChainRefused as error:
            log.warning("the node refused transaction 0x%s: %s", row.hash.hex(), error)
        hold(f"{row.purpose}.after_send")

    def _replace(self, row: AnyRow) -> None:
        """Same nonce, same call, at least 10 % more of both fees, within the limit."""
        offer = fees.replacement(fees_of(row), fees.market(self.client))
        if offer is None:
            log.error("ALARM transaction 0x%s is stuck and the fee limit is reached", row.hash.hex())
            return
        intent = Intent(row.purpose, unpack(row.raw))
        log.warning("replacing stuck 0x%s: fee cap %d, tip %d", row.hash.hex(), offer.cap, offer.tip)
        with database.write(self.engine) as connection:
            pk = queries.store(connection, self._signed(intent, row.nonce, offer))
        self._send(pk)

    def _fill_gap(self, lowest: int, mined: int) -> None:
        """A nonce below all of ours that nobody uses holds everything up: spend it on a payment of nothing
        to us.
        """
        if lowest <= mined or self.client.nonce(self.account.address, "pending") > mined:
            return
        log.warning("nonce %d is missing below %d: filling it", mined, lowest)
        nothing = Call(self.account.address, b"", FILL_GAS)
        self.submit(Intent("fill", nothing), lambda _connection, _pk: True)


class _NothingToDo(Exception):  # noqa: N818 - rolls a transaction back, never leaves this module
    pass
