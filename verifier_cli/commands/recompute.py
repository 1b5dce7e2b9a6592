"""`trace-verify recompute`: an indicator report made again from its records.

Exit codes: 0 match, 1 mismatch, 2 undecided (something could not be had), 3 usage or unreadable.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from verifier_cli.audit.command import open_source, progress_bar
from verifier_cli.audit.pool import default_jobs, workers
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.audit.sources import ORGANISATIONS_FILE, FolderSource
from verifier_cli.commands.setup import choose_language, load_trust
from verifier_cli.errors import CouldNotRead, DataError, MisuseError, SnapshotError
from verifier_cli.indicators.gather import copy_source
from verifier_cli.indicators.recompute import Recomputed, Work, recompute
from verifier_cli.indicators.report import Report
from verifier_cli.indicators.stores import AtBlock, BatchStore, ProofStore, Store
from verifier_cli.indicators.text import result_lines
from verifier_cli.proof_file import MAX_PROOF_FILE, ProofFile
from verifier_cli.record import Record
from verifier_cli.report import Report as Verified
from verifier_cli.report import Verdict
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot import MAX_SNAPSHOT, Snapshot
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Deployment, Trust, check_rpc_url
from verifier_cli.verify import verify

__all__ = ["Options", "open_store", "perform", "run"]

EXIT_CODES: Final = {"match": 0, "mismatch": 1, "undecided": 2}
MAX_API_KEY: Final = 1024
"""Bytes of a file that holds one key of some forty characters."""


@dataclass(frozen=True, slots=True)
class Options:
    """A recomputation as asked for on the command line."""

    report: Path
    source: str
    trust: Path | None = None
    rpc: tuple[str, ...] = ()
    snapshots: tuple[Path, ...] = ()
    api_key_file: Path | None = None
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class _Chain:
    """The chain as it is read: at the report's block, and as late as can be had."""

    at: AtBlock
    latest: Snapshot
    facts: SnapshotFacts


def run(options: Options, *, as_json: bool, lang: str | None) -> int:
    """Recompute, print what was found, and return the exit code.

    Raises DataError, MisuseError (exit code 3), CouldNotRead (exit code 2).
    """
    language = choose_language(lang)
    result = perform(options, int(time.time()), quiet=as_json)
    if as_json:
        print(orjson.dumps(result.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in result_lines(result, language):
            print(line)
    return EXIT_CODES[result.verdict]


def perform(options: Options, now: int, *, quiet: bool = True) -> Recomputed:
    """Verify the report, read the chain at its block and now, and recompute. Raises as `run` does."""
    trust = load_trust(options.trust)
    data = _read(options.report, MAX_PROOF_FILE)
    record = Record.from_value(ProofFile.parse(data).record)
    report = Report.of(record)
    status = record.status
    deployment = trust.find(status.chain_id, bytes.fromhex(status.registry[2:]))
    if deployment is None:
        raise DataError("$.credentialStatus.id", f"the trust file knows no chain {status.chain_id}")
    chain = _chain(options, report, trust, deployment, now)
    found = verify(data, trust, SnapshotReader(chain.latest), now)
    trouble = _trouble(found)
    if trouble is not None and found.verdict is Verdict.UNDECIDED:
        raise CouldNotRead("report_undecided", trouble)
    if trouble is not None:
        raise DataError(str(options.report), f"the report itself: {trouble}")
    jobs = options.jobs or default_jobs()
    with tempfile.TemporaryDirectory(prefix="skilltrace-") as name, progress_bar(not quiet) as progress:
        store = open_store(options.source, options.api_key_file, Path(name))
        with workers(jobs if isinstance(store, BatchStore) else 1) as executor:
            return recompute(
                report,
                store,
                chain.at,
                chain.facts,
                lambda proof: _trouble(verify(proof, trust, SnapshotReader(chain.latest), now)),
                Work(Path(name), executor, jobs, progress),
            )


def _trouble(found: Verified) -> str | None:
    """Why a proof file is not valid now; None when it is."""
    if found.verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS):
        return None
    step = next(step for step in found.steps if step.reason is not None)
    return f"step {int(step.step)}, {step.reason}"


def open_store(source: str, key: Path | None, folder: Path) -> Store:
    """Where the records are: a service (`key` is a file with an API key), the folder of an export, or proof
    files. `folder` is for what is fetched. Raises DataError, MisuseError."""
    if source.startswith(("http://", "https://")):
        text = None if key is None else _read(key, MAX_API_KEY).decode("ascii", "replace").strip()
        copy_source(open_source(source, text), folder / "export")
        return BatchStore(FolderSource(folder / "export"), partial=True)
    path = Path(source)
    if (path / ORGANISATIONS_FILE).exists():
        return BatchStore(FolderSource(path))
    if not path.exists():
        raise MisuseError(f"--from {source}: there is no such file or folder")
    return ProofStore([path])


def _chain(options: Options, report: Report, trust: Trust, deployment: Deployment, now: int) -> _Chain:
    """Snapshots at the report's block and now, from nodes or from the files given."""
    if options.snapshots:
        if options.rpc:
            raise MisuseError("--snapshot and --rpc exclude each other")
        return _from_files(options.snapshots, report, trust, deployment, now)
    urls = [check_rpc_url(url, "--rpc") for url in options.rpc] or deployment.rpc
    nodes = [Endpoint(url) for url in urls]
    try:
        latest = build_snapshot(nodes, deployment, None, now)
        then = build_snapshot(nodes, deployment, None, now, block=report.block)
    finally:
        for node in nodes:
            node.close()
    return _joined(then, latest, trust, deployment, now)


def _from_files(
    paths: Sequence[Path], report: Report, trust: Trust, deployment: Deployment, now: int
) -> _Chain:
    taken = [Snapshot.parse(_read(path, MAX_SNAPSHOT), trust) for path in paths]
    then = [item for item in taken if item.block.number == report.block]
    if not then:
        found = ", ".join(str(item.block.number) for item in taken)
        raise CouldNotRead("snapshot_other_block", f"the report is of block {report.block}, not of {found}")
    return _joined(then[0], max(taken, key=lambda item: item.block.number), trust, deployment, now)


def _joined(then: Snapshot, latest: Snapshot, trust: Trust, deployment: Deployment, now: int) -> _Chain:
    # The report's block may be years old; only what is said of today must be young.
    facts = SnapshotFacts(then, deployment, then.block.timestamp)
    return _Chain(AtBlock(then, facts, trust, deployment), latest, SnapshotFacts(latest, deployment, now))


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise SnapshotError(str(path), error.strerror or "cannot be read") from None
    if len(data) > limit:
        raise SnapshotError(str(path), f"larger than {limit} bytes")
    return data
