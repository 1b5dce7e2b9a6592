"""The records around one record, as far as the caller may read: level by level, each record once, bounded.

A record that the caller may not read ends the walk there: what it cites is nobody's business either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.lineage import queries
from verifier_cli.encoding import parse_digest_multibase
from verifier_cli.lineage import MAX_DEPTH, MAX_EDGES, MAX_NODES

__all__ = ["MAX_DEPTH", "MAX_NODES", "Link", "Node", "Surroundings", "walk"]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a readable record; digests are record_digests."""

    source: bytes
    target: bytes
    target_id: str
    rel: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One record. ``depth`` counts from the root: ancestors from 1, descendants from -1.

    ``row`` None: no such record here. ``document`` None: not here, or not the caller's to read.
    """

    digest: bytes
    id: str
    depth: int
    row: AnyRow | None
    document: dict[str, Any] | None
    links: tuple[Link, ...] = ()

    @property
    def withheld(self) -> bool:
        """Whether it is here and not shown."""
        return self.row is not None and self.document is None


@dataclass(slots=True)
class Surroundings:
    """Nodes by digest, the root first. ``cut``: ``too_many`` or ``too_deep`` where there is more."""

    nodes: dict[bytes, Node] = field(default_factory=dict)
    cut: str | None = None

    @property
    def links(self) -> list[Link]:
        """Links both ends of which are among the nodes."""
        return [link for node in self.nodes.values() for link in node.links if link.target in self.nodes]


def walk(
    connection: Connection,
    did: str,
    root: AnyRow,
    *,
    ancestors: bool = True,
    descendants: bool = False,
    depth: int = MAX_DEPTH,
    limit: int = MAX_NODES,
    hidden: Collection[bytes] = (),
) -> Surroundings:
    """Return what is around ``root``, a row of `queries.readable`, as ``did`` may see it.

    At most ``limit`` records beside the root and ``depth`` levels each way. Records in ``hidden`` are
    withheld as if ``did`` could not read them.
    """
    found = Surroundings()
    start = _node(root, str(root.id), 0, hidden=False)
    found.nodes[start.digest] = start
    if ancestors:
        _up(connection, did, found, start, depth, limit, hidden)
    if descendants:
        _down(connection, did, found, start, depth, limit, hidden)
    return found


def _up(
    connection: Connection,
    did: str,
    found: Surroundings,
    start: Node,
    depth: int,
    limit: int,
    hidden: Collection[bytes],
) -> None:
    level, edges = [start], 0
    for at in range(1, depth + 2):
        wanted = {
            link.target: link for node in level for link in node.links if link.target not in found.nodes
        }
        if not wanted:
            return
        edges += sum(len(node.links) for node in level)
        room = limit - (len(found.nodes) - 1)
        if at > depth or room <= 0 or edges > MAX_EDGES:
            found.cut = "too_deep" if at > depth else "too_many"
            return
        if len(wanted) > room:
            found.cut = "too_many"
        chosen = list(wanted.items())[:room]
        rows = queries.by_digest(connection, did, [digest for digest, _ in chosen])
        level = []
        for digest, link in chosen:
            row = rows.get(digest)
            if row is None:
                node = Node(digest, link.target_id, at, None, None)
            else:
                node = _node(row, str(row.id), at, hidden=digest in hidden)
            found.nodes[digest] = node
            level.append(node)


def _down(
    connection: Connection,
    did: str,
    found: Surroundings,
    start: Node,
    depth: int,
    limit: int,
    hidden: Collection[bytes],
) -> None:
    level = [start]
    for at in range(1, depth + 2):
        room = limit - (len(found.nodes) - 1)
        # One more than there is room for tells whether anything is left out.
        rows = queries.citing(connection, did, [node.digest for node in level], len(found.nodes) + room + 1)
        new = [row for row in rows if row.digest not in found.nodes and row.digest not in hidden]
        if not new:
            return
        if at > depth or room <= 0:
            found.cut = "too_deep" if at > depth else "too_many"
            return
        if len(new) > room:
            found.cut = "too_many"
        level = [_node(row, str(row.id), -at, hidden=False) for row in new[:room]]
        found.nodes.update((node.digest, node) for node in level)


def _node(row: AnyRow, record_id: str, depth: int, *, hidden: bool) -> Node:
    digest = bytes(row.digest)
    if hidden or row.document is None:
        return Node(digest, record_id, depth, row, None)
    document: dict[str, Any] = orjson.loads(row.document)
    links = tuple(
        Link(
            digest,
            parse_digest_multibase(entry["digestMultibase"]),
            entry["id"],
            entry["rel"],
            tuple(entry.get("item", ())),
        )
        for entry in document.get("relatedResource", ())
    )
    return Node(digest, record_id, depth, row, document, links)
