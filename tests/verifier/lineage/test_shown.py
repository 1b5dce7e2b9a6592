"""Tree, SVG and DOT: folded, complete, and nothing in a record can leave its place."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support import records
from tests.verifier.lineage.ledger import SUPERSEDED, TRUST_TEXT, Ledger, Story
from tests.verifier.lineage.test_graph import graph_of, name
from verifier_cli import lineage as module
from verifier_cli import lineage_layout, lineage_sources
from verifier_cli.cli import run
from verifier_cli.errors import CouldNotRead
from verifier_cli.lineage_dot import to_dot
from verifier_cli.lineage_fold import FOLD_FROM, FOLD_TROUBLE_FROM
from verifier_cli.lineage_layout import MAX_DRAWN, PER_ROW, draw, text_width, wrap
from verifier_cli.lineage_sources import Service, Withheld
from verifier_cli.lineage_svg import to_svg
from verifier_cli.lineage_text import render_tree
from verifier_cli.lineage_words import CITED, CITES
from verifier_cli.record import Link
from verifier_cli.schema import schema_json
from verifier_cli.wire import HttpStatusError

SVG = "{http://www.w3.org/2000/svg}"


def _lines(text: str, part: str) -> list[str]:
    return [line for line in text.splitlines() if part in line]


# ----- the tree -----


def test_many_of_a_kind_are_one_line_and_all_unfolds_them() -> None:
    story = Story(weeks=31)
    graph = graph_of(story.ledger, story.certificate)
    folded = render_tree(graph, "en")
    # Each of 31 weeks has 8 h and 7.25 h: 472.75 h.
    assert len(_lines(folded, "31 practice records, 472.75 h")) == 1
    assert _lines(folded, "31 practice records")[0].endswith("(all valid)")
    assert len(_lines(folded, "practice log of week")) == 0
    assert len(_lines(render_tree(graph, "en", everything=True), "practice log of week")) == 31
    assert "31 条实践记录，472.75 小时" in render_tree(graph, "zh")


@pytest.mark.parametrize(("weeks", "folded"), [(FOLD_FROM - 1, False), (FOLD_FROM, True)])
def test_folding_begins_at_four(weeks: int, folded: bool) -> None:
    story = Story(weeks=weeks)
    text = render_tree(graph_of(story.ledger, story.certificate), "en")
    assert bool(_lines(text, f"{weeks} practice records")) is folded


def test_trouble_is_never_folded_away() -> None:
    """Twenty missing records are twenty lines, each with its id; one revoked one stands by itself."""
    story = Story(weeks=30)
    gone = story.activities[: FOLD_TROUBLE_FROM - 1]
    text = render_tree(graph_of(story.ledger, story.certificate, without=gone), "en")
    assert [record.id in text for record in gone] == [True] * len(gone)
    assert len(_lines(text, "10 practice records")) == 1
    many = story.activities[:FOLD_TROUBLE_FROM]
    text = render_tree(graph_of(story.ledger, story.certificate, without=many), "en")
    assert len(_lines(text, "a linked record was not given")) == 1


def test_record_is_shown_where_it_is_nearest_and_named_again_elsewhere() -> None:
    story = Story(weeks=1)
    lines = _lines(render_tree(graph_of(story.ledger, story.certificate), "en"), "skill standard")
    assert [line.endswith("(shown above)") for line in lines].count(False) == 1
    assert next(line for line in lines if "shown above" not in line).startswith("    └── ✔ awarded")


def test_signers_are_named_and_their_dids_listed() -> None:
    story = Story(weeks=1)
    text = render_tree(graph_of(story.ledger, story.certificate), "en")
    assert "· Zhaoqing Demo College + 吉祥通信第二工厂 · anchored 2026-07-02" in text
    assert "  吉祥通信第二工厂 = did:web:firm.example:plant-2" in text.splitlines()


def test_two_organisations_of_one_name_go_by_their_dids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(records.ORGANISATION_NAMES, records.FIRM, records.ORGANISATION_NAMES[records.SCHOOL])
    story = Story(weeks=1)
    text = render_tree(graph_of(story.ledger, story.certificate), "en")
    assert f"· {records.SCHOOL} + {records.FIRM} · anchored" in text
    assert records.ORGANISATION_NAMES[records.SCHOOL] not in text


def test_terminal_has_colour_and_a_width_and_a_pipe_neither() -> None:
    story = Story(weeks=2)
    graph = graph_of(story.ledger, story.certificate)
    shown = render_tree(graph, "en", terminal=True, width=80)
    assert "\x1b[" in shown
    assert max(len(line) for line in _without_colour(shown).splitlines()) <= 80
    assert "\x1b" not in render_tree(graph, "en")


def _without_colour(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_cut_and_withheld_are_said_with_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(weeks=6)
    monkeypatch.setattr(module, "MAX_NODES", 5)
    text = render_tree(graph_of(story.ledger, story.certificate), "en")
    assert "the lineage has more than 5 records or 100,000 links" in text
    assert "超过 5 份记录" in render_tree(graph_of(story.ledger, story.certificate), "zh")


def test_every_relation_has_words_both_ways() -> None:
    envelope = json.dumps(schema_json("envelope.1"))
    assert set(CITED) == set(CITES)
    assert all(f'"{relation}"' in envelope for relation in CITED)
    targets = json.loads((Path(module.__file__).parent / "schemas" / "links.json").read_bytes())["links"]
    assert {relation for links in targets.values() for relation in links} <= set(CITED)


# ----- pictures -----


def _root(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def _texts(svg: str) -> list[str]:
    root = _root(svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


HOSTILE = '</text><script>alert(1)</script> & "x" \' <!-- ]]> 你好'


def test_svg_is_well_formed_whatever_records_say() -> None:
    ledger = Ledger()
    label = {"zh": HOSTILE, "en": HOSTILE}
    standard = ledger.make("standard.1", subject={"name": label})
    top = ledger.make("standard.1", ("alignsTo", standard), subject={"name": label})
    graph = graph_of(ledger, top)
    for language in ("zh", "en"):
        root = _root(to_svg(graph, "zh" if language == "zh" else "en"))
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg",
            "title",
            "defs",
            "marker",
            "path",
            "rect",
            "text",
            "g",
        }
    assert any("</text><script>" in text for text in _texts(to_svg(graph, "en")))


def test_picture_says_why_a_record_does_not_hold() -> None:
    story = Story(weeks=2)
    graph = graph_of(story.ledger, story.certificate, without=[story.activities[0]])
    assert "a linked record was not given" in _texts(to_svg(graph, "en"))


def test_dot_is_quoted_whatever_records_say() -> None:
    ledger = Ledger()
    top = ledger.make("standard.1", subject={"name": {"zh": 'a"];\\ evil -> b;//'}})
    text = to_dot(graph_of(ledger, top), "zh")
    (line,) = _lines(text, "evil")
    assert line.count('"') - line.count('\\"') == 6
    assert 'a\\"];\\\\ evil' in line


def test_dot_has_every_record_and_link() -> None:
    story = Story(weeks=5)
    graph = graph_of(story.ledger, story.certificate)
    text = to_dot(graph, "en")
    assert text.count(" -> ") == len(graph.edges)
    assert text.count("fillcolor=") == len(graph.nodes)


def test_boxes_do_not_overlap_and_what_is_cited_stands_below() -> None:
    story = Story(weeks=12)
    story.ledger.make("outcome.1", ("resultOf", story.certificate))
    graph = graph_of(story.ledger, story.certificate, descendants=True)
    drawing = draw(graph)
    places = [(box.row, box.slot) for box in drawing.boxes]
    assert len(set(places)) == len(places)
    assert all(drawing.boxes[a].row < drawing.boxes[b].row for a, b in drawing.lines)
    assert all(0 <= box.slot <= PER_ROW for box in drawing.boxes)
    frames = [box for box in drawing.boxes if box.frame]
    assert [len(box.branch.nodes) for box in frames] == [12]
    assert sum(len(box.branch.nodes) for box in drawing.boxes) == len(graph.nodes)


def test_beyond_sixty_records_a_kind_is_one_box() -> None:
    at, beyond = Story(weeks=MAX_DRAWN - 6), Story(weeks=MAX_DRAWN - 5)
    assert any(box.frame for box in draw(graph_of(at.ledger, at.certificate)).boxes)
    drawing = draw(graph_of(beyond.ledger, beyond.certificate))
    assert not any(box.frame for box in drawing.boxes)
    assert (len(drawing.boxes), drawing.left_out) == (7, 0)


def test_what_does_not_fit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight records in eight boxes, of which five are drawn."""
    monkeypatch.setattr(lineage_layout, "MAX_DRAWN", 5)
    story = Story(weeks=2)
    graph = graph_of(story.ledger, story.certificate)
    drawing = draw(graph)
    assert (len(graph.nodes), len(drawing.boxes), drawing.left_out) == (8, 5, 3)
    assert any("3 more records do not fit" in text for text in _texts(to_svg(graph, "en")))


@pytest.mark.parametrize(
    ("text", "width", "lines", "wanted"),
    [
        ("", 10, 2, []),
        ("short", 10, 2, ["short"]),
        ("物联网应用技术培养登记", 6, 2, ["物联网应用技", "术培养登记"]),
        ("物联网应用技术培养登记与评价", 6, 2, ["物联网应用技", "术培养登记…"]),
        ("one two three four five", 6, 2, ["one two", "three fo…"]),
        ("x" * 40, 6, 1, ["xxxxxxxx…"]),
    ],
)
def test_wrapping(text: str, width: float, lines: int, wanted: list[str]) -> None:
    found = wrap(text, width, lines)
    assert found == wanted
    assert all(text_width(line) <= width + 0.5 for line in found)


# ----- the command -----


def _folder(story: Story, tmp_path: Path) -> list[str]:
    (tmp_path / "files").mkdir()
    for file, data in story.ledger.files():
        (tmp_path / "files" / file).write_bytes(data)
    (tmp_path / "c.trace.json").write_bytes(story.ledger.file(story.certificate))
    (tmp_path / "t.toml").write_text(
        TRUST_TEXT.replace("snapshot_max_age = 604800", "snapshot_max_age = 99999999")
    )
    (tmp_path / "s.json").write_bytes(story.ledger.snapshot().serialise())
    reading = ["--trust", str(tmp_path / "t.toml"), "--offline", "--snapshot", str(tmp_path / "s.json")]
    return ["lineage", str(tmp_path / "c.trace.json"), *reading]


def test_command_in_every_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(weeks=4)
    command = _folder(story, tmp_path)
    source = ["--source", str(tmp_path / "files")]
    assert run([*command, *source, "--lang", "en"]) == 0
    assert "Record and lineage: valid (9 records)" in capsys.readouterr().out
    assert run([*command, *source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["ancestors"] == 9
    assert run([*command, *source, "--dot"]) == 0
    assert capsys.readouterr().out.startswith("digraph lineage {")
    assert run([*command, *source, "--svg", str(tmp_path / "x.svg")]) == 0
    assert _root((tmp_path / "x.svg").read_text("utf-8")).tag == f"{SVG}svg"
    assert run([*command, *source, "--descendants", "--lang", "zh"]) == 0
    assert "现有材料中没有以其为依据的记录" in capsys.readouterr().out


def test_exit_codes_are_those_of_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(weeks=4)
    story.ledger.set_status(story.enrolment, SUPERSEDED)
    command = _folder(story, tmp_path)
    source = ["--source", str(tmp_path / "files")]
    assert run([*command]) == 2
    assert run([*command, *source]) == 0
    assert run([*command, *source, "--strict"]) == 1
    forged = story.ledger.file(story.activities[0]).replace(b'"ops":120', b'"ops":121')
    place = next(
        p for p in (tmp_path / "files").iterdir() if p.read_bytes() == story.ledger.file(story.activities[0])
    )
    place.write_bytes(forged)
    assert run([*command, *source]) == 1
    assert run([*command, "--source", str(tmp_path / "none")]) == 3
    assert run([*command, *source, "--svg", str(tmp_path / "no" / "x.svg")]) == 3
    assert run(["lineage", str(tmp_path / "files"), *command[2:]]) == 3
    assert run(["lineage", str(tmp_path / "none"), *command[2:]]) == 3
    capsys.readouterr()


# ----- a service as source -----


class Answers:
    """Stands for the connection of a place: what it answers by path, and what it was asked."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers, self.asked = answers, list[str]()
        self.target = "/"

    def exchange(
        self, method: str, target: str, body: None, limit: int, *, bearer: str | None = None
    ) -> bytes:
        self.asked.append(target)
        if target not in self.answers:
            raise HttpStatusError(404)
        return self.answers[target]


def _service(monkeypatch: pytest.MonkeyPatch, answers: dict[str, bytes]) -> tuple[Service, Answers]:
    places = Answers(answers)

    def connect(url: str) -> Answers:
        made = Answers(answers)
        made.asked = places.asked
        made.target = url.removeprefix("http://svc") or "/"
        return made

    monkeypatch.setattr(lineage_sources, "HttpConnection", connect)
    return Service("http://svc/v1/proof-files/"), places


def test_service_tells_what_it_withholds_and_who_cites(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(weeks=2)
    hidden, citing = story.activities[0], story.certificate
    surroundings = {
        "nodes": [
            {"digest": name(hidden), "outcome": "WITHHELD", "type": "activity"},
            {"digest": name(citing), "outcome": None, "type": "credential"},
        ],
        "edges": [{"source": name(citing), "target": name(story.standard)}],
    }
    about = f"/v1/records/{story.standard.id}/lineage?direction=both"
    answers = {
        about: json.dumps(surroundings).encode(),
        f"/v1/proof-files/{name(citing)}": story.ledger.file(citing),
    }
    service, places = _service(monkeypatch, answers)
    service.look_around(story.standard.id, descendants=True)
    assert service.find(Link(hidden.id, hidden.digest, "evaluates", ())) == Withheld("activity")
    assert service.find(Link(story.enrolment.id, story.enrolment.digest, "x", ())) is None
    (found,) = service.citing(story.standard.id, story.standard.digest)
    assert found.data == story.ledger.file(citing)
    assert places.asked[0] == about


@pytest.mark.parametrize(
    "answer",
    [
        b"{",
        b"[]",
        b'{"nodes": 7}',
        b'{"nodes": [{}]}',
        b'{"nodes": [{"outcome": "WITHHELD", "digest": "x", "type": "a"}]}',
        b'{"edges": [{"target": "x", "source": "../../evil"}]}',
        b'{"edges": [{"target": [], "source": "x"}]}',
    ],
)
def test_service_that_answers_nonsense_is_trouble(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    service, places = _service(monkeypatch, {"/v1/records/r/lineage?direction=both": answer})
    with pytest.raises(CouldNotRead) as caught:
        service.look_around("r", descendants=True)
    assert caught.value.reason == "garbled"
    assert len(places.asked) == 1
