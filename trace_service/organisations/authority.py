"""Whether a key may sign for an organisation: asked at the door, before a proof is stored.

The registry on chain has the last word (at sealing, and for every verifier). The door refuses what can be
known to be hopeless, so that nobody waits for a record that will never hold.
"""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.organisations.queries import ORGANISATION, RECORD_KEY


class AuthorityCheck(Protocol):
    """Answers from memory or the database, never from a network: it runs within a request."""

    def may_sign(self, connection: Connection, did: str, public_key: bytes) -> bool:
        """Whether ``public_key`` (32 bytes) may sign for the organisation ``did`` now. Raises nothing of its
        own."""
        ...


class KnownKeys:
    """The keys that organisations told this service of and have not ended."""

    def may_sign(self, connection: Connection, did: str, public_key: bytes) -> bool:
        """Whether the key is on the organisation's list and open."""
        found = connection.execute(
            sa.select(RECORD_KEY.c.pk)
            .join(ORGANISATION, ORGANISATION.c.pk == RECORD_KEY.c.organisation_pk)
            .where(
                ORGANISATION.c.did == did,
                RECORD_KEY.c.public_key == public_key,
                RECORD_KEY.c.ended_at.is_(None),
            )
        ).scalar()
        return found is not None
