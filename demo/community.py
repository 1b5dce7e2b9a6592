"""An installation with its organisations: keys in directories of their own, accreditation, a signer each."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.processes import Processes, run
from demo.stage import Stage

OPERATOR = "did:web:operator.example"
ORGANISATIONS = Path(__file__).parent.parent / "samples" / "organisations.json"
HTTP_SECONDS = 120.0


@dataclass(frozen=True)
class Member:
    """An organisation with its own key directory and the passphrase of its keys."""

    did: str
    name: str
    name_en: str
    roles: tuple[str, ...]
    uploader: bool
    directory: Path
    passphrase: str

    def api_key(self) -> str:
        """The key that its software presents to the service."""
        return (self.directory / "api-key").read_text("ascii").strip()


@dataclass(frozen=True)
class Community:
    """The running service and its members."""

    home: Path
    data_dir: Path
    passphrase: str
    url: str
    chain_pid: int
    members: tuple[Member, ...]

    @property
    def school(self) -> Member:
        """Who uploads the workbook."""
        return next(member for member in self.members if member.uploader)

    @property
    def trust_file(self) -> Path:
        """What a verifier is given beforehand."""
        return self.data_dir / "trust.toml"

    def client(self, member: Member) -> httpx.Client:
        """The service as ``member`` sees it."""
        headers = {"Authorization": f"Bearer {member.api_key()}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=HTTP_SECONDS)


def set_up(home: Path, processes: Processes, stage: Stage) -> Community:
    """Create an installation under ``home``, start it, accredit the sample's organisations, start signers."""
    data_dir = home / "service"
    passphrase = secrets.token_urlsafe(24)
    with stage.step("1  A new installation on its own durable chain"):
        done = run(
            "trace-service",
            "init",
            "--data-dir",
            data_dir,
            "--operator",
            OPERATOR,
            "--embedded",
            passphrase=passphrase,
        )
        stage.show("trace-service init --data-dir service --operator … --embedded", done.stdout)
        ready = home / "ready.json"
        processes.start(
            "service",
            "trace-service",
            "serve",
            "--data-dir",
            data_dir,
            "--ready-file",
            ready,
            passphrase=passphrase,
        )
        facts = processes.wait_ready("service", ready)
        stage.say(f"service at {facts['url']}, chain at {facts['rpc_url']}")
    with stage.step("2  Four organisations, each with keys of its own"):
        members = _members(home)
        with ThreadPoolExecutor() as pool:
            list(pool.map(_make_keys, members))
        for member in members:
            _enrol(data_dir, passphrase, member)
            stage.say(f"{member.name} ({', '.join(member.roles)}) is accredited on chain")
    community = Community(home, data_dir, passphrase, facts["url"], _chain_pid(facts), members)
    for number, member in enumerate(members):
        processes.start(
            f"signer-{number}",
            "trace-service",
            "sign",
            *("--org-dir", member.directory, "--url", community.url, "--did", member.did, "--watch"),
            passphrase=member.passphrase,
        )
    return community


def _members(home: Path) -> tuple[Member, ...]:
    return tuple(
        Member(
            did=entry["did"],
            name=entry["name_zh"],
            name_en=entry["name_en"],
            roles=tuple(entry["roles"]),
            uploader=entry["uploader"],
            directory=home / "organisations" / entry["did"].removeprefix("did:web:"),
            passphrase=secrets.token_urlsafe(24),
        )
        for entry in json.loads(ORGANISATIONS.read_text("utf-8"))
    )


def _make_keys(member: Member) -> None:
    member.directory.mkdir(parents=True, mode=0o700)
    for name, kind in (("record.json", "record"), ("manage.json", "account")):
        run(
            "trace-service",
            "keys",
            "create",
            member.directory / name,
            "--kind",
            kind,
            passphrase=member.passphrase,
        )


def _enrol(data_dir: Path, passphrase: str, member: Member) -> None:
    own = ("--data-dir", data_dir, "--org-dir", member.directory)
    run(
        *(
            "trace-service",
            "org",
            "add",
            member.did,
            "--name",
            member.name,
            "--name-en",
            member.name_en,
            *own,
        ),
        passphrase=passphrase,
    )
    roles = [word for role in member.roles for word in ("--role", role)]
    owner = ("--key-dir", data_dir.with_name(data_dir.name + "-owner"))
    run("trace-service", "org", "accredit", member.did, *own, *owner, *roles, passphrase=passphrase)


def _chain_pid(facts: dict[str, Any]) -> int:
    return int(facts["node_pid"])
