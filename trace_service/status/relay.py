"""Status changes on their way to the chain: many bits of one word in one transaction.

The same kind of pass as anchoring: what is in force is what the registry's words say, never what a receipt
says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from eth_utils.address import to_checksum_address
from sqlalchemy.engine import Engine

from trace_service import database
from trace_service.anchoring.keyring import Keyring
from trace_service.anchoring.service import GAS_MARGIN_PERCENT, refusal_name
from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from trace_service.evm import eip712
from trace_service.evm.abi import codec
from trace_service.evm.client import Block, Client
from trace_service.evm.errors import ChainRefused
from trace_service.evm.sender import Intent, Sender
from trace_service.evm.wire import Call
from trace_service.status import queries
from trace_service.status.reasons import WORD_BITS, Plane

log = logging.getLogger(__name__)

VALID_SECONDS = 12 * 3600  # as for batches
NONCE_NOT_CURRENT = "NonceNotCurrent"


class Word(NamedTuple):
    """256 neighbouring status bits of one plane of one organisation."""

    org: bytes
    plane: int
    number: int


class Lane(NamedTuple):
    """What has one request under way at a time, so that what is asked for meanwhile goes together.

    The nonce of plane 1 counts the changes of all its words (`number` None); the bits of the other planes are
    set in any order.
    """

    org: bytes
    plane: int
    number: int | None


@dataclass(frozen=True)
class Group:
    """Changes that go in one request: same word, same direction, same reason."""

    word: Word
    on: bool
    reason: int
    organisation_pk: int
    rows: tuple[AnyRow, ...]

    @property
    def mask(self) -> int:
        """The bits to change."""
        return sum({1 << (row.status_number % WORD_BITS) for row in self.rows})


class StatusRelay:
    """Brings requested status changes onto the chain and marks them effective and final."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        chain: ChainSettings,
        keyring: Keyring,
        sender: Sender,
        clock: Callable[[], datetime] = database.utc_now,
    ) -> None:
        self.engine = engine
        self.client = client
        self.chain = chain
        self.keyring = keyring
        self.sender = sender
        self.clock = clock
        self.domain = eip712.Domain(chain.chain_id, chain.anchor_registry)

    def advance(self) -> int:
        """One pass; returns how many changes are still on their way. `Sender.advance` runs before it.

        Raises `ChainUnavailable` when the chain cannot be asked; nothing is concluded then.
        """
        with database.read(self.engine) as connection:
            rows = queries.open_changes(connection)
        if not rows:
            return 0
        head = self.client.latest()
        words: dict[Word, int] = {}
        first = _first_of_each_bit(rows)
        waiting = [row for row in first if not self._observe(row, words, head)]
        for group in _groups(waiting):
            self._send(group, head)
        return len(rows) - len(first) + len(waiting)

    def _observe(self, row: AnyRow, words: dict[Word, int], head: Block) -> bool:
        """Compare one change with the chain; True once it is final."""
        word = word_of(row)
        if word not in words:
            words[word] = int(self._registry("statusWord", word.org, word.plane, word.number))
        in_force = bool(words[word] >> (row.status_number % WORD_BITS) & 1) == bool(row.on)
        if not in_force or (row.tx_live and row.tx_block is None):
            if row.effective_at is not None:
                self._update([row.pk], effective_at=None)
            return False
        final = not row.tx_live  # settled, or in force before we sent anything
        values: dict[str, Any] = {"effective_at": row.effective_at or self._time_of(row, head)}
        if final:
            values["final_at"] = self.clock()
        if any(getattr(row, name) != value for name, value in values.items()):
            self._update([row.pk], **values)
        return final

    def _time_of(self, row: AnyRow, head: Block) -> int:
        block = None if row.tx_block is None else self.client.block(row.tx_block)
        return head.timestamp if block is None else block.timestamp

    def _send(self, group: Group, head: Block) -> None:
        account = self.keyring.account("status", group.organisation_pk)
        message = eip712.SetStatus(
            org=group.word.org,
            plane=group.word.plane,
            word=group.word.number,
            mask=group.mask,
            on=group.on,
            reason=group.reason,
            account=to_checksum_address(account.address),
            nonce=self._nonce(group.word),
            deadline=head.timestamp + VALID_SECONDS,
        )
        request = eip712.request(message, eip712.sign(self.domain, message, account))
        data = codec("AnchorRegistry").call("setStatus", request)
        pks = [row.pk for row in group.rows]
        try:
            gas = self.client.estimate_gas(self.sender.account.address, self.chain.anchor_registry, data)
        except ChainRefused as error:
            reason = refusal_name(error)
            if reason == NONCE_NOT_CURRENT:
                log.info("another change was mined meanwhile; the next pass signs with the new nonce")
                return
            log.error("ALARM a status change is refused: %s", error)
            self._update(pks, refused=reason)
            return
        call = Call(self.chain.anchor_registry, data, gas * GAS_MARGIN_PERCENT // 100)
        self.sender.submit(Intent("status", call), lambda connection, pk: queries.link(connection, pk, pks))

    def _nonce(self, word: Word) -> int:
        if word.plane == Plane.SUSPENDED:
            return int(self._registry("statusNonce", word.org))
        return int(self._registry("annulments", word.org))

    def _registry(self, function: str, *arguments: Any) -> Any:
        return self.client.call("AnchorRegistry", self.chain.anchor_registry, function, *arguments)

    def _update(self, pks: Sequence[int], **values: Any) -> None:
        with database.write(self.engine) as connection:
            queries.update(connection, pks, **values)


def word_of(row: AnyRow) -> Word:
    """The word that a change's bit is in."""
    return Word(bytes(row.org_id), row.plane, row.status_number // WORD_BITS)


def _first_of_each_bit(rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The earliest open change of each bit: a later one of the same bit must wait until it is final."""
    first: dict[tuple[int, int], AnyRow] = {}
    for row in rows:
        first.setdefault((row.record_pk, row.plane), row)
    return list(first.values())


def _lane_of(row: AnyRow) -> Lane:
    word = word_of(row)
    return Lane(word.org, word.plane, None if word.plane == Plane.SUSPENDED else word.number)


def _groups(rows: Sequence[AnyRow]) -> list[Group]:
    """What can be sent now: of each free lane its earliest change, and those that fit into that request."""
    busy = {_lane_of(row) for row in rows if row.tx_live and row.tx_block is None}
    members: dict[Lane, list[AnyRow]] = {}
    for row in rows:
        if row.tx_live or _lane_of(row) in busy:
            continue
        found = members.setdefault(_lane_of(row), [])
        if not found or _together(found[0], row):
            found.append(row)
    return [
        Group(word_of(found[0]), bool(found[0].on), found[0].reason, found[0].organisation_pk, tuple(found))
        for found in members.values()
    ]


def _together(first: AnyRow, row: AnyRow) -> bool:
    return (word_of(first), first.on, first.reason) == (word_of(row), row.on, row.reason)
