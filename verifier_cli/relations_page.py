"""`docs/relations.md`: the published description of the relational view.

`python -m verifier_cli.relations_page > docs/relations.md` writes it; a test holds it equal to the schemas.
"""

from __future__ import annotations

from verifier_cli.relations import Relation, relations

__all__ = ["page"]

_HEAD = """# Relations

What a record is as rows of tables: exports write them, definitions of indicators are SQL over them. The
tables follow from the JSON Schemas of the record types (`verifier_cli/relations.py` says how); this page is
made from them by `python -m verifier_cli.relations_page`.

Only records that count are loaded: anchored and final, neither revoked nor suspended at the report's block.
`superseded` says that a loaded record of the same type and issuer supersedes this one. No meaning hangs on
the order of rows. Names that SQL reserves (`from`, `to`, `end`, `on`) are written in double quotes.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *(line for item in relations().values() for line in _section(item))])


def _section(relation: Relation) -> list[str]:
    rows = [
        f"| `{column.name}` | {column.type} | {column.title} | {column.title_zh} |"
        for column in relation.columns
    ]
    return [f"## {relation.name}", "", "| Column | Type | Meaning | 含义 |", "|---|---|---|---|", *rows, ""]


if __name__ == "__main__":
    print(page(), end="")
