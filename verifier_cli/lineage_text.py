"""A lineage graph as a tree in the terminal: one line a record that a newcomer understands."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from verifier_cli import lineage
from verifier_cli.contents import describe
from verifier_cli.encoding import format_time
from verifier_cli.lineage_fold import Branch, grow, worked_minutes
from verifier_cli.lineage_model import GraphNode, LineageGraph
from verifier_cli.lineage_words import CITED, CITES, MARKS, OUTCOMES, TEXTS, counted, type_word
from verifier_cli.opening import reason_text
from verifier_cli.report import Equivalent, Verdict
from verifier_cli.texts import Language, printable, say

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

Names = Mapping[str, str]

__all__ = ["Names", "dates", "equivalent_lines", "names_of", "outcome_of", "render_tree", "signers", "what"]

PLAIN_WIDTH: Final = 4_000
"""Columns where nobody looks: a line stays one line for whoever searches in it."""

_STYLES: Final = {
    "VALID": "green",
    "VALID_WITH_REMARKS": "yellow",
    "NOT_VALID": "bold red",
    "UNDECIDED": "yellow",
    "WITHHELD": "magenta",
}


def outcome_of(node: GraphNode) -> str:
    """The node's verdict, or WITHHELD."""
    return "WITHHELD" if node.verdict is None else node.verdict.value


def render_tree(
    graph: LineageGraph,
    language: Language,
    *,
    descendants: bool = False,
    everything: bool = False,
    terminal: bool = False,
    width: int | None = None,
) -> str:
    """The graph as text without a final newline. `everything` unfolds; on a `terminal` there is colour, and
    lines are broken at `width` columns."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width if terminal and width else PLAIN_WIDTH,
        force_terminal=terminal,
        no_color=not terminal,
        color_system="standard" if terminal else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(_tree(graph, language, everything=everything, below=False))
    if descendants:
        console.print()
        console.print(_tree(graph, language, everything=everything, below=True))
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    lines += _closing(graph, language)
    return "\n".join(lines)


def _tree(graph: LineageGraph, language: Language, *, everything: bool, below: bool) -> Tree:
    from rich.tree import Tree

    root = grow(graph, descendants=below, fold=not everything)
    names = names_of(graph)
    tree = Tree(_line(root, language, names, below=below), guide_style="dim")
    heading = "descendants" if below else "ancestors"
    if not root.children:
        tree.add(say(TEXTS[f"no_{heading}"], language))
        return tree
    top = tree.add(say(TEXTS[heading], language))
    waiting: list[tuple[Branch, Tree]] = [(child, top) for child in reversed(root.children)]
    while waiting:
        branch, parent = waiting.pop()
        place = parent.add(_line(branch, language, names, below=below))
        waiting += [(child, place) for child in reversed(branch.children)]
    return tree


def _line(branch: Branch, language: Language, names: Names, *, below: bool) -> Text:
    """`✔ evidence: evaluation … · issuer + co-signers · anchored 2026-07-02`."""
    from rich.text import Text

    outcome = outcome_of(branch.nodes[0])
    spoiled = branch.allowed is False or branch.matches is False
    style = _STYLES["NOT_VALID" if spoiled else outcome]
    line = Text()
    line.append(MARKS["NOT_VALID" if spoiled else outcome], style=style)
    line.append(" ")
    if branch.rel:
        words = (CITES if below else CITED).get(branch.rel, (branch.rel, branch.rel))
        line.append(f"{say(words, language)}{_colon(language)}", style="cyan")
    title = what(branch.nodes, language)
    if branch.again:
        left, right = _brackets(language)
        line.append(f"{title}{left}{say(TEXTS['again'], language)}{right}", style="dim")
        return line
    texts = (signers(branch.nodes, language, names), dates(branch.nodes, language))
    line.append(title)
    line.append("".join(f" · {text}" for text in texts if text), style="dim")
    line.append(_verdict(branch, language), style=style)
    return line


def _brackets(language: Language) -> tuple[str, str]:
    return ("（", "）") if language == "zh" else (" (", ")")


def names_of(graph: LineageGraph) -> Names:
    """What to call each DID: the name under which it issues in this graph, unless another DID goes by it too.

    Names are the signers' own words; the closing lines of the tree say which DID each one is.
    """
    named: dict[str, str] = {}
    for node in graph.nodes:
        if node.issuer is not None and node.issuer_name and node.verdict is not Verdict.NOT_VALID:
            named.setdefault(node.issuer, printable(node.issuer_name))
    shared = Counter(named.values())
    return {did: name for did, name in named.items() if shared[name] == 1}


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "


def _verdict(branch: Branch, language: Language) -> str:
    """Nothing for one valid record, whose mark says it; else the word and the reason."""
    node = branch.nodes[0]
    word = say(OUTCOMES[outcome_of(node)], language)
    reasons = []
    # That a record has remarks is said by the word already; which ones, `verify` says.
    if node.reason not in (None, "ancestor_remarks") and node.verdict is not None:
        reasons.append(reason_text(node.reason, language))
    if branch.matches is False and node.reason != "digest_differs":
        reasons.append(say(TEXTS["edge_differs"], language))
    if branch.allowed is False:
        reasons.append(say(TEXTS["edge_not_allowed"], language))
    if len(branch.nodes) > 1:
        every = say(TEXTS["all"], language)
        word = f"{every}{word}" if language == "zh" else f"{every} {word}"
    elif node.verdict is Verdict.VALID and not reasons:
        return ""
    left, right = _brackets(language)
    return left + ("；" if language == "zh" else "; ").join([word, *reasons]) + right


def what(nodes: tuple[GraphNode, ...], language: Language) -> str:
    """What one record says in a few words, or how many of a type: `31 practice records, 252 h`."""
    first = nodes[0]
    if len(nodes) > 1:
        minutes = worked_minutes(nodes)
        hours = f"{round(minutes / 60, 2):.2f}".rstrip("0").rstrip(".") if minutes is not None else None
        comma, unit = ("，", " 小时") if language == "zh" else (", ", " h")
        amount = type_word(first.type, len(nodes), language)
        return amount if hours is None else f"{amount}{comma}{hours}{unit}"
    if first.document is None or first.schema is None:
        named = first.digest if first.withheld or first.id is None else first.id
        return f"{type_word(first.type, 1, language)} {printable(named)}"
    title = describe(first.schema, first.document, language).title
    if first.verdict is Verdict.NOT_VALID:
        return f"{say(TEXTS['claims'], language)} “{title}”"
    return title


def signers(nodes: tuple[GraphNode, ...], language: Language, names: Names) -> str:
    """`Firm + School`, the issuer first; of records with several issuers, how many."""
    sets = {(node.issuer, node.issuer_name, node.cosigners) for node in nodes}
    first = nodes[0]
    if first.issuer is None:
        return ""
    if len(sets) > 1:
        issuers = len({node.issuer for node in nodes})
        if issuers > 1:
            return f"{issuers} {say(TEXTS['issuers'], language)}"
    dids = [first.issuer, *(did for did, _ in first.cosigners if len(sets) == 1)]
    return " + ".join(names.get(did, printable(did)) for did in dids)


def dates(nodes: tuple[GraphNode, ...], language: Language) -> str:
    """When it was anchored, or from when to when."""
    times = [node.anchored_at for node in nodes if node.anchored_at is not None]
    if not times:
        return ""
    days = list(dict.fromkeys(format_time(time)[:10] for time in (min(times), max(times))))
    between = " 至 " if language == "zh" else " to "
    return f"{say(TEXTS['anchored'], language)} {between.join(days)}"


def _closing(graph: LineageGraph, language: Language) -> Iterator[str]:
    """What is withheld, what was cut off, what it counts as elsewhere, and the verdict over all."""
    yield ""
    names = names_of(graph)
    if names:
        yield say(TEXTS["signers"], language) + _colon(language).rstrip()
    yield from (f"  {name} = {printable(did)}" for did, name in names.items())
    withheld = sum(node.withheld for node in graph.nodes)
    if withheld:
        yield f"{MARKS['WITHHELD']} {counted('withheld', language, count=withheld)}"
    if graph.cut is not None:
        yield "? " + counted(f"cut_{graph.cut}", language, **limits())
    yield from equivalent_lines(graph.equivalents, language)
    ancestors = sum(node.depth > 0 for node in graph.nodes)
    word = say(OUTCOMES[graph.total.value], language)
    count = f"{ancestors:,} {say(TEXTS['records'], language)}"
    left, right = _brackets(language)
    yield f"{say(TEXTS['result'], language)}{_colon(language)}{word}{left}{count}{right}"


def limits() -> dict[str, int]:
    """The numbers that sentences about limits name."""
    return {"nodes": lineage.MAX_NODES, "edges": lineage.MAX_EDGES, "depth": lineage.MAX_DEPTH}


def equivalent_lines(equivalents: tuple[Equivalent, ...], language: Language) -> Iterator[str]:
    """What a credential counts as elsewhere, and by whose word."""
    if equivalents:
        yield say(TEXTS["equivalents"], language) + _colon(language).rstrip()
    for item in equivalents:
        # A type of the Open Badges vocabulary (ceterms:Credential) goes by its name.
        kind = item.target_type.rpartition(":")[2]
        parts = (item.framework, kind if kind != item.framework else "", item.target_level)
        target = " ".join(printable(part) for part in parts if part)
        target = target or say(TEXTS["unnamed"], language)
        if item.reason is None:
            space = "" if language == "zh" else " "
            who = " + ".join(map(printable, item.bodies))
            yield f"  ✔ {target}{_colon(language)}{say(TEXTS['confirmed'], language)}{space}{who}"
        else:
            why = reason_text(item.reason, language)
            colon, word = _colon(language), say(TEXTS["not_confirmed"], language)
            yield f"  ? {target}{colon}{word}{colon}{why}"
