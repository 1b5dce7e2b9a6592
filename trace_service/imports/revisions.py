"""The same file twice issues nothing twice: each proposed record is held against what its issuer said before.

The identity of a record is (issuer, external reference, revision). Equal content under an equal identity is
unchanged; other content needs a raised revision, and the new record supersedes the old one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from trace_service.database import AnyRow
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Edge, Node
from trace_service.imports.ordering import in_order
from trace_service.imports.queries import document_of, issued_before, refs_of_ids
from verifier_cli.profile import normalise

REVISION_COLUMNS = ("revision", "@revision")  # of the hand-written sheets, of those of the schemas

Group = tuple[int, str]  # issuer's row, schema
Key = tuple[str, str, str]  # schema, issuer's DID, external reference


def compare_with_issued(reading: Reading) -> None:
    """Mark unchanged nodes as stored, link raised revisions to what they supersede, and report conflicts."""
    groups: dict[Group, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for node in reading.graph.nodes:
        assert node.issuer is not None
        groups[node.issuer.pk, node.schema][node.ref].append(node)
    rows: dict[tuple[Group, str], list[AnyRow]] = defaultdict(list)
    for (issuer, schema), refs in groups.items():
        for row in issued_before(reading.connection, issuer, schema, refs):
            rows[(issuer, schema), row.external_ref].append(row)
    keys = refs_of_ids(reading.connection, _linked(row for found in rows.values() for row in found))
    for group, refs in groups.items():
        for ref, nodes in refs.items():
            _compare_record(sorted(nodes, key=lambda node: node.revision), rows.get((group, ref), []), keys)
    # Only here is it known which revision rests on which, and which record rests on one that was refused.
    reading.graph.nodes[:] = in_order(reading, reading.graph.nodes)


def _linked(rows: Iterable[AnyRow]) -> set[str]:
    return {link["id"] for row in rows for link in document_of(row).get("relatedResource", ())}


def _compare_record(nodes: list[Node], rows: list[AnyRow], keys: dict[str, Key]) -> None:
    """Nodes and rows of one issuer's reference, both by ascending revision."""
    by_revision = {row.revision: row for row in rows}
    newest = rows[-1].revision if rows else 0
    before: Node | None = None
    if rows:
        before = Node("", "", rows[-1].id, revision=newest, digest=rows[-1].digest)
    for node in nodes:
        row = by_revision.get(node.revision)
        if row is not None:
            _compare(node, row, newest, keys)
        elif node.revision < newest:
            _refuse(node, Code.REVISION_TOO_LOW, newest=newest, next=newest + 1)
        else:
            if before is not None:
                node.links.append(Edge(before, "supersedes"))
            before = node


def _compare(node: Node, row: AnyRow, newest: int, keys: dict[str, Key]) -> None:
    document = document_of(row)
    if node.undated:
        node.valid_from = document["validFrom"]
    if fingerprint(node) != _stored_fingerprint(document, keys):
        _refuse(node, Code.REVISION_NOT_RAISED, next=newest + 1)
        return
    node.id, node.digest, node.stored = row.id, row.digest, True


def _refuse(node: Node, code: Code, **details: object) -> None:
    assert node.place is not None
    node.faulty = True
    sheet, row = node.place
    column = next((name for name in REVISION_COLUMNS if name in sheet.header.columns), sheet.spec.key[-1])
    sheet.report(code, row, column, **details)


def fingerprint(node: Node) -> bytes:
    """What a proposed record says, without what is new in every draft (id, salt, number, digests)."""
    assert node.issuer is not None
    links = [(edge.rel, *_key_of(edge.target), edge.items) for edge in node.links if edge.rel != "supersedes"]
    signers = [node.issuer.did, *((organisation.did, role) for organisation, role in node.countersigners)]
    return _dump(normalise(node.subject), signers, node.valid_from, node.valid_until, links)


def _stored_fingerprint(document: dict[str, Any], keys: dict[str, Key]) -> bytes:
    links = [
        (link["rel"], *_named(keys.get(link["id"], ("", "", link["id"]))), link.get("item", []))
        for link in document.get("relatedResource", ())
        if link["rel"] != "supersedes"
    ]
    countersigners = ((entry["id"], entry["role"]) for entry in document.get("countersigners", ()))
    signers = [document["issuer"]["id"], *countersigners]
    subject = document["credentialSubject"]
    return _dump(subject, signers, document["validFrom"], document.get("validUntil"), links)


def _key_of(target: Node) -> Key:
    return _named((target.schema, target.issuer.did if target.issuer else "", target.ref))


def _named(key: Key) -> Key:
    """What an id that serves as a reference names is in no type and no issuer's numbering."""
    return ("", "", key[2]) if key[2].startswith("urn:uuid:") else key


def _dump(subject: Any, signers: Any, valid_from: str, valid_until: str | None, links: list[Any]) -> bytes:
    value = [subject, signers, valid_from, valid_until, sorted(links, key=lambda link: link[:4])]
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
