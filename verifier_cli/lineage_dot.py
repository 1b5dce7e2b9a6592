"""A lineage graph in the DOT language, for tools that lay out by themselves."""

from __future__ import annotations

from verifier_cli.lineage_model import LineageGraph
from verifier_cli.lineage_svg import COLORS
from verifier_cli.lineage_text import dates, names_of, outcome_of, signers, what
from verifier_cli.lineage_words import CITED, MARKS
from verifier_cli.texts import Language, say

__all__ = ["to_dot"]


def to_dot(graph: LineageGraph, language: Language) -> str:
    """The graph as text, every record a node and every link an edge."""
    called, names = names_of(graph), {node.digest: f"n{at}" for at, node in enumerate(graph.nodes)}
    lines = ["digraph lineage {", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for node in graph.nodes:
        color, ground = COLORS[outcome_of(node)]
        label = [f"{MARKS[outcome_of(node)]} {what((node,), language)}"]
        label += [signers((node,), language, called), dates((node,), language)]
        text = _quoted("\n".join(part for part in label if part))
        lines.append(f'  {names[node.digest]} [label={text}, color="{color}", fillcolor="{ground}"];')
    for edge in graph.edges:
        sound = edge.matches is not False and edge.allowed is not False
        style = "" if sound else f', color="{COLORS["NOT_VALID"][0]}", style=dashed'
        label_text = _quoted(say(CITED.get(edge.rel, (edge.rel, edge.rel)), language))
        lines.append(f"  {names[edge.source]} -> {names[edge.target]} [label={label_text}{style}];")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
