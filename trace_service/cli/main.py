"""The root of the command line, and how errors are said there."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys

import typer

from trace_service.cli import init, issue, keys, org, serve, sign
from trace_service.config import SettingsError
from trace_service.installation import InstallationError
from trace_service.keys.files import KeyFileError
from trace_service.keys.passphrase import PassphraseError
from trace_service.limits import guard_recursion
from trace_service.migrate import SchemaVersionError
from trace_service.problems import Problem
from verifier_cli.errors import TraceError

EXIT_REFUSED = 2  # could not be done as asked; the message says how to mend it

# Domains with commands of their own export `register(root)` from their cli module.
DOMAINS = ("imports", "anchoring", "status", "publication", "verification", "evm", "worker", "demo")

EXPECTED = (
    SettingsError,
    InstallationError,
    KeyFileError,
    PassphraseError,
    SchemaVersionError,
    TraceError,
    OSError,
)


def make_app() -> typer.Typer:
    """Return the command line with every domain's commands."""
    root = typer.Typer(
        name="trace-service",
        help="Records of vocational training: issue, countersign, anchor.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for module in (init, serve, org, keys, sign, issue):
        module.register(root)
    for domain in DOMAINS:
        name = f"trace_service.{domain}.cli"
        package = f"trace_service.{domain}"
        if importlib.util.find_spec(package) is not None and importlib.util.find_spec(name) is not None:
            importlib.import_module(name).register(root)
    guard_recursion()  # domains may have imported web3
    return root


def main() -> None:
    """Run the command; what is wrong is said in one line, with its remedy."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        make_app()()
    except Problem as problem:
        parts = [problem.title, problem.detail, problem.fix]
        _refuse("; ".join(part for part in parts if part))
    except EXPECTED as error:
        _refuse(str(error))


def _refuse(message: str) -> None:
    typer.echo(f"trace-service: {message}", err=True)
    sys.exit(EXIT_REFUSED)
