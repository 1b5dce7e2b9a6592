"""``trace-service org …``: what the registry on chain says of organisations, and changes to it.

Changes are made by whoever holds the key: the owner or an accreditor for accreditation, an organisation's own
manage account for its keys and accounts. ``--key-dir`` is that holder's directory; the service's is never
used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from trace_service.cli.options import DataDir, open_installation
from trace_service.keys.files import create, load_account, public_part
from trace_service.keys.passphrase import read_passphrase
from verifier_cli.did import org_id
from verifier_cli.encoding import parse_multikey
from verifier_cli.kinds import Kind, Role, kind_mask, role_mask

if TYPE_CHECKING:
    from trace_service.evm.registry import Authority, RegistryAdmin

MANAGE_KEY_FILE = "manage.json"
RECORD_KEY_FILE = "record.json"
SCOPES = {"anchor": 1, "status": 2, "manage": 4}

E = TypeVar("E", Kind, Role)

Did = Annotated[str, typer.Argument(help="did:web of the organisation")]
KeyDir = Annotated[Path, typer.Option(help="Directory of whoever makes the change; its manage.json signs.")]
Since = Annotated[int, typer.Option(help="Chain time in epoch seconds; 0 is now.")]


def register(root: typer.Typer) -> None:
    """Add the commands to the group ``org``."""
    from trace_service.cli.org import app

    for name, command in (
        ("accredit", accredit),
        ("end-accreditation", end_accreditation),
        ("add-key", add_key),
        ("end-key", end_key),
        ("compromise-key", compromise_key),
        ("add-account", add_account),
        ("end-account", end_account),
        ("distrust", distrust),
        ("withdraw-distrust", withdraw_distrust),
    ):
        app.command(name)(command)


@contextmanager
def _registry(data_dir: Path, key_dir: Path) -> Iterator[tuple[RegistryAdmin, Authority]]:
    from trace_service.evm.checks import check_chain
    from trace_service.evm.client import Client
    from trace_service.evm.endpoint import open_chain
    from trace_service.evm.registry import Authority, RegistryAdmin

    settings, _engine = open_installation(data_dir)
    account = load_account(key_dir / MANAGE_KEY_FILE, read_passphrase())
    with open_chain(settings) as url:
        client = Client(url)
        check_chain(client, settings.chain)
        yield (
            RegistryAdmin(client, settings.chain.trust_registry, account),
            Authority(client, settings.chain, cache_seconds=0.0),
        )


def accredit(
    did: Did,
    data_dir: DataDir,
    key_dir: KeyDir,
    role: Annotated[list[str], typer.Option(help="A role it holds; may be repeated.")],
    kind: Annotated[list[str] | None, typer.Option(help="A kind of record; default: all.")] = None,
    delegable: Annotated[bool, typer.Option(help="It may accredit others for the same.")] = False,
    accreditor: Annotated[str | None, typer.Option(help="DID in whose name; default: the owner.")] = None,
    org_dir: Annotated[
        Path | None,
        typer.Option(help="Also add its record key and accounts; those the service holds are made."),
    ] = None,
) -> None:
    """Accredit an organisation; with --org-dir, set up everything it needs to issue. Again changes
    nothing.
    """
    kinds = kind_mask(*(_member(Kind, name) for name in kind) if kind else Kind)
    roles = role_mask(*(_member(Role, name) for name in role))
    org = org_id(did)
    with _registry(data_dir, key_dir) as (admin, authority):
        known = authority.period(org, authority.chain_time())
        accounts = [] if org_dir is None else _accounts(data_dir, did, org_dir)
        with admin.together():
            if known is None or (known.kinds, known.roles & 0xFF) != (kinds, roles):
                admin.accredit(
                    did,
                    kinds=kinds,
                    roles=roles,
                    delegable_kinds=kinds if delegable else 0,
                    delegable_roles=roles if delegable else 0,
                    accreditor=org_id(accreditor) if accreditor else bytes(32),
                )
            if org_dir is not None:
                record_key = parse_multikey(public_part(org_dir / RECORD_KEY_FILE))
                if authority.key(org, record_key).start == 0:
                    admin.add_key(org, record_key)
            for address, scope in accounts:
                if authority.account(org, address).start == 0:
                    admin.add_account(org, address, scope)
    typer.echo(f"{did} is accredited")


def _member(names: type[E], text: str) -> E:
    try:
        return names[text.upper()]
    except KeyError:
        known = ", ".join(name.lower() for name in names.__members__)
        raise typer.BadParameter(f"{text!r} is none of {known}") from None


def _accounts(data_dir: Path, did: str, org_dir: Path) -> list[tuple[str, int]]:
    """The organisation's manage account, and its anchor and status accounts, which the service holds."""
    from trace_service.database import read
    from trace_service.organisations.queries import organisation_pk

    settings, engine = open_installation(data_dir)
    with read(engine) as connection:
        pk = organisation_pk(connection, did)
    found = [(public_part(org_dir / MANAGE_KEY_FILE), SCOPES["manage"])]
    for scope in ("anchor", "status"):
        path = settings.keys_dir / f"{scope}-{pk}.json"
        if not path.exists():
            create(path, "secp256k1", read_passphrase())
        found.append((public_part(path), SCOPES[scope]))
    return found


def end_accreditation(did: Did, data_dir: DataDir, key_dir: KeyDir, at: Since = 0) -> None:
    """End an accreditation; what was anchored before stays good."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.end_accreditation(org_id(did), at)


def add_key(did: Did, key: str, data_dir: DataDir, key_dir: KeyDir) -> None:
    """Add a record key (multikey)."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.add_key(org_id(did), parse_multikey(key))


def end_key(did: Did, key: str, data_dir: DataDir, key_dir: KeyDir, at: Since = 0) -> None:
    """End a record key (multikey); what was anchored before stays good."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.end_key(org_id(did), parse_multikey(key), at)


def compromise_key(
    did: Did, key: str, data_dir: DataDir, key_dir: KeyDir, since: Annotated[int, typer.Option()]
) -> None:
    """Declare a record key compromised since a moment, which may lie in the past."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.compromise_key(org_id(did), parse_multikey(key), since)


def add_account(
    did: Did,
    address: str,
    data_dir: DataDir,
    key_dir: KeyDir,
    scope: Annotated[list[str], typer.Option(help="anchor, status or manage; may be repeated.")],
) -> None:
    """Add an account with its scopes."""
    unknown = set(scope) - set(SCOPES)
    if unknown:
        raise typer.BadParameter(f"unknown scope {', '.join(sorted(unknown))}")
    with _registry(data_dir, key_dir) as (admin, _):
        admin.add_account(org_id(did), address, sum(SCOPES[name] for name in set(scope)))


def end_account(did: Did, address: str, data_dir: DataDir, key_dir: KeyDir, at: Since = 0) -> None:
    """End an account."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.end_account(org_id(did), address, at)


def distrust(did: Did, data_dir: DataDir, key_dir: KeyDir, since: Since = 0) -> None:
    """Distrust an organisation and every path through it."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.distrust(org_id(did), since)


def withdraw_distrust(did: Did, data_dir: DataDir, key_dir: KeyDir) -> None:
    """Withdraw distrust (the owner alone)."""
    with _registry(data_dir, key_dir) as (admin, _):
        admin.withdraw_distrust(org_id(did))
