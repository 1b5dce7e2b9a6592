"""Annulling a revocation: the accreditor's own call with a manage account, which no service holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from trace_service.config import Settings
from trace_service.database import read
from trace_service.evm.abi import codec
from trace_service.evm.checks import check_chain
from trace_service.evm.client import Client
from trace_service.evm.transact import transact
from trace_service.problems import not_found
from trace_service.status.queries import ORGANISATION, RECORD
from trace_service.status.reasons import WORD_BITS, Plane, Reason

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


def annul_now(
    settings: Settings,
    engine: Engine,
    rpc_url: str,
    account: LocalAccount,
    record_id: str,
    *,
    superseded: bool = False,
) -> None:
    """Clear plane 0 (or 2) of a record by a direct call of ``account``; waits until it is mined.

    Raises `Problem` 404 for an unknown record and `ChainRefused` where the account is not the accreditor's.
    """
    query = (
        sa.select(RECORD.c.status_number, ORGANISATION.c.org_id)
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .where(RECORD.c.id == record_id)
    )
    with read(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise not_found("record")
    client = Client(rpc_url)
    check_chain(client, settings.chain)
    registry = settings.chain.anchor_registry
    request = {
        "org": row.org_id,
        "plane": int(Plane.SUPERSEDED if superseded else Plane.REVOKED),
        "word": row.status_number // WORD_BITS,
        "mask": 1 << (row.status_number % WORD_BITS),
        "on": False,
        "reason": int(Reason.REVOCATION_ANNULLED),
        "account": account.address,
        "nonce": int(client.call("AnchorRegistry", registry, "annulments", row.org_id)),
        "deadline": 0,
        "signature": b"",
    }
    transact(client, account, registry, codec("AnchorRegistry").call("setStatus", request))
