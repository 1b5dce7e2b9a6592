"""A whole installation for tests: the real command, real processes, each organisation with keys of
its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.service import FIRM, NAMES, OPERATOR, OTHER, SCHOOL

PASSPHRASES = {
    FIRM: "passphrase of the firm",
    SCHOOL: "passphrase of the school",
    OTHER: "passphrase of the other firm",
    OPERATOR: "of the operator",
}
START_SECONDS = 60
COMMAND = (sys.executable, "-m", "trace_service")


def run(
    *arguments: str | Path, did: str = OPERATOR, seconds: float = START_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run ``trace-service`` with the passphrase of ``did``, to its end, which must come in ``seconds``."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(did),
        capture_output=True,
        text=True,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def environment(did: str, **more: str) -> dict[str, str]:
    """The environment of a process that knows the passphrase of ``did`` and no other."""
    return {**os.environ, "TRACE_PASSPHRASE": PASSPHRASES[did], **more}


@dataclass
class Running:
    """A process with its log file."""

    process: subprocess.Popen[bytes]
    log: Path
    facts: dict[str, str | int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the service answers."""
        return str(self.facts["url"])

    def text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.terminate()
        return self.process.wait(START_SECONDS)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


@dataclass
class Installation:
    """Directories of an installation with firm and school."""

    home: Path

    @property
    def data_dir(self) -> Path:
        """The service's own directory."""
        return self.home / "service"

    def org_dir(self, did: str) -> Path:
        """The key directory of an organisation."""
        return self.home / did.rpartition(":")[2]

    def api_key(self, did: str) -> str:
        """The organisation's API key."""
        return (self.org_dir(did) / "api-key").read_text().strip()

    def client(self, service: Running, did: str) -> httpx.Client:
        """A client with that key."""
        headers = {"Authorization": f"Bearer {self.api_key(did)}"}
        return httpx.Client(base_url=service.url, headers=headers, trust_env=False, timeout=60)

    @contextmanager
    def serving(self, **variables: str) -> Iterator[Running]:
        """The service, without a worker; killed at the end if it still runs."""
        ready = self.home / "ready.json"
        ready.unlink(missing_ok=True)
        arguments: list[str | Path] = [
            "serve",
            "--data-dir",
            self.data_dir,
            "--no-worker",
            "--ready-file",
            ready,
        ]
        with self._process("serve.log", OPERATOR, arguments, variables) as running:
            wait_for(ready, running)
            running.facts = json.loads(ready.read_text())
            yield running

    @contextmanager
    def signing(self, did: str, url: str) -> Iterator[Running]:
        """The signer of ``did``, with its own passphrase, watching."""
        arguments: list[str | Path] = ["sign", "--org-dir", self.org_dir(did), "--url", url, "--watch"]
        with self._process(f"sign-{self.org_dir(did).name}.log", did, arguments, {}) as running:
            yield running

    @contextmanager
    def _process(
        self, log: str, did: str, arguments: list[str | Path], variables: dict[str, str]
    ) -> Iterator[Running]:
        path = self.home / log
        with path.open("ab") as output:
            process = subprocess.Popen(
                [*COMMAND, *map(str, arguments)],
                env=environment(did, **variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield Running(process, path)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(START_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def wait_for(path: Path, running: Running) -> None:
    """Wait until the process makes ``path``; fails with its log where it ends first."""
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        assert running.process.poll() is None, running.text()
        assert time.monotonic() < deadline, running.text()
        time.sleep(0.02)


def make_installation(home: Path) -> Installation:
    """Set everything up through the command line, as an operator would."""
    made = Installation(home)
    done = run("init", "--data-dir", made.data_dir, "--operator", OPERATOR, "--embedded")
    assert done.returncode == 0, done.stderr
    for did in (FIRM, SCHOOL):
        done = run("keys", "create", made.org_dir(did) / "record.json", did=did)
        assert done.returncode == 0, done.stderr
        done = run(
            "org",
            "add",
            did,
            "--data-dir",
            made.data_dir,
            "--name",
            NAMES[did],
            "--org-dir",
            made.org_dir(did),
        )
        assert done.returncode == 0, done.stderr
    return made
