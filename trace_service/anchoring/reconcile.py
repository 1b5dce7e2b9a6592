"""At start: do database and chain belong together? (faults 12 and 13 of the reliability notes)

A chain that is ahead means that the database is older than it should be: going on would sign a second
history, so that organisation stops. A chain that is behind has lost blocks: what we called anchored is put
back and sent again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from trace_service import database
from trace_service.anchoring import queries
from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainError

log = logging.getLogger(__name__)


@dataclass
class ChainAhead(ChainError):  # noqa: N818 - says what is so
    """The chain has batches of an organisation that this database never sealed."""

    did: str
    on_chain: int
    here: int

    def __str__(self) -> str:
        return (
            f"{self.did} has {self.on_chain} batches on chain and {self.here} in the database, which is"
            " older than the chain: restore a newer backup or run `trace-service fsck`"
        )


def check_not_behind(engine: Engine, client: Client, chain: ChainSettings, organisation: AnyRow) -> None:
    """Raise `ChainAhead` when the chain knows batches of the organisation that the database does not."""
    head = int(client.call("AnchorRegistry", chain.anchor_registry, "head", organisation.org_id))
    with database.read(engine) as connection:
        here = queries.next_sequence(connection, organisation.pk)
    if head > here:
        raise ChainAhead(organisation.did, head, here)


def put_back_lost(engine: Engine, client: Client, chain: ChainSettings) -> int:
    """Put back every batch that the chain no longer has; returns how many.

    A node that is merely behind says the same as one that lost blocks, so nothing is put back while the
    node has not reached the block of the newest anchored batch, unless it is the only node there is
    (finality "latest").
    """
    reached = client.latest().number
    lost = 0
    with database.read(engine) as connection:
        rows = [(o, queries.newest_anchored(connection, o.pk)) for o in queries.organisations(connection)]
    for organisation, newest in rows:
        if newest is None:
            continue
        head = int(client.call("AnchorRegistry", chain.anchor_registry, "head", organisation.org_id))
        if head > newest.sequence:
            continue
        if chain.finality == "finalized" and (newest.block_number or 0) > reached:
            log.warning("the node is behind block %s: waiting", newest.block_number)
            continue
        with database.write(engine) as connection:
            count = queries.reopen(connection, organisation.pk, head)
        log.critical("ALARM the chain lost %d batches of %s; they are sent again", count, organisation.did)
        lost += count
    return lost
