"""`trace-verify`: which command runs, and its exit code. What a command does is in `commands` and `audit`,
imported when it runs, because a start-up that loads everything would take longer than a verification.

Exit codes (protocol section 9): 0 valid (also with remarks), 1 not valid, 2 undecided, 3 usage or unreadable.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, Final, NoReturn

from verifier_cli.arguments import EXIT_USAGE, command_line
from verifier_cli.errors import CouldNotRead, DataError, MisuseError
from verifier_cli.texts import printable

__all__ = ["main", "run"]

EXIT_UNDECIDED: Final = 2
EXIT_INTERRUPTED: Final = 130
EXIT_READER_GONE: Final = 141
"""As shells call it (128 + SIGPIPE): whoever read our output stopped, so no verdict was delivered."""


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
    given = vars(command_line().parse_args(arguments))
    try:
        return _dispatch(given.pop("command"), given)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except CouldNotRead as error:
        print(f"trace-verify: UNDECIDED: {printable(str(error))}", file=sys.stderr)
        return EXIT_UNDECIDED
    except (DataError, MisuseError) as error:
        print(f"trace-verify: {printable(str(error))}", file=sys.stderr)
        return EXIT_USAGE


def _dispatch(command: str, given: dict[str, Any]) -> int:
    if command == "verify":
        from verifier_cli.commands import verify

        paths = tuple(given.pop("paths"))
        return verify.run(paths, verify.Options(**{**given, "rpc": tuple(given["rpc"])}))
    if command in ("lineage", "dossier"):
        return _graph(command, given)
    if command == "inspect":
        from verifier_cli.commands import inspect

        return inspect.run(given["file"], as_json=given["as_json"], lang=given["lang"])
    if command == "recompute":
        from verifier_cli.commands import recompute

        as_json, lang = given.pop("as_json"), given.pop("lang")
        given["snapshots"] = tuple(given.pop("snapshot"))
        return recompute.run(
            recompute.Options(**{**given, "rpc": tuple(given["rpc"])}), as_json=as_json, lang=lang
        )
    if command == "exceptions":
        from verifier_cli.commands import exceptions

        as_json, lang = given.pop("as_json"), given.pop("lang")
        given["rules"], given["rpc"] = tuple(given.pop("rule")), tuple(given["rpc"])
        return exceptions.run(exceptions.Options(**given), as_json=as_json, lang=lang)
    if command == "audit":
        from verifier_cli.audit import command as audit

        return audit.run(given, as_json=given.pop("as_json"))
    from verifier_cli.commands import snapshot

    return snapshot.run(
        given["out"], tuple(given["org"]), given["trust"], tuple(given["rpc"]), given["deployment"]
    )


def _graph(command: str, given: dict[str, Any]) -> int:
    from verifier_cli.commands import dossier, lineage

    shown = ("as_json", "dot", "svg", "everything", "strict", "lang")
    view = lineage.View(
        **{name: given.pop(name) for name in shown}, descendants=given.pop("descendants", False)
    )
    file, rpc = given.pop("file"), tuple(given.pop("rpc"))
    if command == "dossier":
        return dossier.run(file, dossier.Options(view, rpc=rpc, **given))
    return lineage.run(file, lineage.Options(view, rpc=rpc, **given))


if __name__ == "__main__":
    main()
