"""The root of the command line, and how errors are said there."""

from __future__ import annotations

import importlib
import logging
import sys

import typer

from trace_service.recursion import guard_recursion

EXIT_REFUSED = 2  # could not be done as asked; the message says how to mend it

# The modules that add a command; each exports `register(root)`. Only those of the command that is asked for
# are imported: all of them together take a second that a worker or a signer does not need to start.
COMMANDS: dict[str, tuple[str, ...]] = {
    **{name: (f"trace_service.cli.{name}",) for name in ("init", "serve", "keys", "sign", "inbox", "issue")},
    "org": ("trace_service.cli.org", "trace_service.evm.cli"),  # accreditation is the chain's
    "import": ("trace_service.imports.cli",),
    "template": ("trace_service.imports.cli",),
    "anchor": ("trace_service.anchoring.cli",),
    "status": ("trace_service.status.cli",),
    "export": ("trace_service.publication.cli",),
    "fsck": ("trace_service.publication.cli",),
    "credits": ("trace_service.creditbank.cli",),
    "indicators": ("trace_service.indicators.cli",),
    "gate": ("trace_service.gate.cli",),
    "exceptions": ("trace_service.cases.cli",),
    "cases": ("trace_service.cases.cli",),
    "worker": ("trace_service.worker.cli",),
}


def make_app(wanted: str | None = None) -> typer.Typer:
    """Return the command line: of the command ``wanted`` where there is one of that name, else of all."""
    root = typer.Typer(
        name="trace-service",
        help="Records of vocational training: issue, countersign, anchor.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    root.callback()(lambda: None)  # keeps the command's name even where it is the only one
    every = dict.fromkeys(module for modules in COMMANDS.values() for module in modules)
    for module in COMMANDS.get(wanted or "", every):
        importlib.import_module(module).register(root)
    guard_recursion()  # what was imported may have brought web3
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
