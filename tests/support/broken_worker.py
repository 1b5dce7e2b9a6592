"""A worker with one defect, for a test of the crash test: it sends a transaction before it stores it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import typer
from sqlalchemy.engine import Connection

from trace_service import database
from trace_service.evm import fees, queries
from trace_service.evm.sender import Intent, Sender
from trace_service.holdpoints import hold
from trace_service.worker.cli import worker


def _send_then_store(self: Sender, intent: Intent, link: Callable[[Connection, int], bool]) -> int | None:
    nonce = self.client.nonce(self.account.address, "pending")
    values = self._signed(intent, nonce, fees.market(self.client))
    self.client.send_raw(values["raw"])
    hold(f"{intent.purpose}.after_send")
    with database.write(self.engine) as connection:
        pk = queries.store(connection, values)
        link(connection, pk)
    return pk


if __name__ == "__main__":
    Sender.submit = _send_then_store  # type: ignore[method-assign]
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    typer.run(worker)
