"""SQL of the sender."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.evm.tables import EvmTransaction

TX = table_of(EvmTransaction)


def live(connection: Connection, sender: bytes, chain_id: int) -> Sequence[AnyRow]:
    """Transactions whose nonce is not settled, by nonce, the newest of a nonce first."""
    where = (
        (TX.c.sender == sender)
        & (TX.c.chain_id == chain_id)
        & TX.c.settled_at.is_(None)
        & TX.c.abandoned_at.is_(None)
    )
    return connection.execute(sa.select(TX).where(where).order_by(TX.c.nonce, TX.c.pk.desc())).all()


def is_live(transaction: Any) -> sa.ColumnElement[bool]:
    """SQL: this transaction may still be mined."""
    return sa.and_(transaction.c.settled_at.is_(None), transaction.c.abandoned_at.is_(None))


def store(connection: Connection, values: dict[str, Any]) -> int:
    """Insert a signed transaction, or take up again the row that already has these very bytes."""
    found = connection.execute(sa.select(TX.c.pk).where(TX.c.hash == values["hash"])).scalar()
    if found is not None:
        again = {"settled_at": None, "abandoned_at": None, "sent_at": None, **_not_mined()}
        connection.execute(TX.update().where(TX.c.pk == found).values(**again))
        return int(found)
    inserted = connection.execute(TX.insert().values(**values).returning(TX.c.pk))
    return int(inserted.scalar_one())


def _not_mined() -> dict[str, Any]:
    return {"block_number": None, "block_hash": None, "succeeded": None, "gas_used": None}


def mark_sent(connection: Connection, pk: int, now: datetime) -> None:
    """The bytes went out; whether they arrived is the chain's to say."""
    connection.execute(TX.update().where(TX.c.pk == pk).values(sent_at=now))


def mark_mined(
    connection: Connection, pk: int, block_number: int, block_hash: bytes, succeeded: bool, gas_used: int
) -> None:
    """It is in a block that may still be replaced."""
    values = {
        "block_number": block_number,
        "block_hash": block_hash,
        "succeeded": succeeded,
        "gas_used": gas_used,
    }
    connection.execute(TX.update().where(TX.c.pk == pk).values(**values))


def mark_not_mined(connection: Connection, pk: int) -> None:
    """Its block is no longer canonical."""
    connection.execute(TX.update().where(TX.c.pk == pk).values(**_not_mined()))


def settle(connection: Connection, pk: int, sender: bytes, nonce: int, now: datetime) -> None:
    """Its block is final; the others of the nonce can never be mined."""
    connection.execute(TX.update().where(TX.c.pk == pk).values(settled_at=now))
    others = (TX.c.sender == sender) & (TX.c.nonce == nonce) & (TX.c.pk != pk) & is_live(TX)
    connection.execute(TX.update().where(others).values(abandoned_at=now))


def abandon(connection: Connection, pks: Sequence[int], now: datetime) -> None:
    """The nonce went to a transaction that is not ours."""
    connection.execute(TX.update().where(TX.c.pk.in_(pks)).values(abandoned_at=now))
