"""Everything that a worker works with, made once from settings, and the units of its work.

Each unit looks at database and chain, does what is missing, and may be interrupted anywhere and repeated:
durable workflows wrap them, but correctness rests on the units alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.engine import Engine

from trace_service import database
from trace_service.anchoring import queries, reconcile
from trace_service.anchoring.keyring import FileKeyring, Keyring
from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.release import release
from trace_service.anchoring.sealing import Sealed, SealingConflictError, is_due, seal
from trace_service.anchoring.selfcheck import make_verifier
from trace_service.anchoring.service import Anchoring
from trace_service.config import Settings
from trace_service.evm.checks import check_chain
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainUnavailable
from trace_service.evm.registry import Authority
from trace_service.evm.sender import Sender
from trace_service.migrate import check_version
from trace_service.status.relay import StatusRelay

log = logging.getLogger(__name__)

QUICK_SECONDS = 0.05  # between passes at first: a chain that mines on demand answers at once
SLOW_SECONDS = 1.0  # later: a public chain needs twelve seconds a block
QUICK_PASSES = 40
CHAIN_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Outstanding:
    """What is on its way: batches not final, status changes open, batches not released."""

    batches: int
    changes: int
    unreleased: int
    in_flight: int

    def __bool__(self) -> bool:
        return bool(self.batches or self.changes or self.unreleased or self.in_flight)


class Runtime:
    """The working parts of one worker process."""

    def __init__(self, settings: Settings, engine: Engine, keyring: Keyring) -> None:
        self.settings = settings
        self.engine = engine
        self.client = Client(settings.chain.rpc_url)
        self.authority = Authority(self.client, settings.chain)
        self.past_authority = Authority(self.client, settings.chain, cache_seconds=0.0)
        self.sender = Sender(engine, self.client, settings.chain, keyring.relayer())
        self.anchoring = Anchoring(engine, self.client, settings.chain, keyring, self.authority, self.sender)
        self.relay = StatusRelay(engine, self.client, settings.chain, keyring, self.sender)
        self.files = ProofFiles(settings.chain)
        self.verifier = make_verifier(settings)
        self.stopping = threading.Event()

    def check(self) -> None:
        """Refuse a chain that is not ours, then put back what it lost. Raises `ChainError`."""
        check_chain(self.client, self.settings.chain)
        reconcile.put_back_lost(self.engine, self.client, self.settings.chain)

    def wait_for_chain(self, stop: Callable[[float], bool]) -> bool:
        """As `check`, but a chain that is away is waited for.

        ``stop(seconds)`` waits, and returns True where a stop was asked for; then this returns False.
        """
        while True:
            try:
                self.check()
            except ChainUnavailable as error:
                log.error("ALARM the chain is away (%s): waiting", error)
                if stop(CHAIN_RETRY_SECONDS):
                    return False
            else:
                return True

    # ----- units of work -----
    def due(self) -> list[int]:
        """Organisations whose records should be sealed now."""
        now = database.utc_now()
        interval = timedelta(seconds=self.settings.seal_interval)
        with database.read(self.engine) as connection:
            return [
                organisation.pk
                for organisation in queries.organisations(connection)
                if is_due(connection, organisation.pk, now, self.settings.seal_count, interval)
            ]

    def seal(self, organisation_pk: int) -> Sealed | None:
        """Seal one organisation's records; None when somebody else did at the same moment."""
        with database.read(self.engine) as connection:
            found = queries.organisations(connection)
        organisation = next(row for row in found if row.pk == organisation_pk)
        reconcile.check_not_behind(self.engine, self.client, self.settings.chain, organisation)
        try:
            sealed = seal(self.engine, organisation_pk, self.authority, database.utc_now())
        except SealingConflictError:
            return None
        log.info(
            "sealed %s/%d: %d records (%d too early, %d held back)",
            organisation.did,
            sealed.sequence,
            sealed.count,
            sealed.early,
            sealed.held,
        )
        return sealed

    def advance(self) -> Outstanding:
        """One pass over everything that is on its way to the chain."""
        batches = self.anchoring.advance()
        changes = self.relay.advance()
        release(self.engine, self.files, self.verifier, self.past_authority)
        with database.read(self.engine) as connection:
            unreleased = len(queries.unchecked(connection, database.utc_now()))
        return Outstanding(batches.waiting, changes, unreleased, batches.in_flight)

    def outstanding(self) -> bool:
        """Whether a pass would find anything, from the database alone."""
        with database.read(self.engine) as connection:
            return queries.anything_on_its_way(connection, database.utc_now())

    def relay_for(self, seconds: float) -> Outstanding:
        """Passes until nothing is on its way, at most for ``seconds`` or until ``stopping`` is set."""
        end = time.monotonic() + seconds
        passes = 0
        while True:
            found = self.advance()
            passes += 1
            if not found or time.monotonic() >= end:
                return found
            if self.stopping.wait(QUICK_SECONDS if passes < QUICK_PASSES else SLOW_SECONDS):
                return found


def open_runtime(settings: Settings, rpc_url: str, passphrase: str) -> Runtime:
    """A runtime on the installation's own key files. Raises `SchemaVersionError` or `KeyFileError`."""
    engine = database.make_engine(settings.database_url)
    check_version(engine)
    with_url = replace(settings, chain=replace(settings.chain, rpc_url=rpc_url))
    return Runtime(with_url, engine, FileKeyring(settings.keys_dir, passphrase))
