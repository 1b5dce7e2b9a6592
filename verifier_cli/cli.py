"""`trace-verify`: the commands and their options. What a command does is in `commands`, imported when it
runs, because a start-up that loads everything would take longer than a verification.

Exit codes (protocol section 9): 0 valid (also with remarks), 1 not valid, 2 undecided, 3 usage or unreadable.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from verifier_cli.errors import CouldNotRead, DataError, MisuseError

__all__ = ["app", "main"]

EXIT_UNDECIDED: Final = 2
EXIT_USAGE: Final = 3
EXIT_INTERRUPTED: Final = 130

app = typer.Typer(
    name="trace-verify",
    help="Verify SkillTrace records without trusting whoever shows or stores them.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

TrustOption = Annotated[
    Path | None,
    typer.Option("--trust", envvar="TRACE_TRUST", help="Trust file [default: ./trust.toml]."),
]
RpcOption = Annotated[
    list[str] | None,
    typer.Option("--rpc", metavar="URL", help="Node to ask instead of those in the trust file; repeat it."),
]
LangOption = Annotated[str | None, typer.Option("--lang", help="zh or en [default: the system's].")]


@app.command()
def verify(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER|ZIP...", help="Proof files.")],
    trust: TrustOption = None,
    rpc: RpcOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no node; needs --snapshot.")] = False,
    snapshot: Annotated[Path | None, typer.Option(help="Snapshot file to read instead of a node.")] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Moment for the validity window: 2026-07-01[T00:00:00Z]."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Remarks make a record not valid.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON report a line.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes to use.")] = 1,
    lineage: Annotated[bool, typer.Option("--lineage", help="Verify linked records too.")] = False,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL|FOLDER", help="Where to find linked records.")
    ] = None,
    lang: LangOption = None,
) -> int:
    """Verify proof files, folders of them, or ZIPs."""
    from verifier_cli.commands import verify as command

    options = command.Options(
        trust=trust,
        rpc=tuple(rpc or ()),
        offline=offline,
        snapshot=snapshot,
        at=at,
        strict=strict,
        as_json=as_json,
        jobs=jobs,
        lineage=lineage,
        source=source,
        lang=lang,
    )
    return command.run(tuple(paths), options)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof file or a record.")],
    as_json: Annotated[bool, typer.Option("--json", help="The signed document as JSON.")] = False,
    lang: LangOption = None,
) -> int:
    """Show what a file says, WITHOUT verifying anything."""
    from verifier_cli.commands import inspect as command

    return command.run(file, as_json=as_json, lang=lang)


@app.command()
def snapshot(
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    org: Annotated[
        list[str] | None,
        typer.Option("--org", metavar="DID", help="Organisation to cover; repeat it [default: all]."),
    ] = None,
    trust: TrustOption = None,
    rpc: RpcOption = None,
    deployment: Annotated[
        str | None, typer.Option(help="Name in the trust file, where it has several.")
    ] = None,
) -> int:
    """Take a snapshot from your own nodes, for verifying offline."""
    from verifier_cli.commands import snapshot as command

    return command.run(out, tuple(org or ()), trust, tuple(rpc or ()), deployment)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code; typer's own code for misuse, 2, would say UNDECIDED."""
    from typer.exceptions import TyperException

    try:
        code = app(args=arguments, prog_name="trace-verify", standalone_mode=False)
    except typer.Abort:
        return EXIT_INTERRUPTED
    except TyperException as error:
        show = getattr(error, "show", None)
        print(error) if show is None else show()
        return EXIT_USAGE
    except CouldNotRead as error:
        print(f"trace-verify: the chain could not be read: {error}", file=sys.stderr)
        return EXIT_UNDECIDED
    except (DataError, MisuseError) as error:
        print(f"trace-verify: {error}", file=sys.stderr)
        return EXIT_USAGE
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
