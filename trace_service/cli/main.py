"""The root of the command line, and how errors are said there."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys

import typer

from trace_service.recursion import guard_recursion

EXIT_REFUSED = 2  # could not be done as asked; the message says how to mend it

# Commands of the core and the modules that add them. Only the one that is asked for is imported: the API's
# libraries take a second that a signer does not need.
COMMANDS = {name: f"trace_service.cli.{name}" for name in ("init", "serve", "org", "keys", "sign", "issue")}
# Domains with commands of their own export `register(root)` from their cli module.
DOMAINS = ("imports", "anchoring", "status", "publication", "verification", "evm", "worker", "demo")
# Commands of the core that domains do not add to.
COMPLETE = frozenset({"init", "serve", "keys", "sign", "issue"})


def make_app(wanted: str | None = None) -> typer.Typer:
    """Return the command line: of the command ``wanted`` alone where the core has it whole, else of all."""
    root = typer.Typer(
        name="trace-service",
        help="Records of vocational training: issue, countersign, anchor.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    root.callback()(lambda: None)  # keeps the command's name even where it is the only one
    if wanted in COMPLETE:
        importlib.import_module(COMMANDS[wanted]).register(root)
        return root
    for module in (*COMMANDS.values(), *_domain_modules()):
        importlib.import_module(module).register(root)
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
        make_app(sys.argv[1] if len(sys.argv) > 1 else None)()
    except Exception as error:
        from trace_service.cli.refusals import refusal

        message = refusal(error)
        if message is None:
            raise
        typer.echo(f"trace-service: {message}", err=True)
        sys.exit(EXIT_REFUSED)


def _domain_modules() -> list[str]:
    found = []
    for domain in DOMAINS:
        package = f"trace_service.{domain}"
        name = f"{package}.cli"
        if importlib.util.find_spec(package) is not None and importlib.util.find_spec(name) is not None:
            found.append(name)
    return found
