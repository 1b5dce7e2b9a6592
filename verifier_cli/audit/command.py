"""`trace-verify audit`: everything that the command line adds to the audit, from files and options to exit
codes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from verifier_cli.audit.checkpoint import MAX_CHECKPOINT, Checkpoint, CheckpointError
from verifier_cli.audit.findings import AuditReport, Code, Finding
from verifier_cli.audit.pool import default_jobs, workers
from verifier_cli.audit.receipts import MAX_RECEIPT, Receipt, parse_receipt
from verifier_cli.audit.run import Audit, AuditOptions, Progress
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.audit.sources import FolderSource, Source
from verifier_cli.audit.stream import WorkersLost
from verifier_cli.audit.text import report_text
from verifier_cli.commands.setup import load_trust
from verifier_cli.encoding import parse_multikey
from verifier_cli.errors import DataError
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot import MAX_SNAPSHOT, Snapshot
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import Deployment, Trust, check_rpc_url

EXIT_UNDECIDED: Final = 2
MAX_API_KEY: Final = 1024
"""Bytes of a file that holds one key of some forty characters."""
MAX_RECEIPTS: Final = 10_000_000
"""Receipts of one run; each keeps about 300 bytes of memory until its leaf is met."""


@dataclass(frozen=True)
class Request:
    """One audit as asked for on the command line."""

    source: str
    trust: Path | None = None
    deployment: str | None = None
    rpc: tuple[str, ...] = ()
    snapshot: Path | None = None
    organisations: tuple[str, ...] = ()
    with_records: bool = True
    receipts: tuple[Path, ...] = ()
    receipt_keys: tuple[str, ...] = ()
    checkpoint: Path | None = None
    api_key: str | None = None
    jobs: int = field(default_factory=default_jobs)


def perform(request: Request, now: int, progress: Progress | None = None) -> AuditReport:
    """Run the audit. The checkpoint file is renewed only when the chain's past is still the one in it.

    Raises:
        DataError: trust file, snapshot, source, checkpoint or receipt key cannot be used (exit code 3).
        CouldNotRead: the chain gave no answer (exit code 2).
    """
    trust = load_trust(request.trust)
    deployment = _deployment(trust, request.deployment)
    keys = [parse_multikey(text) for text in request.receipt_keys]
    if request.receipts and not keys:
        raise DataError("--receipt-key", "receipts are believed only with the service's receipt key")
    earlier = _earlier(request.checkpoint)
    source = open_source(request.source, request.api_key)
    facts = SnapshotFacts(_snapshot(request, trust, deployment, now), deployment, now)
    invalid: list[Finding] = []
    receipts = _receipts(request.receipts, keys, invalid)
    options = AuditOptions(request.with_records, request.organisations)
    audit = Audit(source, facts, options, receipts=receipts, earlier=earlier)
    for finding in invalid:
        audit.report.add(finding)
    with workers(request.jobs) as executor:
        report = audit.run(executor, request.jobs, progress)
    rewritten = {Code.EQUIVOCATION, Code.HEAD_SHORTENED}
    if request.checkpoint is not None and not any(f.code in rewritten for f in report.findings):
        _replace(request.checkpoint, Checkpoint.take(facts, earlier).serialise())
    return report


def open_source(source: str, api_key: str | None) -> Source:
    """The folder or the service that a text names."""
    if source.startswith(("http://", "https://")):
        from verifier_cli.audit.http_source import HttpSource

        return HttpSource(check_rpc_url(source, "SOURCE"), api_key)
    return FolderSource(Path(source))


def _deployment(trust: Trust, name: str | None) -> Deployment:
    found = [item for item in trust.deployments if name in (None, item.name)]
    if len(found) != 1:
        names = ", ".join(item.name for item in trust.deployments)
        raise DataError("--deployment", f"name one of the trust file's deployments: {names}")
    return found[0]


def _snapshot(request: Request, trust: Trust, deployment: Deployment, now: int) -> Snapshot:
    if request.snapshot is not None:
        return Snapshot.parse(_read(request.snapshot, MAX_SNAPSHOT), trust)
    urls = [check_rpc_url(url, "--rpc") for url in request.rpc] or deployment.rpc
    return build_snapshot([Endpoint(url) for url in urls], deployment, None, now)


def _earlier(path: Path | None) -> Checkpoint | None:
    if path is None or not path.exists():
        return None
    return Checkpoint.parse(_read(path, MAX_CHECKPOINT))


def _receipts(paths: Sequence[Path], keys: list[bytes], invalid: list[Finding]) -> Iterator[Receipt]:
    """Receipts of NDJSON files; what is no receipt is noted as a finding."""
    for path in paths:
        for number, line in enumerate(receipt_lines(path), 1):
            try:
                yield parse_receipt(line, keys)
            except DataError as error:
                detail = f"{path.name}, line {number}: {error.path}: {error.reason}"
                invalid.append(Finding(Code.RECEIPT_INVALID, detail=detail))


def receipt_lines(path: Path) -> Iterator[bytes]:
    """Lines of a file of receipts; raises `DataError` where it cannot be read."""
    try:
        with path.open("rb") as stream:
            for _ in range(MAX_RECEIPTS):
                line = stream.readline(MAX_RECEIPT + 2)
                if not line:
                    return
                if line.strip():
                    yield line.strip()
    except OSError as error:
        raise DataError(str(path), error.strerror or "cannot be read") from None


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise DataError(str(path), error.strerror or "cannot be read") from None
    if len(data) > limit:
        raise DataError(str(path), f"larger than {limit} bytes")
    return data


def _replace(path: Path, data: bytes) -> None:
    """Put the new checkpoint in the old one's place, whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise CheckpointError(str(path), error.strerror or "cannot be written") from None


@contextmanager
def progress_bar(show: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error where somebody is looking."""
    if not (show and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("leaves", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def run(given: dict[str, Any], *, as_json: bool) -> int:
    """Audit as the options say (see `arguments`), print the report, and return the exit code.

    Raises:
        DataError, MisuseError: arguments, or nothing readable (exit code 3).
        CouldNotRead: the chain gave no answer (exit code 2).
    """
    request = _request(given)
    try:
        with progress_bar(not as_json) as progress:
            report = perform(request, int(time.time()), progress)
    except WorkersLost as trouble:
        print(f"trace-verify audit: UNDECIDED: {trouble}", file=sys.stderr)
        return EXIT_UNDECIDED
    if as_json:
        print(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in report_text(report):
            print(line)
    return report.verdict.exit_code


def _request(given: dict[str, Any]) -> Request:
    key_file = given["api_key_file"]
    return Request(
        given["source"],
        given["trust"],
        given["deployment"],
        tuple(given["rpc"]),
        given["snapshot"],
        tuple(given["org"]),
        not given["leaves_only"],
        tuple(given["receipts"]),
        tuple(given["receipt_key"]),
        given["checkpoint"],
        None if key_file is None else _read(key_file, MAX_API_KEY).decode("ascii", "replace").strip(),
        given["jobs"] or default_jobs(),
    )
