"""``trace-service issue``: records from a file of JSON lines, signed with a key at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from fastapi.exceptions import RequestValidationError

from trace_service.cli.options import DataDir, OrgDir, open_installation
from trace_service.keys.files import load_ed25519
from trace_service.keys.passphrase import read_passphrase
from trace_service.problems import Problem
from trace_service.records.bulk import issue_many
from trace_service.records.compose import Draft
from trace_service.records.requests import DraftBody, parse_record_body, read_as
from trace_service.signer.proofs import RecordSigner
from verifier_cli.errors import DataError


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("issue")(issue)


def issue(
    data_dir: DataDir,
    org_dir: OrgDir,
    did: Annotated[str, typer.Option(envvar="TRACE_DID", help="did:web of the issuer.")],
    file: Annotated[Path, typer.Argument(help="JSON lines, each as in POST /v1/records.")],
) -> None:
    """Compose, sign and store the records of a file. The whole file is read before anything is stored."""
    settings, engine = open_installation(data_dir)
    drafts = list(read_drafts(file, did))
    signer = RecordSigner(did, load_ed25519(org_dir / "record.json", read_passphrase()))
    issued = issue_many(engine, settings, drafts, signer)
    typer.echo(f"{issued.stored} stored, {issued.complete} complete")


def read_drafts(file: Path, did: str) -> Iterator[Draft]:
    """Yield the drafts of a file; raises `Problem` naming the line."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield _draft(read_as(DraftBody, parse_record_body(line.strip())), did)
            except RequestValidationError as error:
                first = error.errors()[0]  # without its input: what is in the file is not for logs
                where = ".".join(map(str, first["loc"][1:]))
                raise _unreadable(number, f"{where}: {first['msg']}") from None
            except (DataError, Problem) as error:
                raise _unreadable(number, str(error)) from None


def _draft(body: DraftBody, did: str) -> Draft:
    if body.contributors or body.sign_by is not None:
        raise Problem(
            422,
            "issue.waits",
            "A record that is signed at once awaits nobody's part and has no deadline",
            fix="propose it with POST /v1/records, or leave out `contributors` and `signBy`",
        )
    return body.draft(did)


def _unreadable(number: int, why: str) -> Problem:
    return Problem(422, "issue.line", f"line {number} cannot be read", detail=why)
