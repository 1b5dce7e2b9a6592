"""`trace-verify exceptions`: the rules of an auditor over verified records of an export.

Exit codes: 0 nothing was found, 1 something was, 2 nothing was found but records are missing or at fault,
3 usage or unreadable.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from verifier_cli.audit.command import progress_bar
from verifier_cli.audit.pool import default_jobs, workers
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.commands.recompute import open_store
from verifier_cli.commands.setup import choose_language, load_trust
from verifier_cli.errors import DataError, MisuseError, SnapshotError
from verifier_cli.indicators import extract
from verifier_cli.indicators.claimants import candidates, claimants
from verifier_cli.indicators.community import (
    Facts,
    inputs,
    members,
    relations_read,
    schemas_read,
    superseded,
)
from verifier_cli.indicators.exceptions import Found, codes, rules, search
from verifier_cli.indicators.exceptions_text import found_lines
from verifier_cli.indicators.gather import Gathered, Left
from verifier_cli.indicators.sandbox import MEMBER, WITHDRAWN, open_sandbox
from verifier_cli.indicators.stores import AtBlock, BatchStore
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot import MAX_SNAPSHOT, Snapshot
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.texts import Language, Sentence, say
from verifier_cli.trust import Deployment, Trust, check_rpc_url

__all__ = ["Answer", "Options", "perform", "run"]

_RECORDS: Final[Sentence] = (
    "{0} records count, as of block {1}; left out: {2}",
    "计入记录 {0} 条，截至区块 {1}；未计入：{2}",
)
_NONE: Final[Sentence] = ("none", "无")


@dataclass(frozen=True, slots=True)
class Options:
    """A search as asked for on the command line. `period` is FROM/TO, the second day exclusive; `community`
    the subject.id of a chain agreement, or its digestMultibase or record id where several claim that."""

    source: str
    period: str
    community: str | None = None
    rules: tuple[str, ...] = ()
    trust: Path | None = None
    deployment: str | None = None
    rpc: tuple[str, ...] = ()
    snapshot: Path | None = None
    api_key_file: Path | None = None
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in how many records as of which block, and how many do not count for which reason."""

    found: tuple[Found, ...]
    counted: int
    block: int
    left: dict[str, int]
    faulty: bool
    """Whether some do not count though their issuers withdrew them not."""

    @property
    def exit_code(self) -> int:
        """See the module."""
        if any(rule.rows for rule in self.found):
            return 1
        return 2 if self.faulty else 0

    def to_json(self) -> dict[str, Any]:
        """The answer's JSON form."""
        return {
            "type": "SkillTraceExceptions",
            "version": 1,
            "block": self.block,
            "records": self.counted,
            "left": self.left,
            "rules": [rule.to_json() for rule in self.found],
        }


def run(options: Options, *, as_json: bool, lang: str | None) -> int:
    """Search, print what was found, and return the exit code.

    Raises DataError, MisuseError (exit code 3), CouldNotRead (exit code 2).
    """
    language = choose_language(lang)
    answer = perform(options, int(time.time()), quiet=as_json)
    if as_json:
        print(orjson.dumps(answer.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in _lines(answer, language):
            print(line)
    return answer.exit_code


def _lines(answer: Answer, language: Language) -> Sequence[str]:
    left = ", ".join(f"{number} {reason}" for reason, number in answer.left.items())
    counts = say(_RECORDS, language).format(answer.counted, answer.block, left or say(_NONE, language))
    return [*found_lines(answer.found, language), counts]


def perform(options: Options, now: int, *, quiet: bool = True) -> Answer:
    """Verify the records as of the newest block, and run the rules. Raises as `run` does."""
    period = _period(options.period)
    unknown = set(options.rules) - set(codes())
    if unknown:
        raise MisuseError(f"--rule {min(unknown)}: choose from {', '.join(codes())}")
    trust = load_trust(options.trust)
    deployment = _deployment(trust, options.deployment)
    snapshot = _snapshot(options, trust, deployment, now)
    at = AtBlock(snapshot, SnapshotFacts(snapshot, deployment, now), trust, deployment)
    jobs = options.jobs or default_jobs()
    with tempfile.TemporaryDirectory(prefix="skilltrace-") as name, progress_bar(not quiet) as progress:
        folder = Path(name)
        store = open_store(options.source, options.api_key_file, folder)
        with workers(jobs if isinstance(store, BatchStore) else 1) as executor:
            gathered = store.gather(at, folder / "records", executor, jobs, progress)
        found = _search(options, period, gathered)
    left = Counter(item.reason for item in gathered.left)
    faulty = any(not item.by_its_issuer for item in gathered.left)
    return Answer(
        tuple(found), len(gathered.counted), at.facts.block_number, dict(sorted(left.items())), faulty
    )


def _search(
    options: Options, period: tuple[datetime.date, datetime.date], gathered: Gathered
) -> Sequence[Found]:
    chosen = rules(options.rules or None)
    chain = _chain(options.community, gathered.counted, period)
    belonging = [] if chain is None else members(chain.digest, gathered.counted, *period)
    name = "" if chain is None or chain.agreement is None else chain.agreement.subject
    issuers = {item.did for item in belonging}
    if chain is None:
        issuers = {item.issuer for item in gathered.counted}
    facts = inputs(gathered.counted, issuers, schemas_read(chosen), period[1])
    with open_sandbox() as sandbox:
        documents = gathered.documents({item.digest for item in facts})
        extract.load(sandbox, documents, superseded(facts), relations_read(chosen))
        sandbox.insert(MEMBER, belonging)
        sandbox.insert(WITHDRAWN, map(_withdrawn, filter(_is_withdrawn, gathered.left)))
        sandbox.lock(*period, name)
        return search(sandbox, chosen)


def _is_withdrawn(item: Left) -> bool:
    return item.by_its_issuer and bool(item.digest)


def _withdrawn(item: Left) -> tuple[str, str | None, str]:
    return item.digest, item.record_id, item.reason


def _chain(
    community: str | None, counted: Sequence[Facts], period: tuple[datetime.date, datetime.date]
) -> Facts | None:
    """The chain agreement that is meant; None for all records. Raises MisuseError unless it is one."""
    if community is None:
        return None
    found = claimants(counted, community, *period)
    if not found:
        raise MisuseError("--community: no chain agreement says that it is it")
    if len(found) > 1:
        names = ", ".join(candidates(found))
        raise MisuseError(f"--community: several chain agreements say that they are it, name one: {names}")
    return found[0]


def _period(text: str) -> tuple[datetime.date, datetime.date]:
    try:
        since, until = map(datetime.date.fromisoformat, text.split("/"))
    except ValueError:
        raise MisuseError("--period is FROM/TO, as in 2025-09-01/2026-09-01") from None
    if since >= until:
        raise MisuseError("--period ends before it begins; its last day is not part of it")
    return since, until


def _deployment(trust: Trust, name: str | None) -> Deployment:
    found = [item for item in trust.deployments if name in (None, item.name)]
    if len(found) != 1:
        names = ", ".join(item.name for item in trust.deployments)
        raise DataError("--deployment", f"name one of the trust file's deployments: {names}")
    return found[0]


def _snapshot(options: Options, trust: Trust, deployment: Deployment, now: int) -> Snapshot:
    if options.snapshot is not None:
        if options.rpc:
            raise MisuseError("--snapshot and --rpc exclude each other")
        try:
            with options.snapshot.open("rb") as stream:
                data = stream.read(MAX_SNAPSHOT + 1)
        except OSError as error:
            raise SnapshotError(str(options.snapshot), error.strerror or "cannot be read") from None
        return Snapshot.parse(data, trust)
    nodes = [Endpoint(check_rpc_url(url, "--rpc")) for url in options.rpc or deployment.rpc]
    try:
        return build_snapshot(nodes, deployment, None, now)
    finally:
        for node in nodes:
            node.close()
