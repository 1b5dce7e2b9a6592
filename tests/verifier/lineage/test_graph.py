"""The verified graph: what is in it, what it says of trouble, and where it ends (protocol section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.records import complete_record, link
from tests.verifier.lineage.ledger import REVOKED, SUPERSEDED, Ledger, Story
from verifier_cli import lineage as module
from verifier_cli.encoding import digest_multibase
from verifier_cli.lineage import Collection, LineageExaminer
from verifier_cli.lineage_graph import build_graph
from verifier_cli.lineage_model import LineageGraph
from verifier_cli.record import Link, Record
from verifier_cli.report import Report, Verdict


def graph_of(
    ledger: Ledger,
    record: Record,
    *,
    without: Iterable[Record] = (),
    withheld: dict[bytes, str] | None = None,
    descendants: bool = False,
    extra: Iterable[tuple[str, bytes]] = (),
    verify_one: Any = None,
) -> LineageGraph:
    """The graph around a record, from all files of the ledger but some, as the command builds it."""
    verify_one = verify_one or ledger.verifier()
    place = Collection([*extra, *ledger.files(*without)], withheld)
    examiner = LineageExaminer([place], verify_one, keep_documents=True)
    return build_graph(verify_one(ledger.file(record)), examiner, verify_one, [place] if descendants else ())


def name(record: Record) -> str:
    return digest_multibase(record.digest)


def test_every_ancestor_is_there_once_with_what_it_says() -> None:
    story = Story(weeks=40)
    graph = graph_of(story.ledger, story.certificate)
    assert (graph.total, graph.cut, len(graph.nodes)) == (Verdict.VALID, None, 1 + story.ancestors)
    assert story.ancestors >= 40
    node = next(n for n in graph.nodes if n.digest == name(story.evaluation))
    assert (node.depth, node.verdict, node.type) == (1, Verdict.VALID, "evaluation")
    assert node.issuer == story.evaluation.issuer
    assert node.cosigners == tuple(story.evaluation.countersigners)
    assert node.anchored_at is not None
    depths = {n.digest: n.depth for n in graph.nodes}
    assert depths[name(story.standard)] == 1
    assert depths[name(story.enrolment)] == 3
    assert all(edge.matches and edge.allowed for edge in graph.edges)
    assert len(graph.edges) == sum(len(record.links) for record in story.ledger.records)


def test_each_record_is_verified_once_however_wide_the_diamonds() -> None:
    """Ten layers of three activities-by-enrolment diamonds: 3^10 paths, 31 records."""
    ledger = Ledger()
    layer = [ledger.make("standard.1", name=f"0 {i}") for i in range(3)]
    for level in range(1, 10):
        layer = [
            ledger.make("standard.1", *[("alignsTo", r) for r in layer], name=f"{level} {i}")
            for i in range(3)
        ]
    top = ledger.make("standard.1", *[("alignsTo", record) for record in layer])
    verify_one = ledger.verifier()
    seen: list[bytes] = []

    def counting(data: bytes) -> Report:
        seen.append(data)
        report: Report = verify_one(data)
        return report

    graph = graph_of(ledger, top, verify_one=counting)
    assert len(seen) == len(set(seen)) == len(graph.nodes) == 31
    assert graph.total is Verdict.VALID


def test_withheld_is_not_missing_and_the_rest_holds() -> None:
    story = Story(weeks=3)
    hidden = story.activities[1]
    graph = graph_of(story.ledger, story.certificate, without=[hidden], withheld={hidden.digest: "activity"})
    node = next(n for n in graph.nodes if n.digest == name(hidden))
    assert (node.withheld, node.reason, node.type, node.document) == (True, "withheld", "activity", None)
    assert node.to_json()["outcome"] == "WITHHELD"
    assert (graph.verdict, graph.exit_code) == (Verdict.VALID_WITH_REMARKS, 0)
    assert [n.reason for n in graph.nodes if n.verdict is not Verdict.VALID] == ["withheld"]
    missing = graph_of(story.ledger, story.certificate, without=[hidden])
    assert (missing.verdict, missing.exit_code) == (Verdict.UNDECIDED, 2)
    assert [n.reason for n in missing.nodes if n.verdict is not Verdict.VALID] == ["missing"]


def test_withholding_hides_no_fault() -> None:
    """A record that is at hand is verified, whatever the keeper says; and a type must fit the link."""
    story = Story(weeks=2)
    forged = story.ledger.file(story.activities[0]).replace(b'"ops":120', b'"ops":121')
    graph = graph_of(
        story.ledger,
        story.certificate,
        without=[story.activities[0]],
        extra=[("forged.trace.json", forged)],
        withheld={story.activities[0].digest: "activity"},
    )
    assert (graph.verdict, graph.exit_code) == (Verdict.NOT_VALID, 1)
    unfit = graph_of(
        story.ledger,
        story.certificate,
        without=[story.activities[0]],
        withheld={story.activities[0].digest: "party"},
    )
    assert unfit.verdict is Verdict.NOT_VALID
    assert [edge.allowed for edge in unfit.edges if edge.target == name(story.activities[0])] == [False]


def test_forged_circle_is_refused_where_its_digest_does_not_fit() -> None:
    """A supersedes B and B supersedes A: the second digest can only be invented."""
    ledger = Ledger()
    number = ledger.number()
    invented = bytes(32)
    b_id = complete_record("standard.1", name="b", number=number).id
    entry = {"id": b_id, "digestMultibase": digest_multibase(invented), "rel": "supersedes"}
    a = ledger.make("standard.1", name="a", links=[entry])
    b = ledger.make("standard.1", ("supersedes", a), name="b")
    assert b.id == b_id
    graph = graph_of(ledger, b)
    assert (graph.verdict, graph.exit_code) == (Verdict.NOT_VALID, 1)
    last = graph.nodes[-1]
    assert (last.digest, last.id, last.reason) == (digest_multibase(invented), b.id, "digest_differs")
    assert [(e.source, e.matches) for e in graph.edges] == [(name(b), True), (name(a), False)]
    assert len(graph.nodes) == 3


def test_record_that_names_itself_is_refused_by_the_schema() -> None:
    ledger = Ledger()
    own = complete_record("standard.1", name="self", number=1)
    with pytest.raises(Exception, match="linked twice, or the record itself"):
        ledger.make("standard.1", name="self", links=[link(own.document, "supersedes")])


def test_ten_thousand_records_end_with_a_clear_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is tested at a hundred; the figure of 10,000 is measured in benchmarks/lineage.py."""
    assert (module.MAX_NODES, module.MAX_EDGES, module.MAX_DEPTH) == (10_000, 100_000, 32)
    story = Story(weeks=100)
    monkeypatch.setattr(module, "MAX_NODES", 100)
    graph = graph_of(story.ledger, story.certificate)
    assert (graph.cut, graph.verdict, graph.exit_code) == ("too_many", Verdict.UNDECIDED, 2)
    assert len(graph.nodes) == 1 + 100
    monkeypatch.setattr(module, "MAX_NODES", 105)
    assert graph_of(story.ledger, story.certificate).total is Verdict.VALID


def test_links_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(weeks=5)
    links = sum(len(record.links) for record in story.ledger.records)
    monkeypatch.setattr(module, "MAX_EDGES", links)
    assert graph_of(story.ledger, story.certificate).total is Verdict.VALID
    monkeypatch.setattr(module, "MAX_EDGES", links - 1)
    graph = graph_of(story.ledger, story.certificate)
    assert (graph.cut, graph.verdict) == ("too_many", Verdict.UNDECIDED)


def test_depth_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger()
    record = ledger.make("standard.1")
    for _ in range(module.MAX_DEPTH + 1):
        record = ledger.make("standard.1", ("supersedes", record))
    graph = graph_of(ledger, record)
    assert (graph.cut, graph.verdict, graph.nodes[-1].reason) == ("too_deep", Verdict.UNDECIDED, "too_deep")
    parent = ledger.records[-2]
    assert graph_of(ledger, parent).total is Verdict.VALID


def test_link_that_the_typed_graph_does_not_have_is_an_edge_not_allowed() -> None:
    ledger = Ledger()
    party = ledger.make("party.1")
    certificate = ledger.make("credential.1", ("evidencedBy", party))
    graph = graph_of(ledger, certificate)
    assert [(e.matches, e.allowed) for e in graph.edges] == [(True, False)]
    assert (graph.nodes[1].verdict, graph.verdict) == (Verdict.VALID, Verdict.NOT_VALID)


def test_descendants_are_verified_and_judge_nobody() -> None:
    story = Story(weeks=2)
    outcome = story.ledger.make("outcome.1", ("resultOf", story.certificate))
    revoked = story.ledger.make("creditentry.1", ("credits", story.certificate))
    story.ledger.set_status(revoked, REVOKED)
    graph = graph_of(story.ledger, story.certificate, descendants=True)
    found = {node.digest: node for node in graph.nodes if node.depth < 0}
    assert found[name(outcome)].verdict is Verdict.VALID
    assert (found[name(revoked)].verdict, found[name(revoked)].reason) == (Verdict.NOT_VALID, "revoked")
    assert (graph.total, graph.exit_code) == (Verdict.VALID, 0)
    below = graph_of(story.ledger, story.standard, descendants=True)
    assert {node.depth for node in below.nodes} == {1, 0, -1, -2}
    assert not any(node.depth < 0 for node in graph_of(story.ledger, story.certificate).nodes)


def test_descendant_that_means_another_version_is_an_edge_that_differs() -> None:
    ledger = Ledger()
    standard = ledger.make("standard.1", name="s")
    entry = {**link(standard.document, "alignsTo"), "digestMultibase": digest_multibase(bytes(32))}
    other = ledger.make("standard.1", name="t", links=[entry])
    graph = graph_of(ledger, standard, descendants=True)
    assert [(e.source, e.matches) for e in graph.edges] == [(name(other), False)]


def test_withdrawn_ancestors_are_remarks_in_their_own_words() -> None:
    story = Story(weeks=2)
    story.ledger.set_status(story.activities[0], REVOKED)
    story.ledger.set_status(story.enrolment, SUPERSEDED)
    graph = graph_of(story.ledger, story.certificate)
    reasons = {node.digest: node.reason for node in graph.nodes}
    assert reasons[name(story.activities[0])] == "ancestor_revoked"
    assert reasons[name(story.enrolment)] == "ancestor_remarks"
    assert graph.verdict is Verdict.VALID_WITH_REMARKS


def test_json_names_every_node_and_edge() -> None:
    story = Story(weeks=2)
    value = graph_of(story.ledger, story.certificate).to_json()
    assert value["graphVersion"] == 1
    assert value["root"] == name(story.certificate)
    assert value["counts"] == {"ancestors": story.ancestors, "descendants": 0, "withheld": 0}
    digests = {node["digest"] for node in value["nodes"]}
    assert {e["source"] for e in value["edges"]} | {e["target"] for e in value["edges"]} == digests
    first = value["nodes"][0]
    assert (first["outcome"], first["type"], set(first["title"])) == ("VALID", "credential", {"zh", "en"})


def test_unreadable_file_is_a_graph_of_one_node() -> None:
    ledger = Ledger()
    verify_one = ledger.verifier()
    examiner = LineageExaminer([], verify_one, keep_documents=True)
    graph = build_graph(verify_one(b"{}"), examiner, verify_one)
    assert (len(graph.nodes), graph.root.verdict, graph.exit_code) == (1, Verdict.NOT_VALID, 1)


def test_same_digest_under_two_ids_is_one_node() -> None:
    ledger = Ledger()
    standard = ledger.make("standard.1", name="s")
    wrong = {**link(standard.document, "alignsTo"), "id": ledger.make("party.1").id}
    top = ledger.make("standard.1", links=[wrong, link(standard.document, "alignsTo")])
    graph = graph_of(ledger, top)
    assert [node.verdict for node in graph.nodes[1:]] == [Verdict.VALID]
    assert [edge.matches for edge in graph.edges] == [False, True]
    assert graph.verdict is Verdict.NOT_VALID


def test_source_is_asked_by_digest_alone() -> None:
    story = Story(weeks=1)
    place = Collection(story.ledger.files())
    wanted = Link(story.standard.id, story.standard.digest, "awards", ())
    found = place.find(wanted)
    assert found is not None
    assert [f.data for f in place.citing("urn:uuid:0", story.standard.digest)] != []
