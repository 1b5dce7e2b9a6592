"""Constructs of a definition whose answer depends on the order in which an engine happens to read rows.

Two who compute the same report need not read rows in the same order. What only an ORDER BY that is not unique
leaves open cannot be seen here; a recomputation that differs tries another order of rows and says so.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["order_problem"]

_PLACED: Final = frozenset(
    {
        "WINDOW_ROW_NUMBER",
        "WINDOW_RANK",
        "WINDOW_RANK_DENSE",
        "WINDOW_LAG",
        "WINDOW_LEAD",
        "WINDOW_FIRST_VALUE",
        "WINDOW_LAST_VALUE",
    }
)
"""Window functions that say something about a row's place."""

_JOINS: Final = frozenset({"REGULAR", "CROSS", "NATURAL", "DEPENDENT"})
"""Joins that pair rows by what is in them; ASOF picks one of several, POSITIONAL goes by place."""


def order_problem(node: dict[str, Any]) -> str | None:
    """What one node of the syntax tree makes of an order that nobody gave; None where nothing."""
    if node.get("class") == "WINDOW":
        return _window_problem(node)
    if node.get("type") == "JOIN" and node["ref_type"] not in _JOINS:
        return f"joins by {node['ref_type']}"
    if node.get("type") == "RECURSIVE_CTE_NODE" and node.get("key_targets"):
        return "overwrites rows by USING KEY"
    if node.get("type") == "COLUMN_REF" and node["column_names"][-1].lower() == "rowid":
        return "reads the place of a row"
    return _modifier_problem(node.get("modifiers") or ())


def _window_problem(node: dict[str, Any]) -> str | None:
    by_place = node["type"] in _PLACED or any(str(node[end]).endswith("_ROWS") for end in ("start", "end"))
    if by_place and not node["orders"]:
        return f"has {node['function_name']}() OVER without ORDER BY"
    return None


def _modifier_problem(modifiers: Any) -> str | None:
    kinds = {modifier["type"] for modifier in modifiers}
    if "ORDER_MODIFIER" in kinds:
        return None
    if any(modifier.get("distinct_on_targets") for modifier in modifiers):
        return "has DISTINCT ON without ORDER BY"
    return "has LIMIT without ORDER BY" if "LIMIT_MODIFIER" in kinds else None
