"""A lineage graph as an SVG picture. Nothing that a record says can leave its text element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from verifier_cli.lineage_layout import PER_ROW, Box, Drawing, draw, wrap
from verifier_cli.lineage_model import GraphNode, LineageGraph
from verifier_cli.lineage_text import (
    Names,
    dates,
    equivalent_lines,
    limits,
    names_of,
    outcome_of,
    signers,
    what,
)
from verifier_cli.lineage_words import CITED, MARKS, OUTCOMES, TEXTS, counted, type_word
from verifier_cli.opening import reason_text
from verifier_cli.texts import Language, printable, say

__all__ = ["COLORS", "to_svg"]

BOX_WIDTH: Final = 236
BOX_HEIGHT: Final = 112
GAP_X: Final = 28
GAP_Y: Final = 62
STEP_X: Final = BOX_WIDTH + GAP_X
FRAME_HEAD: Final = 32
CELL_HEIGHT: Final = 36
CELL_GAP: Final = 10
BOLD: Final = 1.1
"""How much wider bold text is."""

MARGIN: Final = 32
HEAD: Final = 58
FONT: Final = 13
SMALL: Final = 11
LINE: Final = 16
FONTS: Final = (
    "system-ui, 'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', "
    "'WenQuanYi Zen Hei', sans-serif"
)
COLORS: Final = {
    "VALID": ("#1a7f37", "#f0fbf3"),
    "VALID_WITH_REMARKS": ("#9a6700", "#fff9e8"),
    "NOT_VALID": ("#cf222e", "#fff1f1"),
    "UNDECIDED": ("#6e5494", "#f7f3fd"),
    "WITHHELD": ("#57606a", "#f3f4f6"),
}
"""Line and ground; each outcome also has its sign and its word, for those who do not see colours."""


def to_svg(graph: LineageGraph, language: Language) -> str:
    """The picture. Records of a kind stand in one frame; above 60 records they are folded into one box, and
    what still does not fit is counted."""
    return _Picture(graph, language).text()


class _Place(NamedTuple):
    """Where a box is, in pixels."""

    x: float
    y: float
    width: float
    height: float


class _Picture:
    """One drawing under way."""

    def __init__(self, graph: LineageGraph, language: Language) -> None:
        self._graph, self._language = graph, language
        self._drawing, self._names = draw(graph), names_of(graph)
        self._width = max(2 * MARGIN + self._drawing.slots * STEP_X - GAP_X, 640)
        self._places, self._foot = self._set_places()

    def text(self) -> str:
        """The SVG document."""
        notes = list(_notes(self._graph, self._drawing, self._language))
        width, height = self._width, self._foot + LINE * (len(notes) + 2) + MARGIN
        name = what((self._graph.root,), self._language)
        title = f"溯源：{name}" if self._language == "zh" else f"Lineage of {name}"
        title = wrap(title, (width - 2 * MARGIN) / 20, 1)[0]
        lang = "zh-CN" if self._language == "zh" else "en"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" lang="{lang}" aria-label={quoteattr(title)} '
            f'font-family="{FONTS}" font-size="{FONT}">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            f'<text x="{MARGIN}" y="{MARGIN}" font-size="18" font-weight="600" fill="#1f2328">'
            f"{escape(title)}</text>",
        ]
        parts += [self._line(pair, sound) for pair, sound in self._drawing.lines.items()]
        for box, place in zip(self._drawing.boxes, self._places, strict=True):
            parts += self._frame(box, place) if box.frame else self._box(box, place)
        parts += _foot(notes, self._foot, self._language)
        return "\n".join([*parts, "</svg>", ""])

    def _set_places(self) -> tuple[list[_Place], int]:
        heights = [BOX_HEIGHT] * self._drawing.rows
        for box in self._drawing.boxes:
            if box.frame:
                cells = -(-len(box.branch.nodes) // PER_ROW)
                heights[box.row] = FRAME_HEAD + cells * (CELL_HEIGHT + CELL_GAP) + CELL_GAP
        tops = [HEAD + sum(heights[:row]) + row * GAP_Y for row in range(len(heights) + 1)]
        inner = self._drawing.slots * STEP_X - GAP_X
        shift = (self._width - 2 * MARGIN - inner) / 2
        places = []
        for box in self._drawing.boxes:
            x = MARGIN + shift + box.slot * STEP_X
            places.append(_Place(x, tops[box.row], inner if box.frame else BOX_WIDTH, heights[box.row]))
        return places, tops[-1]

    def _line(self, pair: tuple[int, int], sound: bool) -> str:
        """From the bottom of what cites to the top of what is cited; over the top where folding put them
        level. What passes a row begins and ends beside the middle, so that it can be told apart."""
        citing, cited = self._places[pair[0]], self._places[pair[1]]
        boxes = self._drawing.boxes
        rows = boxes[pair[1]].row - boxes[pair[0]].row
        aside = 0 if rows == 1 else BOX_WIDTH * 0.22
        x1, x2 = citing.x + citing.width / 2 + aside, cited.x + cited.width / 2 + aside
        y1, y2 = (citing.y + citing.height if rows > 0 else citing.y), cited.y - 1
        bend = max(26.0, (y2 - y1) / 2) if rows > 0 else -30.0
        path = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - abs(bend):.0f} {x2:.0f} {y2:.0f}"
        color = "#8c959f" if sound else COLORS["NOT_VALID"][0]
        dash = "" if sound else ' stroke-dasharray="6 4"'
        return (
            f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.4"{dash} marker-end="url(#tip)"/>'
        )

    def _cited_as(self, box: Box, place: _Place) -> Iterator[str]:
        if box.cited_as:
            words = " / ".join(say(CITED.get(rel, (rel, rel)), self._language) for rel in box.cited_as)
            label = wrap(words, BOX_WIDTH / SMALL, 1)[0]
            yield (
                f'<text x="{place.x + place.width / 2 - 8:.0f}" y="{place.y - 8:.0f}" font-size="{SMALL}" '
                f'text-anchor="end" fill="#57606a" stroke="#ffffff" stroke-width="4" paint-order="stroke">'
                f"{escape(label)}</text>"
            )

    def _box(self, box: Box, place: _Place) -> Iterator[str]:
        nodes, language = box.branch.nodes, self._language
        outcome = outcome_of(nodes[0])
        root = nodes[0].digest == self._graph.root.digest
        yield f"<g><title>{escape(_full(nodes, language, self._names))}</title>"
        if len(nodes) > 1:
            yield _rect(place._replace(x=place.x + 5, y=place.y + 5), outcome, 1.3)
        yield _rect(place, outcome, 2.6 if root else 1.3)
        yield from self._cited_as(box, place)
        inner = (place.width - 24) / FONT
        word = (
            f"{MARKS[outcome]} {say(OUTCOMES[outcome], language)} · {type_word(nodes[0].type, 1, language)}"
        )
        yield _text(place, 20, wrap(word, inner, 1)[0], COLORS[outcome][0], SMALL, bold=True)
        at = 40
        for line in wrap(what(nodes, language), inner / (BOLD if root else 1), 2):
            yield _text(place, at, line, "#1f2328", FONT, bold=root)
            at += LINE
        reason = nodes[0].reason if nodes[0].verdict is not None else None
        why = "" if reason is None else reason_text(reason, language)
        for text in (why, signers(nodes, language, self._names), dates(nodes, language)):
            if text:
                yield _text(place, at + 2, wrap(text, (place.width - 24) / SMALL, 1)[0], "#57606a", SMALL)
                at += LINE
        yield "</g>"

    def _frame(self, box: Box, place: _Place) -> Iterator[str]:
        """All records of a kind, one cell each, under what they are together."""
        nodes, language = box.branch.nodes, self._language
        outcome = outcome_of(nodes[0])
        parts = (what(nodes, language), signers(nodes, language, self._names), dates(nodes, language))
        head = f"{MARKS[outcome]} {say(OUTCOMES[outcome], language)} · " + " · ".join(filter(None, parts))
        yield f"<g><title>{escape(head)}</title>"
        yield _rect(place, outcome, 1.3)
        yield from self._cited_as(box, place)
        head = wrap(head, (place.width - 24) / FONT / BOLD, 1)[0]
        yield _text(place, 20, head, COLORS[outcome][0], FONT, bold=True)
        wide = (place.width - CELL_GAP) / PER_ROW - CELL_GAP
        for at, node in enumerate(nodes):
            row, column = divmod(at, PER_ROW)
            x = place.x + CELL_GAP + column * (wide + CELL_GAP)
            y = place.y + FRAME_HEAD + row * (CELL_HEIGHT + CELL_GAP)
            cell = _Place(x, y, wide, CELL_HEIGHT)
            yield f"<g><title>{escape(_full((node,), language, self._names))}</title>"
            yield _rect(cell, outcome, 0.8, ground="#ffffff")
            for line, text in enumerate(wrap(what((node,), language), (wide - 24) / SMALL, 2)):
                yield _text(cell, 15 + 14 * line, text, "#1f2328", SMALL)
            yield "</g>"
        yield "</g>"


def _rect(place: _Place, outcome: str, stroke: float, *, ground: str | None = None) -> str:
    color, usual = COLORS[outcome]
    dash = ' stroke-dasharray="5 4"' if outcome == "WITHHELD" else ""
    return (
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{place.height}" rx="8" '
        f'fill="{ground or usual}" stroke="{color}" stroke-width="{stroke}"{dash}/>'
    )


def _text(place: _Place, down: int, text: str, color: str, size: int, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{place.x + 12:.1f}" y="{place.y + down:.1f}" font-size="{size}" fill="{color}"{weight}>'
        f"{escape(text)}</text>"
    )


def _full(nodes: tuple[GraphNode, ...], language: Language, names: Names) -> str:
    """The tooltip: what the box has no room for."""
    first = nodes[0]
    lines = [what(nodes, language), signers(nodes, language, names), dates(nodes, language)]
    lines += [] if first.issuer is None else [printable(first.issuer)]
    lines += [f"{printable(first.id or '')} {first.digest}"] if len(nodes) == 1 else []
    return "\n".join(line for line in lines if line)


def _notes(graph: LineageGraph, drawing: Drawing, language: Language) -> Iterator[str]:
    colon = "：" if language == "zh" else ": "
    ancestors = sum(node.depth > 0 for node in graph.nodes)
    yield (
        f"{say(TEXTS['result'], language)}{colon}{say(OUTCOMES[graph.total.value], language)} "
        f"({ancestors:,} {say(TEXTS['records'], language)})"
    )
    withheld = sum(node.withheld for node in graph.nodes)
    if withheld:
        yield f"{MARKS['WITHHELD']} {counted('withheld', language, count=withheld)}"
    if graph.cut is not None:
        yield counted(f"cut_{graph.cut}", language, **limits())
    if drawing.left_out:
        yield counted("left_out", language, count=drawing.left_out)
    yield from equivalent_lines(graph.equivalents, language)


def _foot(notes: list[str], y: int, language: Language) -> Iterator[str]:
    for at, note in enumerate(notes):
        yield (
            f'<text x="{MARGIN}" y="{y + LINE * (at + 1)}" fill="#1f2328" xml:space="preserve">'
            f"{escape(note)}</text>"
        )
    x = float(MARGIN)
    for outcome, (color, _) in COLORS.items():
        word = f"{MARKS[outcome]} {say(OUTCOMES[outcome], language)}"
        yield (
            f'<text x="{x:.0f}" y="{y + LINE * (len(notes) + 2)}" font-size="{SMALL}" fill="{color}">'
            f"{escape(word)}</text>"
        )
        x += SMALL * (len(word) if language == "zh" else 0.62 * len(word)) + 24
