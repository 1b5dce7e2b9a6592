"""`trace-verify lineage`: the verified graph around one record."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verifier_cli.commands.setup import choose_language, load_trust, open_reader
from verifier_cli.commands.verify import api_key, parse_moment
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import DossierError, MisuseError
from verifier_cli.proof_file import MAX_PROOF_FILE, carriers, holds_many
from verifier_cli.report import Report, Verdict

if TYPE_CHECKING:
    from verifier_cli.chain import ChainReader
    from verifier_cli.lineage_model import LineageGraph
    from verifier_cli.lineage_sources import Collection, Service
    from verifier_cli.trust import Trust

__all__ = ["Options", "View", "check_root", "examine", "run", "show", "verify_with"]

MIN_WIDTH: Final = 60
"""Columns below which a tree cannot be read; narrower terminals break the lines themselves."""


@dataclass(frozen=True)
class View:
    """How the graph is shown."""

    as_json: bool = False
    dot: bool = False
    svg: Path | None = None
    everything: bool = False
    descendants: bool = False
    strict: bool = False
    lang: str | None = None


@dataclass(frozen=True)
class Options:
    """Options of the command as given."""

    view: View
    trust: Path | None = None
    rpc: tuple[str, ...] = ()
    offline: bool = False
    snapshot: Path | None = None
    at: str | None = None
    source: str | None = None


def run(path: Path, options: Options) -> int:
    """Verify the record in `path` and its lineage, show the graph, and return the exit code of `verify`.

    Raises DataError, MisuseError, CouldNotRead.
    """
    from verifier_cli.lineage_sources import Service
    from verifier_cli.trust import check_rpc_url

    choose_language(options.view.lang)
    trust = load_trust(options.trust)
    reader = open_reader(trust, options.rpc, offline=options.offline, snapshot=options.snapshot)
    places: list[Collection | Service] = []
    if options.source is not None and "://" in options.source:
        places.append(Service(check_rpc_url(options.source, "--source"), api_key()))
    elif options.source is not None:
        places.append(_collection(Path(options.source)))
    name, data, own, root = _subject(path)
    verify_one = verify_with(trust, reader, at=options.at)
    graph = examine(name, data, [own, *places], verify_one, descendants=options.view.descendants)
    check_root(graph, root)
    return show(graph, options.view)


def check_root(graph: LineageGraph, root: bytes | None) -> None:
    """Raise DossierError where the graph is about another record than a dossier's manifest says (`root`)."""
    if root is not None and graph.root.document is not None and graph.root.digest != digest_multibase(root):
        raise DossierError("$.root", "the proof file under this name holds another record")


def verify_with(
    trust: Trust, reader: ChainReader, *, at: str | None = None, now: int | None = None
) -> Callable[[bytes], Report]:
    """A function that verifies one proof file, without its lineage. `now` is this moment unless given."""
    from verifier_cli.verify import verify

    valid_at = None if at is None else parse_moment(at)

    def verify_one(data: bytes) -> Report:
        return verify(data, trust, reader, int(time.time()) if now is None else now, valid_at=valid_at)

    return verify_one


def examine(
    name: str,
    data: bytes,
    places: list[Collection | Service],
    verify_one: Callable[[bytes], Report],
    *,
    descendants: bool,
) -> LineageGraph:
    """The graph around the record in the proof file `data`. Raises CouldNotRead."""
    from verifier_cli.lineage import LineageExaminer
    from verifier_cli.lineage_graph import build_graph
    from verifier_cli.lineage_sources import Service

    report = verify_one(data).named(name)
    for place in places:
        if isinstance(place, Service) and report.record_id is not None:
            place.look_around(report.record_id, descendants=descendants)
    examiner = LineageExaminer(places, verify_one, keep_documents=True)
    return build_graph(report, examiner, verify_one, places if descendants else ())


def show(graph: LineageGraph, view: View, **members: str) -> int:
    """Print or write the graph as asked, its JSON with `members` added; returns the exit code."""
    language = choose_language(view.lang)
    if view.svg is not None:
        from verifier_cli.lineage_svg import to_svg

        try:
            view.svg.write_text(to_svg(graph, language), "utf-8")
        except OSError as error:
            raise MisuseError(f"{view.svg}: cannot be written: {error.strerror}") from None
        print(view.svg)
    elif view.as_json:
        import orjson

        print(orjson.dumps({**graph.to_json(), **members}).decode())
    elif view.dot:
        from verifier_cli.lineage_dot import to_dot

        print(to_dot(graph, language), end="")
    else:
        from verifier_cli.lineage_text import render_tree

        terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
        print(
            render_tree(
                graph,
                language,
                descendants=view.descendants,
                everything=view.everything,
                terminal=terminal,
                width=width,
            )
        )
    if view.strict and graph.total is Verdict.VALID_WITH_REMARKS:
        return Verdict.NOT_VALID.exit_code
    return graph.exit_code


def _subject(path: Path) -> tuple[str, bytes, Collection, bytes | None]:
    """Name and bytes of the proof file asked about, and what else came with it: of a dossier, all of it, and
    the digest that its manifest gives the record."""
    from verifier_cli.dossier import is_dossier, read_dossier
    from verifier_cli.lineage_sources import Collection

    if is_dossier(path):
        dossier = read_dossier(path)
        name, data = dossier.root_file()
        return f"{path}/{name}", data, Collection(dossier.files, dossier.withheld), dossier.root
    if holds_many(path):
        raise MisuseError(f"{path}: name one proof file or a dossier; others go with --source")
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_PROOF_FILE + 1)
    except OSError as error:
        raise MisuseError(f"{path}: cannot be read: {error.strerror}") from None
    return str(path), data, Collection([(str(path), data)]), None


def _collection(path: Path) -> Collection:
    from verifier_cli.dossier import is_dossier, read_dossier
    from verifier_cli.lineage_sources import Collection

    if is_dossier(path):
        dossier = read_dossier(path)
        return Collection(dossier.files, dossier.withheld)
    if not path.exists():
        raise MisuseError(f"--source {path}: there is no such file or folder")
    return Collection(_readable(path))


def _readable(path: Path) -> Iterator[tuple[str, bytes]]:
    for carrier in carriers(path):
        if carrier.data is not None:
            yield carrier.name, carrier.data
