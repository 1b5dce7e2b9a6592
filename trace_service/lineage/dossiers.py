"""Making a dossier: the proof files of a record and its ancestors, with trust file and snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy.engine import Connection

from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.queries import proofs_of
from trace_service.config import Settings
from trace_service.lineage.walk import Node, Surroundings
from trace_service.problems import Problem
from verifier_cli.did import is_organisation, org_id
from verifier_cli.dossier import Part, write_dossier
from verifier_cli.encoding import format_time
from verifier_cli.errors import CouldNotRead, TrustFileError
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import Deployment, Trust


def check_ready(found: Surroundings) -> None:
    """Refuse a lineage that is cut off or has records without a proof file yet. Raises `Problem`."""
    if found.cut is not None:
        raise Problem(
            413,
            "dossier.too_large",
            "The lineage exceeds what a dossier may hold",
            detail=found.cut,
            fix="make dossiers of the records that it builds on",
        )
    for node in found.nodes.values():
        if node.document is not None and not _released(node):
            raise Problem(
                409,
                "record.not_final",
                "A record of the lineage is not final yet",
                detail=node.id,
                fix="ask again later",
            )


def _released(node: Node) -> bool:
    return node.row is not None and node.row.checked_at is not None and node.row.unreleased is None


def make_dossier(
    connection: Connection, files: ProofFiles, settings: Settings, found: Surroundings
) -> IO[bytes]:
    """Return a temporary file with the dossier of the first node, which the caller streams and closes.

    Raises `Problem` 503 where trust file or chain cannot be read.
    """
    now = int(time.time())
    deployment = _deployment(settings)
    snapshot = _snapshot(settings, deployment, found, now)
    target = TemporaryFile()  # noqa: SIM115 - the caller streams it and closes it
    write_dossier(
        target,
        next(iter(found.nodes)),
        _parts(connection, files, found),
        {
            node.digest: node.row.schema_name.partition(".")[0]
            for node in found.nodes.values()
            if node.row is not None and node.withheld
        },
        created=format_time(now),
        trust=settings.trust_file.read_text("utf-8"),
        snapshot=snapshot,
    )
    target.seek(0)
    return target


def _parts(connection: Connection, files: ProofFiles, found: Surroundings) -> Iterator[Part]:
    for node in found.nodes.values():
        if node.row is not None and node.document is not None:
            proofs = proofs_of(connection, node.row.pk)
            data = files.compose(connection, node.row, node.row.document, proofs)
            yield Part(node.digest, node.row.schema_name.partition(".")[0], data)


def _deployment(settings: Settings) -> Deployment:
    chain = settings.chain
    try:
        trust = Trust.load(settings.trust_file)
    except TrustFileError as error:
        raise _unavailable("dossier.no_trust", "No usable trust file here", error.reason) from None
    found = trust.find(chain.chain_id, bytes.fromhex(chain.anchor_registry[2:]))
    if found is None:
        raise _unavailable("dossier.no_trust", "The trust file does not name this chain", "")
    return found


def _snapshot(settings: Settings, deployment: Deployment, found: Surroundings, now: int) -> bytes:
    """What the chain says of everybody who signed; read from our own node as a verifier would."""
    documents = [node.document for node in found.nodes.values() if node.document is not None]
    signers = {document["issuer"]["id"] for document in documents}
    signers |= {entry["id"] for document in documents for entry in document.get("countersigners", ())}
    orgs = sorted(org_id(did) for did in signers if is_organisation(did))
    # Settings may lack the embedded node's address: `serve` finds it at start and writes the trust file.
    urls = deployment.rpc or tuple(filter(None, (settings.chain.rpc_url,)))
    if not urls:
        raise _unavailable("chain.unreadable", "The chain could not be read", "no node is named")
    nodes = [Endpoint(url) for url in urls]
    try:
        return build_snapshot(nodes, deployment, orgs, now).serialise()
    except CouldNotRead as error:
        raise _unavailable("chain.unreadable", "The chain could not be read", error.reason) from None
    finally:
        for node in nodes:
            node.close()


def _unavailable(code: str, title: str, detail: str) -> Problem:
    return Problem(503, code, title, detail=detail, fix="send it again later", headers={"Retry-After": "5"})
