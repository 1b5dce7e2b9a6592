"""``trace-service sign``: an organisation's signer, with its own keys, in its own process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx
import typer

from trace_service.cli.options import OrgDir
from trace_service.keys.files import KeyFileError, load_ed25519
from trace_service.keys.passphrase import read_passphrase
from trace_service.signer.client import Interrupted, SigningClient
from trace_service.signer.loop import Tally, sign_waiting, watch
from trace_service.signer.policy import HOLD_ALL, SIGN_ALL, Policy, load_policy
from trace_service.signer.proofs import RecordSigner
from trace_service.stopping import stop_on_signals
from verifier_cli.did import check_did_web

MAX_LINE = 300  # bytes; an API key has 79, a DID at most 255


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("sign")(sign)


def sign(
    org_dir: OrgDir,
    url: Annotated[str, typer.Option(envvar="TRACE_URL", help="Address of the service.")],
    did: Annotated[
        str | None,
        typer.Option(envvar="TRACE_DID", help="did:web; default: the file `did` in the directory."),
    ] = None,
    partner: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="Sign only with this organisation (DID); may repeat. Default: with any that asks."
        ),
    ] = None,
    hold: Annotated[
        bool,
        typer.Option(
            "--hold-for-approval", help="Sign only what a person approved (see: trace-service inbox)."
        ),
    ] = False,
    policy_file: Annotated[
        Path | None,
        typer.Option("--policy", help="TOML file that says of each record type: auto or ask."),
    ] = None,
    once: Annotated[bool, typer.Option("--once/--watch", help="Sign what waits and end, or go on.")] = False,
) -> None:
    """Sign what waits for this organisation's signature, after checking each document here.

    Every organisation that the service knows may draft records in your name, and you answer for what you
    sign: name your partners with --with where nobody looks at the drafts, or hold them for approval.
    """
    policy = _policy(hold, policy_file)
    did = did or read_line(org_dir / "did", "name it with --did")
    check_did_web(did)
    check_url(url)
    for name in partner or ():
        check_did_web(name)
    partners = frozenset(partner) if partner else None
    key = load_ed25519(org_dir / "record.json", read_passphrase())
    stop = stop_on_signals()
    client = SigningClient(url, read_api_key(org_dir / "api-key"), stop.wait)
    tally = Tally()
    try:
        if once:
            sign_waiting(client, RecordSigner(did, key), tally, stop.is_set, partners, policy)
        else:
            watch(client, RecordSigner(did, key), tally, stop.wait, partners, policy)
    except Interrupted:
        pass
    finally:
        client.close()
    typer.echo(f"{did}: {tally.accepted} signed, {tally.completed} completed, {tally.refused} refused")


def _policy(hold: bool, file: Path | None) -> Policy:
    if hold and file is not None:
        raise typer.BadParameter("give a policy file or --hold-for-approval, not both", param_hint="--policy")
    if file is not None:
        return load_policy(file)
    return HOLD_ALL if hold else SIGN_ALL


def check_url(url: str) -> None:
    """Raise `typer.BadParameter` for what no service can answer at: waiting for it would never end."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"{url}: {error}", param_hint="--url") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or not 0 < (parsed.port or 80) < 1 << 16:
        raise typer.BadParameter(f"{url} is no http or https address", param_hint="--url")


def read_api_key(path: Path) -> str:
    """Return the API key in a file that nobody else may read; raises `KeyFileError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError(path, "readable", f"run: chmod 600 {path}")
    except FileNotFoundError:
        pass  # said below
    return read_line(path, "have the operator make one: trace-service org key")


def read_line(path: Path, fix: str) -> str:
    """Return the one line of ASCII text in ``path``; raises `KeyFileError`."""
    try:
        return path.read_bytes()[:MAX_LINE].decode("ascii").strip()
    except FileNotFoundError:
        raise KeyFileError(path, "missing", fix) from None
    except UnicodeDecodeError:
        raise KeyFileError(path, "format", "it holds one line of ASCII text") from None
