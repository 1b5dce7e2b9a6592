"""An installation for the community sample: organisations enrolled and accredited, signers running."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from demo.community import Community, Member, read_members, start_service
from demo.processes import Processes
from trace_service.cli.options import open_installation
from trace_service.cli.org import API_KEY_FILE, DID_FILE, MEMBER_SCOPES, RECORD_KEY_FILE
from trace_service.config import Settings
from trace_service.database import write
from trace_service.evm.cli import MANAGE_KEY_FILE, SCOPES
from trace_service.evm.client import Client
from trace_service.evm.endpoint import open_chain
from trace_service.evm.registry import RegistryAdmin
from trace_service.keys.files import create, load_account, make_key_dir, write_secret
from trace_service.organisations import service
from trace_service.security import create_key
from verifier_cli.did import org_id
from verifier_cli.encoding import parse_multikey
from verifier_cli.kinds import Kind, Role, kind_mask, role_mask

SIGNER_PROCESSES = 2


@contextmanager
def installed(home: Path, organisations: Path) -> Iterator[tuple[Community, Processes]]:
    """A new installation under ``home`` with the organisations of a file, running until the block ends."""
    (home / "logs").mkdir(parents=True)
    data_dir, passphrase = home / "service", secrets.token_urlsafe(24)
    # One passphrase for all: in the sample nobody has anything to hide from the others.
    members = tuple(replace(item, passphrase=passphrase) for item in read_members(home, organisations))
    with Processes(home / "logs") as processes:
        community = start_service(home, data_dir, passphrase, members, processes)
        _enrol(data_dir, passphrase, members)
        for number in range(SIGNER_PROCESSES):
            directories = [member.directory for member in members[number::SIGNER_PROCESSES]]
            module = ("python", "-m", "demo.sample.signers")
            processes.start(f"signers-{number}", *module, community.url, *directories, passphrase=passphrase)
        yield community, processes


def _enrol(data_dir: Path, passphrase: str, members: Sequence[Member]) -> None:
    """What `org add` and `org accredit --org-dir` do for one, for all in one process."""
    settings, engine = open_installation(data_dir)
    with ThreadPoolExecutor() as pool:
        keys = list(pool.map(lambda member: _make_keys(member), members))
    changes = []
    for member, (record_key, manage) in zip(members, keys, strict=True):
        with write(engine) as connection:
            pk = service.register(connection, member.did, member.name, member.name_en)
            service.add_record_key(connection, member.did, record_key)
            scopes = frozenset(MEMBER_SCOPES.split(","))
            api_key = create_key(connection, pk, scopes, label=member.directory.name)
        write_secret(member.directory / API_KEY_FILE, api_key.encode() + b"\n")
        (member.directory / DID_FILE).write_text(member.did + "\n", "ascii")
        accounts = [(manage, SCOPES["manage"])]
        for scope in ("anchor", "status"):
            path = settings.keys_dir / f"{scope}-{pk}.json"
            accounts.append((create(path, "secp256k1", passphrase), SCOPES[scope]))
        changes.append((member, record_key, accounts))
    _accredit(settings, data_dir.with_name(data_dir.name + "-owner"), passphrase, changes)


def _make_keys(member: Member) -> tuple[str, str]:
    make_key_dir(member.directory)
    return (
        create(member.directory / RECORD_KEY_FILE, "ed25519", member.passphrase),
        create(member.directory / MANAGE_KEY_FILE, "secp256k1", member.passphrase),
    )


def _accredit(
    settings: Settings,
    owner: Path,
    passphrase: str,
    changes: Sequence[tuple[Member, str, list[tuple[str, int]]]],
) -> None:
    account = load_account(owner / MANAGE_KEY_FILE, passphrase)
    with open_chain(settings) as url:
        admin = RegistryAdmin(Client(url), settings.chain.trust_registry, account)
        with admin.together():  # all in a few blocks
            for member, record_key, accounts in changes:
                org = org_id(member.did)
                roles = role_mask(*(Role[role.upper()] for role in member.roles))
                admin.accredit(member.did, kinds=kind_mask(*Kind), roles=roles)
                admin.add_key(org, parse_multikey(record_key))
                for address, scopes in accounts:
                    admin.add_account(org, address, scopes)


def order_of(folder: Path) -> list[tuple[int, Path, str, bool]]:
    """Round, file, uploader's DID, and whether it must be refused, of each workbook in ``folder``."""
    listed = json.loads((folder / "import-order.json").read_text("utf-8"))
    return [
        (int(item["file"].partition("-")[0]), folder / item["file"], item["uploader"], item["refused"])
        for item in listed
    ]
