"""The graph as JSON: the members of `trace-verify lineage --json`, and what only the service knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_service.lineage.walk import Link, Node, Surroundings
from verifier_cli.contents import describe
from verifier_cli.encoding import digest_multibase
from verifier_cli.lineage import Maker, allowed
from verifier_cli.lineage_model import GRAPH_VERSION
from verifier_cli.rules import link_targets

PLANES = ("revoked", "suspended", "superseded")


def graph(found: Surroundings, planes: Mapping[int, set[int]]) -> dict[str, Any]:
    """Return the graph. ``outcome`` is null for what can be read: the service asserts nothing about itself;
    `trace-verify lineage` or ``verified`` do."""
    nodes = list(found.nodes.values())
    return {
        "graphVersion": GRAPH_VERSION,
        "root": digest_multibase(nodes[0].digest),
        "cut": found.cut,
        "counts": {
            "ancestors": sum(node.depth > 0 for node in nodes),
            "descendants": sum(node.depth < 0 for node in nodes),
            "withheld": sum(node.withheld for node in nodes),
        },
        "nodes": [_node(node, planes) for node in nodes],
        "edges": [_edge(link, found.nodes) for link in found.links],
    }


def _node(node: Node, planes: Mapping[int, set[int]]) -> dict[str, Any]:
    row, document = node.row, node.document
    answer: dict[str, Any] = {
        "digest": digest_multibase(node.digest),
        "id": node.id,
        "depth": node.depth,
        "outcome": "WITHHELD" if node.withheld else None,
        "reason": "missing" if row is None else "withheld" if node.withheld else None,
        "type": None if row is None else row.schema_name.partition(".")[0],
    }
    if row is None or document is None:
        return answer
    schema = row.schema_name
    issuer = document["issuer"]
    bits = planes.get(row.pk, set())
    return {
        **answer,
        "schema": schema,
        "title": {lang: describe(schema, document, lang).title for lang in ("zh", "en")},
        "issuer": {"id": issuer["id"], "name": issuer["name"]},
        "countersigners": [{"id": c["id"], "role": c["role"]} for c in document.get("countersigners", ())],
        "anchoredAt": row.anchored_at,
        "final": row.checked_at is not None and row.unreleased is None,
        "status": [name for plane, name in enumerate(PLANES) if plane in bits],
    }


def _edge(link: Link, nodes: Mapping[bytes, Node]) -> dict[str, Any]:
    target = nodes[link.target]
    return {
        "source": digest_multibase(link.source),
        "target": digest_multibase(link.target),
        "rel": link.rel,
        "items": list(link.items),
        "digestMatches": None if target.row is None else link.target_id == target.row.id,
        "allowed": _allowed(link, nodes[link.source], target),
    }


def _allowed(link: Link, source: Node, target: Node) -> bool | None:
    assert source.row is not None
    assert source.document is not None
    if target.row is None:
        return None
    if target.document is None:
        # Its issuer is not the caller's to know; the type alone may already not fit.
        kind = target.row.schema_name.partition(".")[0]
        return None if kind in link_targets(source.row.schema_name).get(link.rel, ()) else False
    citing = Maker(source.row.schema_name, source.document["issuer"]["id"])
    return allowed(link, citing, Maker(target.row.schema_name, target.document["issuer"]["id"]))
