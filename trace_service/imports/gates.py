"""The gate of an import: each missing requirement of each trainee is an error of the certificate's row."""

from __future__ import annotations

from trace_service.gate.service import GATED_KINDS, Proposed, check_drafts
from trace_service.gate.texts import amount, name_of
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Node


def report_gates(reading: Reading) -> None:
    """Report and take out credentials whose standard asks for more than there is, or is proposed here.

    Records of the file that were issued before are evidence only once they are complete.
    """
    nodes = reading.graph.nodes
    fresh = [(key, node) for key, node in enumerate(nodes) if not node.stored]
    if not any(
        node.schema == "credential.1" and node.subject.get("kind") in GATED_KINDS for _, node in fresh
    ):
        return
    for finding in check_drafts(reading.connection, [_proposed(key, node) for key, node in fresh]):
        node = nodes[finding.key]
        assert node.place is not None
        node.faulty = True
        for missing in finding.missing:
            node.place.sheet.report(
                Code.GATE_MISSING,
                node.place.row,
                what=name_of(missing),
                needed=amount(missing.needed, missing.unit),
                found=amount(missing.found, missing.unit),
            )
    nodes[:] = [node for node in nodes if not node.faulty]


def _proposed(key: int, node: Node) -> Proposed:
    links = [(edge.rel, edge.target.id) for edge in node.links]
    assert node.issuer is not None
    signers = 1 + len(node.countersigners)  # all of them organisations, each once
    return Proposed(key, node.id, node.schema, node.subject, links, signers, node.valid_from, node.issuer.did)
