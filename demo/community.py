"""An installation with its organisations: keys in directories of their own, accreditation, a signer each."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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

    def member(self, did: str) -> Member:
        """The member with this DID."""
        return next(member for member in self.members if member.did == did)

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
    members = read_members(home, ORGANISATIONS)
    with stage.step("1  A new installation on its own durable chain"):
        community = start_service(home, data_dir, passphrase, members, processes, stage)
    with stage.step("2  Four organisations, each with keys of its own"):
        with ThreadPoolExecutor() as pool:
            list(pool.map(_make_keys, members))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda member: _add(data_dir, passphrase, member), members))
        for member in members:  # one after the other: they are changes by one account, the owner's
            _accredit(data_dir, passphrase, member)
            stage.say(f"{member.name} ({', '.join(member.roles)}) is accredited on chain")
    for number, member in enumerate(members):
        processes.start(
            f"signer-{number}",
            "trace-service",
            "sign",
            *("--org-dir", member.directory, "--url", community.url, "--did", member.did, "--watch"),
            passphrase=member.passphrase,
        )
    return community


def start_service(
    home: Path,
    data_dir: Path,
    passphrase: str,
    members: tuple[Member, ...],
    processes: Processes,
    stage: Stage | None = None,
) -> Community:
    """Initialise an installation in ``data_dir`` and serve it; ``members`` are not enrolled yet."""
    own = ("--data-dir", data_dir)
    done = run("trace-service", "init", *own, "--operator", OPERATOR, "--embedded", passphrase=passphrase)
    ready = home / "ready.json"
    processes.start("service", "trace-service", "serve", *own, "--ready-file", ready, passphrase=passphrase)
    facts = processes.wait_ready("service", ready)
    if stage is not None:
        stage.show("trace-service init --data-dir service --operator … --embedded", done.stdout)
        stage.say(f"service at {facts['url']}, chain at {facts['rpc_url']}")
    return Community(home, data_dir, passphrase, facts["url"], int(facts["node_pid"]), members)


def read_members(home: Path, organisations: Path) -> tuple[Member, ...]:
    """The organisations listed in a JSON file; their key directories will be under ``home``."""
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
        for entry in json.loads(organisations.read_text("utf-8"))
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


def _add(data_dir: Path, passphrase: str, member: Member) -> None:
    names = ("--name", member.name, "--name-en", member.name_en)
    own = ("--data-dir", data_dir, "--org-dir", member.directory)
    run("trace-service", "org", "add", member.did, *names, *own, passphrase=passphrase)


def _accredit(data_dir: Path, passphrase: str, member: Member) -> None:
    own = ("--data-dir", data_dir, "--org-dir", member.directory)
    owner = ("--key-dir", data_dir.with_name(data_dir.name + "-owner"))
    roles = [word for role in member.roles for word in ("--role", role)]
    run("trace-service", "org", "accredit", member.did, *own, *owner, *roles, passphrase=passphrase)
