"""Where the boxes of a drawn lineage go: layers from the newest record to the oldest, no library needed."""

from __future__ import annotations

import math
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from verifier_cli.lineage_fold import Branch, grow
from verifier_cli.lineage_model import GraphEdge, LineageGraph

__all__ = ["MAX_DRAWN", "PER_ROW", "Box", "Drawing", "draw", "text_width", "wrap"]

MAX_DRAWN: Final = 60
"""Boxes that can still be read in one picture; a graph with more records is folded first."""

PER_ROW: Final = 6
"""Boxes side by side: what a printed page or a screen shows without scrolling far."""

WIDE: Final = 1.0
NARROW: Final = 0.56
"""Width of a Chinese and of a Latin character, in parts of the font size; measured on common fonts."""


@dataclass(slots=True)
class Box:
    """One record, or several of a kind. `row` counts from the top, `slot` from the left (halves too).

    A `frame` has a row of its own and shows each of its records in a cell, PER_ROW beside each other.
    """

    branch: Branch
    layer: int = 0
    row: int = 0
    slot: float = 0.0
    frame: bool = False
    cited_as: list[str] = field(default_factory=list)
    cites_as: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, lines between them as (citing, cited) places in `boxes` with whether all is well, and how many
    records did not fit."""

    boxes: tuple[Box, ...]
    lines: dict[tuple[int, int], bool]
    rows: int
    slots: int
    left_out: int


def draw(graph: LineageGraph) -> Drawing:
    """Choose what is drawn and where. The asked record's descendants are above it, its ancestors below."""
    framed = len(graph.nodes) <= MAX_DRAWN
    upper = list(_walk(grow(graph, descendants=True)))[1:]
    lower = list(_walk(grow(graph)))
    branches = [lower[0], *(b for b in upper + lower[1:] if not b.again)]
    drawn = branches[:MAX_DRAWN]
    left_out = sum(len(branch.nodes) for branch in branches[MAX_DRAWN:])
    boxes = tuple(Box(branch, frame=framed and len(branch.nodes) > 1) for branch in drawn)
    at = {node.digest: i for i, box in enumerate(boxes) for node in box.branch.nodes}
    lines: dict[tuple[int, int], bool] = {}
    for edge in graph.edges:
        if edge.source in at and edge.target in at and at[edge.source] != at[edge.target]:
            pair = at[edge.source], at[edge.target]
            lines[pair] = lines.get(pair, True) and _sound(edge)
            _note(boxes[pair[0]].cites_as, edge.rel)
            _note(boxes[pair[1]].cited_as, edge.rel)
    _set_layers(boxes, lines)
    rows = _set_rows(boxes, lines)
    return Drawing(boxes, lines, rows, _slots(boxes), left_out)


def _walk(root: Branch) -> Iterator[Branch]:
    waiting = deque([root])
    while waiting:
        branch = waiting.popleft()
        yield branch
        waiting.extend(branch.children)


def _note(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _sound(edge: GraphEdge) -> bool:
    return edge.matches is not False and edge.allowed is not False


def _set_layers(boxes: tuple[Box, ...], lines: dict[tuple[int, int], bool]) -> None:
    """Longest path: whatever is cited stands below everything that cites it. Folding may close a circle
    between two boxes; a layer never exceeds their number, so that ends too."""
    for _ in boxes:
        moved = False
        for citing, cited in lines:
            wanted = min(boxes[citing].layer + 1, len(boxes) - 1)
            if boxes[cited].layer < wanted:
                boxes[cited].layer, moved = wanted, True
        if not moved:
            return


def _slots(boxes: tuple[Box, ...]) -> int:
    """How many places the widest row needs."""
    return math.ceil(max(box.slot + (PER_ROW if box.frame else 1) for box in boxes))


def _set_rows(boxes: tuple[Box, ...], lines: dict[tuple[int, int], bool]) -> int:
    """Rows of at most PER_ROW; boxes of a layer stand below those that cite them as far as can be."""
    row = 0
    for layer in sorted({box.layer for box in boxes}):
        members = [i for i, box in enumerate(boxes) if box.layer == layer]
        members.sort(key=lambda i: _above(i, boxes, lines))
        frames = [i for i in members if boxes[i].frame]
        members = [i for i in members if not boxes[i].frame]
        for i in frames:
            boxes[i].row, boxes[i].slot = row, 0.0
            row += 1
        for start in range(0, len(members), PER_ROW):
            share = members[start : start + PER_ROW]
            for place, i in enumerate(share):
                boxes[i].row = row
                boxes[i].slot = place + (PER_ROW - len(share)) / 2
            row += 1
    narrowest = min(box.slot for box in boxes)
    for box in boxes:
        box.slot -= narrowest
    return row


def _above(cited: int, boxes: tuple[Box, ...], lines: dict[tuple[int, int], bool]) -> float:
    """The middle of what cites a box from above."""
    layer = boxes[cited].layer
    places = [boxes[a].slot for a, b in lines if b == cited and boxes[a].layer < layer and not boxes[a].frame]
    return sum(places) / len(places) if places else PER_ROW / 2


def text_width(text: str) -> float:
    """Width in parts of the font size."""
    return sum(WIDE if unicodedata.east_asian_width(c) in "WF" else NARROW for c in text)


def wrap(text: str, width: float, lines: int) -> list[str]:
    """The text in at most `lines` lines of `width` font sizes, broken between words or Chinese characters;
    what does not fit is replaced by an ellipsis."""
    found: list[str] = []
    rest = text.strip()
    while rest and len(found) < lines:
        end = _fitting(rest, width)
        if end < len(rest) and len(found) == lines - 1:
            found.append(rest[: _fitting(rest, width - WIDE)].rstrip() + "…")
            break
        if end < len(rest) and rest[end - 1].isascii() and rest[end].isascii() and " " in rest[:end]:
            end = rest.rindex(" ", 0, end) + 1
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return found


def _fitting(text: str, width: float) -> int:
    """How many characters fit; at least one."""
    used = 0.0
    for at, char in enumerate(text):
        used += text_width(char)
        if used > width:
            return max(1, at)
    return len(text)
