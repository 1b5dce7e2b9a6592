"""`trace-verify verify`."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from verifier_cli.commands.setup import choose_language, load_trust, open_reader
from verifier_cli.encoding import parse_time
from verifier_cli.errors import DataError, MisuseError, ProofFileError
from verifier_cli.proof_file import Carrier, carriers, holds_many
from verifier_cli.render import render, render_line, render_summary
from verifier_cli.report import EXIT_UNREADABLE, REPORT_VERSION, Report, folder_exit_code
from verifier_cli.texts import printable

if TYPE_CHECKING:
    from verifier_cli.lineage import Source

__all__ = ["Options", "api_key", "parse_moment", "run"]

API_KEY: Final = "TRACE_API_KEY"
_DATE_CHARS: Final = len("2026-07-01")


@dataclass(frozen=True)
class Options:
    """Options of the command as given."""

    trust: Path | None = None
    rpc: tuple[str, ...] = ()
    offline: bool = False
    snapshot: Path | None = None
    at: str | None = None
    strict: bool = False
    as_json: bool = False
    jobs: int = 1
    lineage: bool = False
    source: str | None = None
    lang: str | None = None


class Answer(NamedTuple):
    """What came of one input: a report, or why there is none."""

    name: str
    report: Report | None
    problem: ProofFileError | None

    @property
    def exit_code(self) -> int:
        return EXIT_UNREADABLE if self.report is None else self.report.exit_code


class Verifier:
    """Everything a process needs to verify one carrier after another."""

    def __init__(self, options: Options, paths: tuple[Path, ...]) -> None:
        from verifier_cli.verify import verify

        trust = load_trust(options.trust)
        chain = open_reader(trust, options.rpc, offline=options.offline, snapshot=options.snapshot)
        valid_at = None if options.at is None else parse_moment(options.at)
        examiner = None
        if options.lineage:
            from verifier_cli.lineage import LineageExaminer

            def verify_one(data: bytes) -> Report:
                return verify(data, trust, chain, int(time.time()), valid_at=valid_at)

            examiner = LineageExaminer(_sources(paths, options.source), verify_one)

        def verify_whole(data: bytes) -> Report:
            now = int(time.time())
            return verify(data, trust, chain, now, valid_at=valid_at, strict=options.strict, lineage=examiner)

        self._verify = verify_whole

    def __call__(self, carrier: Carrier) -> Answer:
        if carrier.data is None:
            return Answer(carrier.name, None, carrier.problem)
        return Answer(carrier.name, self._verify(carrier.data).named(carrier.name), None)


def run(paths: tuple[Path, ...], options: Options) -> int:
    """Verify everything at `paths`, print, and return the exit code of protocol section 9."""
    language = choose_language(options.lang)
    verifier = Verifier(options, paths)
    single = len(paths) == 1 and not holds_many(paths[0])
    found = (carrier for path in paths for carrier in carriers(path))
    counts: Counter[str] = Counter()
    codes: list[int] = []
    for answer in _with_progress(_answers(found, verifier, paths, options), paths, options):
        codes.append(answer.exit_code)
        counts["unreadable" if answer.report is None else answer.report.verdict.value] += 1
        if options.as_json:
            print(_json_line(answer))
        elif answer.report is None:
            print(f"trace-verify: {printable(str(answer.problem))}", file=sys.stderr)
        elif single:
            print(render(answer.report, language, terminal=_is_terminal()))
        elif line := render_line(answer.report, language):
            print(line)
    if not codes:
        raise MisuseError("no proof file (*.trace.json) found")
    if not single and not options.as_json:
        print(render_summary(counts, language))
    return folder_exit_code(set(codes))


def _is_terminal() -> bool:
    """Whether colours and marks are shown: somebody looks, and has not asked for plain text (NO_COLOR)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _answers(
    found: Iterator[Carrier], verifier: Verifier, paths: tuple[Path, ...], options: Options
) -> Iterator[Answer]:
    if options.jobs == 1:
        return map(verifier, found)
    from verifier_cli.commands.pool import parallel

    return parallel(Verifier, (options, paths), found, options.jobs)


def _with_progress(answers: Iterator[Answer], paths: tuple[Path, ...], options: Options) -> Iterator[Answer]:
    """Show a bar on the terminal for folders; standard output stays clean for whoever reads it."""
    if options.as_json or not sys.stderr.isatty() or not any(path.is_dir() for path in paths):
        return answers
    from verifier_cli.commands.progress import tracked

    return tracked(answers, paths)


def _sources(paths: tuple[Path, ...], source: str | None) -> list[Source]:
    from verifier_cli.lineage import Collection, Website
    from verifier_cli.trust import check_rpc_url

    def readable(places: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
        for place in places:
            for carrier in carriers(place):
                if carrier.data is not None:
                    yield carrier.name, carrier.data

    sources: list[Source] = [Collection(readable(paths))]
    if source is not None and "://" in source:
        sources.append(Website(check_rpc_url(source, "--from"), api_key()))
    elif source is not None:
        sources.append(Collection(readable((Path(source),))))
    return sources


def api_key() -> str | None:
    """The key for the place that --from names; from the environment, since arguments are seen by others."""
    key = os.environ.get(API_KEY)
    if not key:
        return None
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise MisuseError(f"{API_KEY} is not one word of ASCII characters")
    return key


def parse_moment(text: str) -> int:
    """Epoch seconds of what --at names: a day (its first moment, UTC) or a time. Raises MisuseError."""
    try:
        return parse_time(f"{text}T00:00:00Z" if len(text) == _DATE_CHARS else text)
    except DataError as error:
        raise MisuseError(f"--at: {error.reason}") from None


def _json_line(answer: Answer) -> str:
    import orjson

    if answer.report is not None:
        return orjson.dumps(answer.report.to_json()).decode()
    assert answer.problem is not None
    problem = {"path": answer.problem.path, "reason": answer.problem.reason}
    value = {
        "reportVersion": REPORT_VERSION,
        "name": answer.name,
        "verdict": None,
        "exitCode": answer.exit_code,
        "problem": problem,
    }
    return orjson.dumps(value).decode()
