"""`trace-verify dossier`: everything in a dossier, verified offline by one command.

Without a trust file of the reader's, trust file and snapshot come from the dossier, and so from whoever made
it: that shows that its parts fit together, and no more. With one, the dossier's snapshot counts only where
somebody signed it whom that trust file names; else the reader's own nodes or snapshot are asked.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verifier_cli.commands.lineage import View, check_root, examine, show, verify_with
from verifier_cli.commands.setup import choose_language, load_trust, open_reader
from verifier_cli.dossier import Dossier, read_dossier
from verifier_cli.encoding import format_time
from verifier_cli.errors import DossierError, MisuseError, SnapshotError
from verifier_cli.lineage_sources import Collection
from verifier_cli.lineage_words import DOSSIER_TEXTS
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.texts import Language, printable, say
from verifier_cli.trust import Trust

if TYPE_CHECKING:
    from verifier_cli.chain import ChainReader

__all__ = ["Options", "run"]


@dataclass(frozen=True)
class Options:
    """Options of the command as given."""

    view: View
    trust: Path | None = None
    rpc: tuple[str, ...] = ()
    offline: bool = False
    snapshot: Path | None = None
    at: str | None = None


@dataclass(frozen=True)
class _Anchors:
    """What is believed, and since when: `now` is the moment against which ages are held."""

    trust: Trust
    reader: ChainReader
    now: int
    lines: tuple[str, ...]


def run(path: Path, options: Options) -> int:
    """Verify a dossier, say where trust came from, show its lineage; returns the exit code of `verify`.

    Raises DataError, MisuseError, CouldNotRead.
    """
    language = choose_language(options.view.lang)
    dossier = read_dossier(path)
    anchors = _anchors(dossier, options, language)
    name, data = dossier.root_file()
    verify_one = verify_with(anchors.trust, anchors.reader, at=options.at, now=anchors.now)
    files = Collection(dossier.files, dossier.withheld)
    # To standard error: --json and --dot stay clean, and nobody overlooks it.
    for line in anchors.lines:
        print(line, file=sys.stderr)
    graph = examine(f"{path}/{name}", data, [files], verify_one, descendants=False)
    check_root(graph, dossier.root)
    return show(graph, options.view, trustFrom="dossier" if options.trust is None else "own")


def _anchors(dossier: Dossier, options: Options, language: Language) -> _Anchors:
    now = int(time.time())
    if options.trust is None:
        if options.rpc or options.snapshot is not None:
            raise MisuseError("--rpc and --snapshot need a trust file of your own: give --trust FILE")
        return _from_dossier(dossier, now, language)
    trust = load_trust(options.trust)
    own = (say(DOSSIER_TEXTS["own_trust"], language).format(file=options.trust),)
    if options.offline and options.snapshot is None:
        snapshot = _snapshot(dossier, trust)
        if snapshot.signer is None:
            raise SnapshotError(
                "snapshot.json",
                "the dossier's snapshot is signed by nobody: with a trust file of your own, "
                "ask your nodes (without --offline) or give --snapshot FILE",
            )
        return _Anchors(trust, SnapshotReader(snapshot), now, own)
    reader = open_reader(trust, options.rpc, offline=options.offline, snapshot=options.snapshot)
    return _Anchors(trust, reader, now, own)


def _from_dossier(dossier: Dossier, now: int, language: Language) -> _Anchors:
    """Everything from the dossier, as of its snapshot: an archive stays readable, and says how old it is."""
    if dossier.trust is None:
        raise DossierError("trust.toml", "is missing: give --trust FILE")
    trust = Trust.parse(dossier.trust)
    snapshot = _snapshot(dossier, trust)
    time_of = snapshot.block.timestamp
    lines = [say(DOSSIER_TEXTS["inside"], language)]
    named = say(DOSSIER_TEXTS["deployment"], language)
    lines += [
        named.format(
            name=printable(item.name), chain=item.chain_id, registry=f"0x{item.anchor_registry.hex()}"
        )
        for item in trust.deployments
    ]
    days = max(0, (now - time_of) // 86400)
    as_of = format_time(time_of).replace("T", " ").replace("Z", " UTC")
    lines.append(say(DOSSIER_TEXTS["as_of"], language).format(time=as_of, days=days))
    return _Anchors(trust, SnapshotReader(snapshot), min(now, time_of), tuple(lines))


def _snapshot(dossier: Dossier, trust: Trust) -> Snapshot:
    if dossier.snapshot is None:
        raise DossierError("snapshot.json", "is missing: give --trust FILE to ask your own nodes")
    return Snapshot.parse(dossier.snapshot, trust)
