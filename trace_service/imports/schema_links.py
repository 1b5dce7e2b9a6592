"""Resolving the links of rows: to records of the same file, recorded earlier, or named by their id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from trace_service.database import AnyRow
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading as Import
from trace_service.imports.model import Edge, Node, Place
from trace_service.imports.queries import document_of, issued_before, records_by_id, records_by_ref
from trace_service.imports.schema_envelope import LinkText, Reading
from verifier_cli.encoding import parse_digest_multibase
from verifier_cli.rules import link_targets
from verifier_cli.schema import SCHEMAS

_URN = "urn:uuid:"
_SCHEMA_OF = {schema.partition(".")[0]: schema for schema in SCHEMAS}


class LinkTargets:
    """Records that links may name, by type and reference: those of the file, and what was read for them."""

    def __init__(self, reading: Import, nodes: Iterable[Node]) -> None:
        self._reading = reading
        self._known: dict[tuple[str, str], list[Node]] = defaultdict(list)
        self._linked: dict[str, Node] = {}  # by id: what the same record linked to before
        for node in (*_hand_written(reading), *nodes):
            self._known[node.schema.partition(".")[0], node.ref].append(node)

    def load(self, nodes: Sequence[Node]) -> None:
        """Read what these nodes' rows name and the file does not hold."""
        wanted: dict[str, set[str]] = defaultdict(set)
        ids: set[str] = set()
        for node in nodes:
            for link in _links(node):
                types = link_targets(node.schema).get(link.rel, ())
                if self._find(link, types, node):
                    continue
                for way in link.readings:
                    if way.ref.startswith(_URN):
                        ids.add(way.ref)
                    for name in [way.type] if way.type in _SCHEMA_OF else types:
                        wanted[str(name)].add(way.ref)
        connection, did = self._reading.connection, self._reading.uploader.did
        for name, refs in wanted.items():
            self._store(records_by_ref(connection, did, _SCHEMA_OF[name], refs), by_id=False)
        if ids:
            self._store(records_by_id(connection, did, ids), by_id=True)
            self._load_linked_before([node for node in nodes if ids & set(_ids(node))])

    def _load_linked_before(self, nodes: Sequence[Node]) -> None:
        """What these records link to already: an export of who countersigns names by id what others sign."""
        refs: dict[tuple[int, str], set[str]] = defaultdict(set)
        for node in nodes:
            if node.issuer is not None:
                refs[node.issuer.pk, node.schema].add(node.ref)
        for (issuer_pk, schema), wanted in refs.items():
            for row in issued_before(self._reading.connection, issuer_pk, schema, wanted):
                for link in document_of(row).get("relatedResource", ()):
                    digest = parse_digest_multibase(link["digestMultibase"])
                    self._linked[link["id"]] = Node("", link["id"], link["id"], stored=True, digest=digest)

    def _store(self, rows: Iterable[AnyRow], *, by_id: bool) -> None:
        for row in rows:
            node = Node(
                row.schema_name, row.external_ref or row.id, row.id, revision=row.revision, stored=True,
                digest=row.digest,
            )  # fmt: skip
            node.issuer = self._reading.directory.by_did(document_of(row)["issuer"]["id"])
            self._known[row.schema_name.partition(".")[0], row.id if by_id else node.ref].append(node)

    def resolve(self, node: Node) -> None:
        """Fill in the links of ``node``; one that is wrong is reported at its row, and the node is faulty."""
        assert node.place is not None
        for link in _links(node):
            target = self._target(node, node.place, link)
            if target is None:
                node.faulty = True
            elif not (link.rel == "supersedes" and _same_record(node, target)):
                # That a raised revision supersedes the one before is added when revisions are compared.
                node.links.append(Edge(target, link.rel, link.items))

    def _target(self, node: Node, place: Place, link: LinkText) -> Node | None:
        allowed = link_targets(node.schema)
        types = allowed.get(link.rel)
        found = self._find(link, types or (), node)
        if not found:
            other = self._find(link, tuple(_SCHEMA_OF), node)
            if types is None or other:
                self._not_allowed(place, link, other, allowed)
            else:
                what = f"{link.rel} {link.text} | {link.rel} {link.text}"
                place.sheet.report(Code.UNKNOWN_REFERENCE, place.row, "@links", what=what)
            return None
        best = _choose(found, node, self._reading)
        if len(best) > 1:
            what = f"{link.rel} {link.text} | {link.rel} {link.text}"
            header = f"{link.rel}={link.text}@{best[0].issuer.did if best[0].issuer else ''}"
            place.sheet.report(Code.AMBIGUOUS_REFERENCE, place.row, "@links", what=what, header=header)
            return None
        if best[0].faulty:
            self._reading.depends(place, best[0])
            return None
        return best[0]

    def _not_allowed(
        self, place: Place, link: LinkText, other: list[Node], allowed: dict[str, list[str]]
    ) -> None:
        named = other[0].schema.partition(".")[0] if other else link.text
        ways = "、".join(f"{rel} → {'/'.join(names)}" for rel, names in allowed.items())
        place.sheet.report(
            Code.LINK_NOT_ALLOWED,
            place.row,
            "@links",
            rel=link.rel,
            target=f"{named} {link.text}",
            allowed=ways,
        )

    def _find(self, link: LinkText, types: Iterable[str], node: Node) -> list[Node]:
        for way in link.readings:
            names = [name for name in types if way.type in (None, name)]
            found = [other for name in names for other in self._known.get((name, way.ref), ())]
            found = [other for other in found if other is not node and _fits(other, way, link.rel, node)]
            if found:
                return found
        return [self._linked[way.ref] for way in link.readings if types and way.ref in self._linked]


def _links(node: Node) -> tuple[LinkText, ...]:
    assert node.place is not None
    links: tuple[LinkText, ...] = node.place.row.values.get("@links", ())
    return links


def _ids(node: Node) -> Iterator[str]:
    return (way.ref for link in _links(node) for way in link.readings if way.ref.startswith(_URN))


def _hand_written(reading: Import) -> Iterator[Node]:
    graph = reading.graph
    for nodes in (graph.standards, graph.enrolments, graph.activities, graph.evaluations):
        for found in nodes.values():
            yield from (node for node in found if node.place is not None)
    yield from (node for node in graph.nodes if node.schema in ("party.1", "credential.1"))


def _same_record(node: Node, other: Node) -> bool:
    return (node.schema, node.ref, node.issuer) == (other.schema, other.ref, other.issuer)


def _fits(other: Node, way: Reading, rel: str, node: Node) -> bool:
    if rel == "supersedes" and _same_record(node, other) and other.revision >= node.revision:
        return False
    if way.revision is not None and other.revision != way.revision:
        return False
    return way.issuer is None or (other.issuer is not None and other.issuer.did == way.issuer)


def _choose(found: list[Node], node: Node, reading: Import) -> list[Node]:
    """Of each record the newest revision; of several issuers' the node's own issuer's, or the uploader's."""
    good = [other for other in found if not other.faulty] or found
    newest = {
        (other.schema, other.issuer, other.ref): other for other in sorted(good, key=lambda one: one.revision)
    }
    best = list(newest.values())
    for preferred in (node.issuer, reading.uploader):
        if len(best) > 1:
            best = [other for other in best if other.issuer == preferred] or best
    return best
