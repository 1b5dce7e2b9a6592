"""An organisation's word for its batch: EIP-712 signatures by its anchor account, kept for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address
from sqlalchemy.engine import Engine

from trace_service import database
from trace_service.anchoring import queries
from trace_service.database import AnyRow
from trace_service.evm import eip712
from trace_service.holdpoints import hold

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

VALID_SECONDS = 12 * 3600  # the contract allows 24 h ahead; half leaves room for a node whose clock is behind
RENEW_SECONDS = 600  # sign anew when less than this is left: the transaction must still be mined in time


@dataclass(frozen=True)
class Authorisation:
    """A signature over an `AnchorBatch` message."""

    message: eip712.AnchorBatch
    signature: bytes

    @property
    def request(self) -> dict[str, Any]:
        """The contract's BatchRequest."""
        return eip712.request(self.message, self.signature)


def authorise(
    engine: Engine,
    domain: eip712.Domain,
    batch: AnyRow,
    account: LocalAccount,
    chain_time: int,
    now: datetime,
) -> Authorisation:
    """The stored authorisation of ``batch`` while it is good long enough, otherwise a new one of the same
    root.

    A new one is committed before it is used, so that what reaches the chain is always on file.
    """
    with database.read(engine) as connection:
        stored = queries.latest_authorisation(connection, batch.pk)
    holder = bytes.fromhex(account.address.removeprefix("0x"))
    if (
        stored is not None
        and stored.deadline >= chain_time + RENEW_SECONDS
        and bytes(stored.account) == holder
    ):
        return Authorisation(_message(batch, account.address, stored.deadline), bytes(stored.signature))
    message = _message(batch, account.address, chain_time + VALID_SECONDS)
    signature = eip712.sign(domain, message, account)
    with database.write(engine) as connection:
        queries.insert_authorisation(
            connection,
            {
                "batch_pk": batch.pk,
                "account": holder,
                "deadline": message.deadline,
                "signature": signature,
                "created_at": now,
            },
        )
    hold("anchor.after_authorise")
    return Authorisation(message, signature)


def _message(batch: AnyRow, address: str, deadline: int) -> eip712.AnchorBatch:
    return eip712.AnchorBatch(
        org=bytes(batch.org_id),
        sequence=batch.sequence,
        root=bytes(batch.root),
        count=batch.size,
        kinds=batch.kinds,
        format=batch.format,
        account=to_checksum_address(address),
        deadline=deadline,
    )
