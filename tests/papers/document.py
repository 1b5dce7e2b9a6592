"""docs/papers.md, from the rows, the schemas and the definitions: `python -m tests.papers.document`."""

from __future__ import annotations

from pathlib import Path

from tests.papers.rows import Check, Row, rows, subschema
from verifier_cli.indicators.definition import shipped

TARGET = Path(__file__).parents[2] / "docs" / "papers.md"
_HEAD = """# What the papers name, and what serves it

Generated from the record schemas, the indicator definitions and `tests/papers/rows` by
`python -m tests.papers.document`; a test holds this page to them. Each scenario is played in the sample
community (`samples/community`), and its checks compare what comes out with hand-written numbers, or expect a
refusal. Without any one of a row's fields or rules its test fails: `python -m tests.papers.mutations` counts.

Papers: 000 position-course-competition-certificate, 001 industrial colleges, 002 policy-subject-platform,
003 supply and demand, 004 modern apprenticeship.

| # | Paper | Mechanism | Record types | Kinds | Fields | Served by | Scenario | Signs |
|---|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_line(row) for row in rows())


def _line(row: Row) -> str:
    cells = (
        str(row.number),
        row.paper,
        f"{row.name} {row.name_zh}",
        ", ".join(row.types),
        ", ".join(row.kinds) or "–",
        "<br>".join(_field(field) for field in row.fields),
        "<br>".join(dict.fromkeys(filter(None, (_served(check) for check in row.checks)))),
        row.scenario,
        row.signs,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _field(field: str) -> str:
    title = subschema(field).get("titleZh", "")
    return f"`{field}` {title}".rstrip()


def _served(check: Check) -> str:
    if check.form in ("indicator", "exception"):
        definition = shipped()[check.data["code"]]
        return f"{check.form} `{definition.code}` {definition.title['zh']}"
    if check.form == "refusal":
        return f"refusal at `{check.data['path']}`"
    return f"{check.form} in the row's test"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
