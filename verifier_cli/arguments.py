"""Options of every command of `trace-verify`; `cli` runs what they say.

The parser is the standard library's: [ADR 7](../docs/adr/0007-the-verifier-parses-with-argparse.md).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

__all__ = ["EXIT_USAGE", "command_line"]

EXIT_USAGE: Final = 3

MAX_JOBS: Final = 256
"""Processes; beyond the cores of any one machine they only cost memory."""


class Parser(argparse.ArgumentParser):
    """argparse leaves with 2 on misuse, which would say UNDECIDED; and it takes shortened options, whose
    meaning would change when an option is added."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

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
    _add_repeated(parser, "--rpc", "URL", str, "node to ask instead of those in the trust file")


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


def _add_lineage(commands: Any) -> None:
    parser = commands.add_parser(
        "lineage",
        help="show what a record builds on, and what builds on it, each of them verified",
        description="Verify a record and every record that it builds on, and show them as a tree.",
        epilog="Exit codes as of verify, over the record and its ancestors: 0 valid (also with remarks), "
        "1 not valid, 2 undecided, 3 usage or unreadable.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="proof file, or dossier")
    _common(parser)
    _add_reading(parser)
    parser.add_argument(
        "--source",
        metavar="FOLDER|ZIP|URL",
        help="where the other records are; a URL is a service, and $TRACE_API_KEY, if set, is the key sent "
        "there",
    )
    parser.add_argument(
        "--descendants", action="store_true", help="also what builds on it, as far as the source knows"
    )
    _add_view(parser)


def _add_dossier(commands: Any) -> None:
    parser = commands.add_parser(
        "dossier",
        help="verify a dossier (a ZIP with a whole lineage), offline",
        description="Verify everything in a dossier and show its lineage. Without --trust, trust file and "
        "snapshot are the dossier's own: that shows that its parts fit together. Only your own trust file "
        "shows that they are true.",
        epilog="Exit codes as of verify, over the record and its ancestors. Withheld records are a remark.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.zip")
    _common(parser)
    _add_reading(parser)
    _add_view(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="ask no node; needs a snapshot")
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="snapshot to read instead of a node")
    parser.add_argument("--at", metavar="TIME", help="moment for the validity window, as of verify")
    parser.add_argument(
        "--strict", action="store_true", help="remarks, also withheld records, make it not valid"
    )


def _add_view(parser: argparse.ArgumentParser) -> None:
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", dest="as_json", help="the graph as JSON")
    shape.add_argument("--dot", action="store_true", help="the graph in the DOT language")
    shape.add_argument("--svg", type=Path, metavar="FILE", help="write the graph as a picture")
    parser.add_argument(
        "--all", action="store_true", dest="everything", help="one line a record, however many of a kind"
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


def _add_audit(commands: Any) -> None:
    parser = commands.add_parser(
        "audit",
        help="recompute batches from leaf lists and records",
        description="Recompute every batch from its leaves and records, and compare it with the chain.",
        epilog="Exit codes: 0 consistent, 1 something is wrong and named, 2 undecided (records withheld, no "
        "chain), 3 usage or nothing readable.",
    )
    parser.add_argument("source", metavar="FOLDER|URL", help="folder of an export, or address of a service")
    _common(parser)
    parser.add_argument("--deployment", metavar="NAME", help="name in the trust file, where it has several")
    parser.add_argument(
        "--snapshot", type=Path, metavar="FILE", help="audit against this snapshot, without a node"
    )
    _add_repeated(parser, "--org", "DID", str, "only this organisation")
    parser.add_argument("--leaves-only", action="store_true", help="do not look at records")
    _add_repeated(parser, "--receipts", "FILE", Path, "receipts, one JSON object a line")
    _add_repeated(parser, "--receipt-key", "MULTIKEY", str, "key that signs receipts")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="what was seen last time; renewed by this run"
    )
    parser.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help="file with a key that may read records"
    )
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="processes to use (default: one a core)")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print the report as JSON")


def _add_recompute(commands: Any) -> None:
    parser = commands.add_parser(
        "recompute",
        help="make an indicator report again from its records",
        description="Verify an indicator report, its definitions and its records, compute every value again "
        "and say whether they match.",
        epilog="Exit codes: 0 match, 1 mismatch (and what differs), 2 undecided, 3 usage or unreadable.",
    )
    parser.add_argument("report", type=Path, metavar="REPORT", help="proof file of the report")
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="URL|FOLDER|ZIP",
        help="where the records are: a service, an export, or proof files",
    )
    _common(parser)
    _add_repeated(
        parser,
        "--snapshot",
        "FILE",
        Path,
        "snapshots instead of nodes: one of the report's block, and a later one that has the report itself",
    )
    parser.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help="file with a key that may read records"
    )
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="processes to use (default: one a core)")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print the result as JSON")
    _add_lang(parser)


def _add_exceptions(commands: Any) -> None:
    parser = commands.add_parser(
        "exceptions",
        help="run the rules of an auditor over verified records",
        description="Verify the records of an export, and list those that an auditor would ask about: hours "
        "that overlap, late entries, identical scores, withdrawn evidence and others.",
        epilog="Exit codes: 0 nothing found, 1 something found, 2 nothing found but records are missing or "
        "at fault, 3 usage or unreadable.",
    )
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="URL|FOLDER|ZIP",
        help="where the records are: a service, an export, or proof files",
    )
    parser.add_argument("--period", required=True, metavar="FROM/TO", help="days; the second is exclusive")
    only = "only records of this community's members; where several claim its URN, digest or record id of one"
    parser.add_argument("--community", metavar="URN", help=only)
    _add_repeated(parser, "--rule", "CODE", str, "only this rule")
    _common(parser)
    parser.add_argument("--deployment", metavar="NAME", help="name in the trust file, where it has several")
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="a snapshot instead of nodes")
    parser.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help="file with a key that may read records"
    )
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="processes to use (default: one a core)")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print the result as JSON")
    _add_lang(parser)


def _add_repeated(
    parser: argparse.ArgumentParser, name: str, metavar: str, kind: Callable[[str], Any], text: str
) -> None:
    options: dict[str, Any] = {"action": "append", "default": [], "type": kind, "metavar": metavar}
    parser.add_argument(name, help=f"{text}; may be repeated", **options)


def command_line() -> argparse.ArgumentParser:
    """The parser of every command; the namespace has `command` and the options by name."""
    parser = Parser(
        prog="trace-verify",
        description="Verify SkillTrace records without trusting whoever shows or stores them.",
        epilog="Exit codes: 0 valid (also with remarks), 1 not valid, 2 undecided, 3 usage or unreadable.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_verify(commands)
    _add_lineage(commands)
    _add_dossier(commands)
    _add_inspect(commands)
    _add_snapshot(commands)
    _add_audit(commands)
    _add_recompute(commands)
    _add_exceptions(commands)
    return parser
