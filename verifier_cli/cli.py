"""`trace-verify`: the commands and their options. What a command does is in `commands`, imported when it
runs, because a start-up that loads everything would take longer than a verification.

The parser is the standard library's: typer loads pydantic, which takes half of the 0.25 s that a whole
verification may take. `audit`, which runs for minutes, keeps typer.

Exit codes (protocol section 9): 0 valid (also with remarks), 1 not valid, 2 undecided, 3 usage or unreadable.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from verifier_cli.errors import CouldNotRead, DataError, MisuseError

__all__ = ["main", "run"]

EXIT_UNDECIDED: Final = 2
EXIT_USAGE: Final = 3
EXIT_INTERRUPTED: Final = 130
EXIT_READER_GONE: Final = 141
"""As shells call it (128 + SIGPIPE): whoever read our output stopped, so no verdict was delivered."""

MAX_JOBS: Final = 256
"""Processes; beyond the cores of any one machine they only cost memory."""


class _Parser(argparse.ArgumentParser):
    """argparse leaves with 2 on misuse, which would say UNDECIDED."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _jobs(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_JOBS:
        raise argparse.ArgumentTypeError(f"must lie between 1 and {MAX_JOBS}")
    return number


def _common(parser: argparse.ArgumentParser) -> None:
    trust = os.environ.get("TRACE_TRUST")
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="FILE",
        default=Path(trust) if trust else None,
        help="trust file (default: $TRACE_TRUST, else ./trust.toml)",
    )
    parser.add_argument(
        "--rpc",
        metavar="URL",
        action="extend",
        nargs=1,
        default=[],
        help="node to ask instead of those in the trust file; may be repeated",
    )


def _add_verify(commands: Any) -> None:
    parser = commands.add_parser("verify", help="verify proof files, folders of them, or ZIPs")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER|ZIP")
    _common(parser)
    parser.add_argument("--offline", action="store_true", help="ask no node; needs --snapshot")
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="snapshot to read instead of a node")
    parser.add_argument(
        "--at", metavar="TIME", help="moment for the validity window: 2026-07-01 or 2026-07-01T08:00:00Z"
    )
    parser.add_argument("--strict", action="store_true", help="remarks make a record not valid")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON report a line")
    parser.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes to use (default: 1)")
    parser.add_argument("--lineage", action="store_true", help="verify the linked records too")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="URL|FOLDER",
        help="where to find linked records that are not given; of a service, URL is its address with "
        "/v1/proof-files, and $TRACE_API_KEY, if set, is the key sent there",
    )
    _add_lang(parser)


def _add_lang(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("zh", "en"), help="language of the report (default: the system's)")


def _add_inspect(commands: Any) -> None:
    parser = commands.add_parser("inspect", help="show what a file says, WITHOUT verifying anything")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", dest="as_json", help="the signed document as JSON")
    _add_lang(parser)


def _add_snapshot(commands: Any) -> None:
    parser = commands.add_parser("snapshot", help="take a snapshot from your own nodes, to verify offline")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--org",
        metavar="DID",
        action="extend",
        nargs="+",
        default=[],
        help="organisations to cover (default: all)",
    )
    parser.add_argument("--deployment", metavar="NAME", help="name in the trust file, where it has several")
    _common(parser)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="trace-verify",
        description="Verify SkillTrace records without trusting whoever shows or stores them.",
        epilog="Exit codes: 0 valid (also with remarks), 1 not valid, 2 undecided, 3 usage or unreadable.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_verify(commands)
    _add_inspect(commands)
    _add_snapshot(commands)
    # Only so that the help names it: its arguments never reach this parser.
    commands.add_parser("audit", help="recompute batches from leaf lists and records", add_help=False)
    return parser


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    # A terminal that cannot show Chinese gets escapes; a report must not end in the middle for that.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would raise once more while the interpreter closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_READER_GONE
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line and return the exit code; nothing is raised but SystemExit for help and misuse."""
    if arguments[:1] == ["audit"]:
        return _audit(arguments[1:])
    given = vars(_parser().parse_args(arguments))
    try:
        return _dispatch(given.pop("command"), given)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except CouldNotRead as error:
        print(f"trace-verify: the chain could not be read: {error}", file=sys.stderr)
        return EXIT_UNDECIDED
    except (DataError, MisuseError) as error:
        print(f"trace-verify: {error}", file=sys.stderr)
        return EXIT_USAGE


def _dispatch(command: str, given: dict[str, Any]) -> int:
    if command == "verify":
        from verifier_cli.commands import verify

        paths = tuple(given.pop("paths"))
        return verify.run(paths, verify.Options(**{**given, "rpc": tuple(given["rpc"])}))
    if command == "inspect":
        from verifier_cli.commands import inspect

        return inspect.run(given["file"], as_json=given["as_json"], lang=given["lang"])
    from verifier_cli.commands import snapshot

    return snapshot.run(
        given["out"], tuple(given["org"]), given["trust"], tuple(given["rpc"]), given["deployment"]
    )


def _audit(arguments: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    from verifier_cli.audit.command import audit_command

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("audit")(audit_command)
    try:
        code = app(args=arguments, prog_name="trace-verify audit", standalone_mode=False)
    except typer.Abort:
        return EXIT_INTERRUPTED
    except TyperException as error:
        print(f"trace-verify audit: {error}", file=sys.stderr)
        return EXIT_USAGE
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
