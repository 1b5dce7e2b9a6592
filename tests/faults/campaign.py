"""The campaign: clients at work, one process after another killed, and in the end the reckoning."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tests.faults.clients import BulkClient, Client, DirectClient, DraftClient, ImportClient, StatusClient
from tests.faults.ledger import Ledger
from tests.faults.reckoning import glance, reckon
from tests.faults.site import Site, Victim
from tests.faults.verdict import Verdict
from tests.faults.wire import Wire
from tests.support.installation import run
from tests.support.service import FIRM, OTHER, SCHOOL
from trace_service.anchoring.queries import BATCH, SIGNATURE
from trace_service.database import read

RANDOM = "random moment"
MAX_RANDOM_SECONDS = 1.0
DRAIN_SECONDS = 900  # `anchor` itself gives up after 600


@dataclass(frozen=True)
class Target:
    """Whom to kill, and where: a hold point, or at a random moment."""

    victim: Victim
    point: str = RANDOM


# A short campaign takes the first ones: the steps between acknowledgement and anchoring.
TARGETS = (
    Target(Victim.API, "record.before_commit"),
    Target(Victim.WORKER, "anchor.before_send"),
    Target(Victim.CHAIN, "evm_node.after_accept"),
    Target(Victim.WORKER, "seal.before_commit"),
    Target(Victim.API, "record.after_commit"),
    Target(Victim.WORKER, "anchor.after_send"),
    Target(Victim.CHAIN, "evm_node.before_commit"),
    Target(Victim.WORKER, "import.before_commit"),
    Target(Victim.SIGNER),
    Target(Victim.WORKER, "anchor.after_receipt"),
    Target(Victim.ALL),
    Target(Victim.WORKER, "seal.after_commit"),
    Target(Victim.API, "proofs.before_commit"),
    Target(Victim.WORKER, "anchor.after_authorise"),
    Target(Victim.CHAIN, "evm_node.after_commit"),
    Target(Victim.WORKER, "import.after_commit"),
    Target(Victim.API, "proofs.after_commit"),
    Target(Victim.WORKER, "anchor.before_mark"),
    Target(Victim.CHAIN),
    Target(Victim.WORKER, "status.before_send"),
    Target(Victim.API),
    Target(Victim.WORKER, "status.after_send"),
    Target(Victim.WORKER),
    Target(Victim.ALL, "anchor.after_send"),
    Target(Victim.WORKER, "status.after_receipt"),
    Target(Victim.ALL, "record.after_commit"),
    Target(Victim.ALL, "evm_node.before_commit"),
)


@dataclass
class Campaign:
    """One run over one installation. After `run`, ``verdict`` says what was found."""

    home: Path
    cycles: int
    targets: Sequence[Target] = TARGETS
    seed: int = 1
    build: str | None = None
    tell: Callable[[str], None] = lambda _line: None  # what happens, as it happens
    ledger: Ledger = field(default_factory=Ledger)
    kills: list[Target] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0
    _begun: float = 0.0

    def run(self) -> Verdict:
        """Set up, kill ``cycles`` times, drain, reckon. Raises `SiteError` where the service does not come
        back."""
        self._begun = time.monotonic()
        site = Site(self.home, self.build)
        try:
            site.set_up()
            self._say("set up")
            self._under_load(site)
            self._drain(site)
            self._say("drained")
            reckon(site, self.ledger, self.verdict)
        finally:
            code = site.stop()
        if code != 0:
            self.verdict.note(f"the service ended with {code} when it was asked to stop")
        self.seconds = time.monotonic() - self._begun
        return self.verdict

    def _under_load(self, site: Site) -> None:
        moments, stop = random.Random(self.seed), threading.Event()
        clients = self._clients(site, stop)
        for client in clients:
            client.start()
        try:
            for number in range(self.cycles):
                self.ledger.cycle = number
                self._cycle(site, self.targets[number % len(self.targets)], moments)
                if self.ledger.failures:
                    raise self.ledger.failures[0]
        finally:
            stop.set()
        for client in clients:
            site.wait_until(lambda client=client: not client.is_alive(), f"{client.name} to finish")  # type: ignore[misc]
        if self.ledger.failures:
            raise self.ledger.failures[0]

    def _clients(self, site: Site, stop: threading.Event) -> list[Client]:
        chain = site.settings.chain

        def parts(did: str) -> tuple[Wire, Ledger, threading.Event]:
            wire = Wire(site.url, site.place.api_key(did), self.ledger, site.up.wait)
            return wire, self.ledger, stop

        direct = DirectClient(site.signer_of(OTHER), (chain.chain_id, chain.anchor_registry), *parts(OTHER))
        return [
            direct,
            BulkClient(site.signer_of(OTHER), *parts(OTHER)),
            DraftClient(*parts(FIRM)),
            ImportClient(*parts(SCHOOL)),
            StatusClient(direct.ids, *parts(OTHER)),
        ]

    def _cycle(self, site: Site, target: Target, moments: random.Random) -> None:
        """One kill, and the proof that work goes on after it."""
        if target.point == RANDOM:
            time.sleep(moments.uniform(0, MAX_RANDOM_SECONDS))
            site.kill(target.victim)
        else:
            pid = site.aim(target.point)
            if pid not in site.pids(target.victim):
                self.verdict.note(f"{target.point} was reached by process {pid}, not by the {target.victim}")
            site.kill(target.victim)
            site.release_aim(target.point)
        before = self._work_done(site, target.victim)
        site.bring_back(target.victim)
        site.wait_until(
            lambda: self._work_done(site, target.victim) > before, f"the {target.victim} to work again"
        )
        self.kills.append(target)
        self._say(f"{len(self.kills):3}/{self.cycles}  {target.victim}: {target.point}")
        glance(site, self.ledger.cycle, self.verdict)

    def _work_done(self, site: Site, victim: Victim) -> int:
        """A number that grows only while this victim works."""
        if victim is Victim.API:
            return self.ledger.answers
        with read(site.engine) as connection:
            if victim is Victim.SIGNER:
                query = sa.select(sa.func.count()).where(
                    SIGNATURE.c.signer_did == SCHOOL, SIGNATURE.c.signed_at.is_not(None)
                )
            else:
                query = sa.select(sa.func.count()).where(BATCH.c.final_at.is_not(None))
            return int(connection.execute(query).scalar_one())

    def _say(self, line: str) -> None:
        self.tell(f"{time.monotonic() - self._begun:6.1f} s  {line}")

    def _drain(self, site: Site) -> None:
        done = run("anchor", "--now", "--data-dir", site.place.data_dir, seconds=DRAIN_SECONDS)
        if done.returncode != 0:
            self.verdict.note(f"anchor --now: {done.stderr.strip()[-300:]}")
