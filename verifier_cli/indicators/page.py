"""`docs/indicators.md`: the definitions of this release for readers.

`python -m verifier_cli.indicators.page > docs/indicators.md` writes it; a test holds it equal to the files.
"""

from __future__ import annotations

from collections.abc import Iterable

from verifier_cli.indicators.definition import Definition, shipped

__all__ = ["page"]

_HEAD = """# Indicators

The definitions of this release, made from `verifier_cli/indicators/definitions/` by
`python -m verifier_cli.indicators.page`. A report links each of them as a signed Decision, so what it was
computed with is fixed, whatever a later release ships.

A definition is one SELECT over [relations](relations.md) and views; a finisher turns its rows into a value
with a single division, in exact fractions, half-even to four digits. Beside the relations it may read
`member` (did, role, position, from, to: who belongs to the community), `result` (code, state, value, n,
coverage_bp: the indicators before it) and `baseline` (code, base, target). `period_from()` is the first day
of the period, `period_to()` the day after its last, `community()` the chain agreement's subject.

A value about fewer persons than the least number, or about all of a group but fewer than that, is not
published. Where nothing is measured the state is `no_data`; where something is and no record says it,
`missing_input`.
"""


def page() -> str:
    """The page as Markdown."""
    found = shipped().values()
    parts = [_HEAD, "## Overview", "", *_overview(item for item in found if item.form != "view")]
    for title, form in (("Indicators", "indicator"), ("Exceptions", "exception"), ("Views", "view")):
        chosen = [item for item in found if item.form == form]
        if chosen:
            parts += ["", f"## {title}", "", *(line for item in chosen for line in _section(item))]
    return "\n".join(parts).rstrip("\n") + "\n"


def _overview(definitions: Iterable[Definition]) -> list[str]:
    rows = [
        f"| {item.code} | {item.title['en']} | {item.title['zh']} | {item.unit} | {_scale(item)} | "
        f"{item.min_persons or ''} | {', '.join(map(str, item.rows))} |"
        for item in definitions
    ]
    head = "| Code | Indicator | 指标 | Unit | Base → target | Least persons | Rows of papers.md |"
    return [head, "|---|---|---|---|---|---|---|", *rows]


def _scale(item: Definition) -> str:
    return "" if item.base is None or item.target is None else f"{item.base} → {item.target}"


def _section(item: Definition) -> list[str]:
    finisher = f", finisher `{item.finisher}`" if item.finisher else ""
    facts = f"Version {item.version}{finisher}, reads {', '.join(f'`{name}`' for name in item.sources)}."
    lines = [f"### {item.code}: {item.title['en']} {item.title['zh']}", "", facts]
    if item.note:
        lines += ["", item.note]
    return [*lines, "", "```sql", item.sql.strip("\n"), "```", ""]


if __name__ == "__main__":
    print(page(), end="")
