"""Lineages from files, offline from a snapshot: a certificate with its story, a dossier, and the bounds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.model import Figure, Goal, Scale, latency, stopwatch, times
from tests.verifier.lineage.ledger import TRUST_TEXT, Ledger, Story
from verifier_cli.dossier import Part, read_dossier, write_dossier
from verifier_cli.encoding import format_time
from verifier_cli.lineage import MAX_NODES, Collection, LineageExaminer
from verifier_cli.lineage_graph import build_graph
from verifier_cli.lineage_model import LineageGraph
from verifier_cli.lineage_svg import to_svg
from verifier_cli.lineage_text import render_tree
from verifier_cli.record import Record
from verifier_cli.report import Verdict

TITLE = "Lineage of a certificate, every record verified"
WEEKS = (
    40  # practice records of one year: 45 ancestors with evaluation, enrolment, agreement, standard, demand
)
RUNS = 20
COLD_RUNS = 5
LINKS = 250  # of one record: it may have 256
GOAL_WARM = Goal("at_most", 1_000)  # ms; issue 3, must show 5
GOAL_NODES = Goal("exactly", MAX_NODES + 1)
COMMAND = Path(sys.executable).parent / "trace-verify"


def run(scale: Scale) -> list[Figure]:
    """Measure; `TINY` and `NORMAL` leave out the ten thousand."""
    story = Story(WEEKS)
    figures = [Figure("ancestors of the certificate", story.ancestors, "records")]
    figures += _story(story, scale.pick(1, RUNS, 5 * RUNS))
    with TemporaryDirectory(prefix="bench-lineage-") as folder:
        figures += _dossier(story, Path(folder) / "d.zip", scale.pick(1, COLD_RUNS, 3 * COLD_RUNS))
    figures += _large(scale.pick(60, 1_000, MAX_NODES + 500))
    return figures


def _story(story: Story, runs: int) -> list[Figure]:
    """Files at hand and a snapshot in memory: nothing is remembered from one run to the next."""
    verify_one, files = story.ledger.verifier(), story.ledger.files()
    certificate = story.ledger.file(story.certificate)

    def whole() -> LineageGraph:
        place = Collection(files)
        examiner = LineageExaminer([place], verify_one, keep_documents=True)
        return build_graph(verify_one(certificate), examiner, verify_one)

    graph = whole()
    assert graph.total is Verdict.VALID
    assert len(graph.nodes) == 1 + story.ancestors
    return [
        *latency("verified, warm", times(whole, runs), GOAL_WARM),
        *latency("shown as a tree", times(lambda: render_tree(graph, "zh"), runs)),
        *latency("drawn as SVG", times(lambda: to_svg(graph, "zh"), runs)),
    ]


def _dossier(story: Story, path: Path, runs: int) -> list[Figure]:
    ledger = story.ledger
    parts = [Part(r.digest, r.schema.partition(".")[0], ledger.file(r)) for r in ledger.records]
    with path.open("wb") as target:
        write_dossier(
            target,
            story.certificate.digest,
            parts,
            {},
            created=format_time(int(time.time())),
            trust=TRUST_TEXT,
            snapshot=ledger.snapshot().serialise(),
        )
    command = [str(COMMAND), "dossier", str(path)]
    cold = times(lambda: subprocess.run(command, check=True, capture_output=True), runs)
    return [
        Figure("dossier", path.stat().st_size, "bytes"),
        *latency("dossier read", times(lambda: read_dossier(path), runs)),
        *latency("trace-verify dossier, cold process", cold, GOAL_WARM),
    ]


def _large(count: int) -> list[Figure]:
    """More records than a lineage may have, in two layers below one record."""
    ledger = Ledger()
    leaves = [ledger.make("activity.1", name=f"leaf {at}") for at in range(count)]
    tops = [_citing(ledger, leaves[start : start + LINKS], at) for at, start in _parts(leaves)]
    root = ledger.make("credential.1", *[("evidencedBy", top) for top in tops], name="root")
    verify_one = ledger.verifier()
    place = Collection(ledger.files())
    with stopwatch() as watch:
        examiner = LineageExaminer([place], verify_one, keep_documents=True)
        graph = build_graph(verify_one(ledger.file(root)), examiner, verify_one)
    name = f"{count} records and more below one"
    cut = count > MAX_NODES
    assert (graph.cut, graph.total) == (("too_many", Verdict.UNDECIDED) if cut else (None, Verdict.VALID))
    with stopwatch() as shown:
        text = render_tree(graph, "en")
    return [
        Figure(f"{name}: records looked at", len(graph.nodes), "records", GOAL_NODES if cut else None),
        Figure(f"{name}: verified", round(watch.wall, 2), "s"),
        Figure(f"{name}: tree", round(shown.wall, 2), "s"),
        Figure(f"{name}: lines of the tree", len(text.splitlines()), "lines"),
    ]


def _parts(leaves: Sequence[Record]) -> list[tuple[int, int]]:
    return list(enumerate(range(0, len(leaves), LINKS)))


def _citing(ledger: Ledger, cited: Sequence[Record], at: int) -> Record:
    return ledger.make("evaluation.1", *[("evaluates", record) for record in cited], name=f"top {at}")
