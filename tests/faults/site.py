"""A whole installation in real processes: chain, worker and API under `trace-service serve`, a signer for
each organisation beside its own keys. Every process of it may be killed, and comes back.

`serve` brings its own children back; a person or a supervisor brings back `serve` and the signers, and here
that is `Site`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.engine import Engine

from tests.support.installation import COMMAND, PASSPHRASES, Installation, environment, run
from tests.support.service import FIRM, NAMES, OPERATOR, OTHER, SCHOOL
from trace_service.cli.org import MEMBER_SCOPES
from trace_service.cli.org import add as add_organisation
from trace_service.config import SETTINGS_FILE, Settings, load_settings
from trace_service.database import make_engine
from trace_service.evm.cli import accredit
from trace_service.keys.files import create, load_ed25519
from trace_service.signer.proofs import RecordSigner

ROLES = {FIRM: "member", OTHER: "member", SCHOOL: "school"}
WITH_SIGNER = (FIRM, SCHOOL)  # the other firm signs with software of its own
SEAL_SECONDS = 2  # so that something is always on its way to the chain
PATIENCE_SECONDS = 300.0  # for what takes seconds on an idle machine
POLL_SECONDS = 0.02
BROKEN_BUILD = "tests.faults.broken_build"


class Victim(StrEnum):
    """What is killed."""

    API = "API"
    WORKER = "worker"
    CHAIN = "chain"
    SIGNER = "signer"
    ALL = "everything"


class SiteError(Exception):
    """The installation does not do what it must; what it wrote is in its log files."""


class Site:
    """The installation in ``home``. ``build`` names a defect of `tests.faults.broken_build`, or none."""

    def __init__(self, home: Path, build: str | None = None) -> None:
        self.home = home
        self.place = Installation(home)
        self.holds = home / "holds"
        self.up = threading.Event()
        self.facts: dict[str, Any] = {}
        self._command = COMMAND if build is None else (sys.executable, "-m", BROKEN_BUILD, build)
        self._serve: subprocess.Popen[bytes] | None = None
        self._signers: dict[str, subprocess.Popen[bytes]] = {}
        self.settings: Settings
        self.engine: Engine

    # ----- making it -----
    def set_up(self) -> None:
        """Start the installation; where there is none yet, make it, with three accredited organisations."""
        self.holds.mkdir(exist_ok=True)
        fresh = not self.place.data_dir.exists()
        if fresh:
            self._create()
        self.settings = load_settings(self.place.data_dir)
        self.engine = make_engine(self.settings.database_url)
        self.start_service()
        for did in ROLES if fresh else ():
            self._enrol(did)
        for did in WITH_SIGNER:
            self.start_signer(did)

    def _create(self) -> None:
        done = run(
            "init",
            "--data-dir",
            self.place.data_dir,
            "--operator",
            OPERATOR,
            "--embedded",
            seconds=PATIENCE_SECONDS,
        )
        if done.returncode != 0:
            raise SiteError(done.stderr)
        settings = self.place.data_dir / SETTINGS_FILE
        text = settings.read_text("utf-8")
        settings.write_text(
            text.replace("\n[chain]", f"seal_interval = {SEAL_SECONDS}\n\n[chain]", 1), "utf-8"
        )

    def _enrol(self, did: str) -> None:
        data_dir, org_dir = self.place.data_dir, self.place.org_dir(did)
        create(org_dir / "record.json", "ed25519", PASSPHRASES[did])
        create(org_dir / "manage.json", "secp256k1", PASSPHRASES[did])
        # The commands themselves, in this process: as processes they would take most of a small campaign.
        with _passphrase(PASSPHRASES[OPERATOR]), contextlib.redirect_stdout(io.StringIO()):
            add_organisation(
                did, data_dir, NAMES[did], record_key=None, org_dir=org_dir, scopes=MEMBER_SCOPES
            )
            owner = data_dir.with_name(data_dir.name + "-owner")
            accredit(did, data_dir, owner, [ROLES[did]], kind=None, accreditor=None, org_dir=org_dir)

    def signer_of(self, did: str) -> RecordSigner:
        """The record key of an organisation, for software of its own."""
        return RecordSigner(did, load_ed25519(self.place.org_dir(did) / "record.json", PASSPHRASES[did]))

    # ----- processes -----
    @property
    def url(self) -> str:
        """Where the API answers; the same over restarts."""
        return str(self.facts["url"])

    def start_service(self) -> None:
        """Start `serve`, on its old port if it had one, and wait until it answers."""
        port = self.url.rpartition(":")[2] if self.facts else "0"
        ready = self.home / "ready.json"
        ready.unlink(missing_ok=True)
        arguments = ("serve", "--data-dir", self.place.data_dir, "--port", port, "--ready-file", ready)
        holds = {"TRACE_HOLD_DIR": str(self.holds)}
        self._serve = self._start("serve", OPERATOR, [*self._command, *map(str, arguments)], **holds)
        self.wait_until(ready.exists, "the service to answer")
        self.facts = json.loads(ready.read_text())
        self.up.set()

    def start_signer(self, did: str) -> None:
        """Start the signer of ``did``, watching."""
        arguments = ("sign", "--org-dir", self.place.org_dir(did), "--url", self.url, "--watch")
        name = f"sign-{self.place.org_dir(did).name}"
        self._signers[did] = self._start(name, did, [*COMMAND, *map(str, arguments)])

    def _start(self, name: str, did: str, command: list[str], **more: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, env=environment(did, **more), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something; raises `SiteError` where the service ends first, or patience does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self._serve is not None
            if self._serve.poll() is not None:
                raise SiteError(f"the service ended with {self._serve.returncode} before: {what}")
            if time.monotonic() > deadline:
                raise SiteError(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> int:
        """Stop everything as a person would; returns the exit code of `serve`."""
        for process in self._signers.values():
            _end(process)
        return _end(self._serve) if self._serve is not None else 0

    def client(self, did: str) -> httpx.Client:
        """The API as ``did`` sees it."""
        headers = {"Authorization": f"Bearer {self.place.api_key(did)}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    # ----- killing them -----
    def aim(self, point: str) -> int:
        """Let the next process that comes to ``point`` stop there; returns its id once one does."""
        target = self.holds / point
        target.touch()
        self.wait_until(lambda: not target.exists(), f"somebody to come to {point}")
        return int(next(self.holds.glob(f"{point}.*[0-9]")).suffix[1:])

    def release_aim(self, point: str) -> None:
        """Forget a kill that is done."""
        for path in self.holds.glob(f"{point}.*[0-9]"):
            path.unlink()

    def pids(self, victim: Victim) -> list[int]:
        """The processes that are this victim now; none while one is being started."""
        assert self._serve is not None
        if victim is Victim.API:
            return [self._serve.pid]
        if victim is Victim.SIGNER:
            return [self._signers[SCHOOL].pid]
        children = dict(_children(self._serve.pid))
        chain = [pid for pid, command in children.items() if "evm_node" in command]
        worker = [pid for pid, command in children.items() if "worker" in command]
        found = {Victim.CHAIN: chain, Victim.WORKER: worker}
        return found.get(victim) or (
            [self._serve.pid, *children, self._signers[SCHOOL].pid] if victim is Victim.ALL else []
        )

    def kill(self, victim: Victim) -> None:
        """kill -9."""
        self.wait_until(lambda: bool(self.pids(victim)), f"the {victim} to be there")
        if victim in (Victim.API, Victim.ALL):
            self.up.clear()
        for pid in self.pids(victim):
            os.kill(pid, signal.SIGKILL)

    def bring_back(self, victim: Victim) -> None:
        """Start again what nobody else starts again."""
        if victim in (Victim.API, Victim.ALL):
            assert self._serve is not None
            self._serve.wait()
            self.start_service()
        if victim in (Victim.SIGNER, Victim.ALL):
            self._signers[SCHOOL].wait()
            self.start_signer(SCHOOL)


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _children(parent: int) -> Iterator[tuple[int, str]]:
    """Process ids and command lines of the children of a process, from /proc."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if int(after_name[1]) == parent and after_name[0] != "Z":
            yield int(folder.name), command


@contextlib.contextmanager
def _passphrase(passphrase: str) -> Iterator[None]:
    before = os.environ.get("TRACE_PASSPHRASE")
    os.environ["TRACE_PASSPHRASE"] = passphrase
    try:
        yield
    finally:
        if before is None:
            del os.environ["TRACE_PASSPHRASE"]
        else:
            os.environ["TRACE_PASSPHRASE"] = before
