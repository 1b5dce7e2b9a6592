"""`trace-verify snapshot`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from verifier_cli.commands.setup import load_trust
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time
from verifier_cli.errors import MisuseError, SnapshotError
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import Deployment, Trust, check_rpc_url

__all__ = ["run"]


def run(out: Path, orgs: tuple[str, ...], trust: Path | None, rpc: tuple[str, ...], name: str | None) -> int:
    """Write a snapshot to `out`, whole or not at all, and return 0.

    Raises:
        CouldNotRead: trouble with a node.
        DataError, MisuseError: arguments or trust file.
    """
    deployment = _choose(load_trust(trust), name)
    urls = [check_rpc_url(url, "--rpc") for url in rpc] or list(deployment.rpc)
    wanted = [org_id(did) for did in orgs] or None
    snapshot = build_snapshot(
        [Endpoint(url) for url in urls], deployment, wanted, int(time.time()), _show_progress
    )
    data = snapshot.serialise()
    partial = out.with_name(out.name + ".part")
    try:
        partial.write_bytes(data)
        os.replace(partial, out)
    except OSError as error:
        raise SnapshotError(str(out), f"cannot be written: {error.strerror}") from None
    covered = sum(state.batches is not None for state in snapshot.organisations.values())
    print(
        f"{out}: {covered} organisations of {deployment.name} at block {snapshot.block.number} "
        f"({format_time(snapshot.block.timestamp)}), {len(data)} bytes"
    )
    return 0


def _choose(trust: Trust, name: str | None) -> Deployment:
    found = [item for item in trust.deployments if name is None or item.name == name]
    if len(found) != 1:
        names = ", ".join(item.name for item in trust.deployments)
        raise MisuseError(f"--deployment must name one of: {names}")
    return found[0]


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} organisations", end=end, file=sys.stderr, flush=True)
