"""What the SQL of a definition may do: one SELECT over named relations, with functions of a short list.

The statement is judged by DuckDB's own syntax tree, so nothing is found by matching text. What is on neither
list is refused: a function that a later release brings is not allowed because nobody knew its name. Nothing
that reads a file, a setting, the time or chance is on it, and nothing that counts in floating point: sums of
floats depend on the order of rows, and a report must come out the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

import orjson

from verifier_cli.indicators.errors import DefinitionError, RunError
from verifier_cli.indicators.guard_order import order_problem

if TYPE_CHECKING:
    import duckdb

__all__ = ["FUNCTIONS", "MAX_SQL", "TYPES", "check_exact", "check_select"]

MAX_SQL: Final = 32 * 1024
"""Bytes: half of what the record of a definition may have."""

MAX_DEPTH: Final = 200
"""Nested nodes of a syntax tree: far beyond a readable query, and below what exhausts a stack."""

_FLOATING: Final = re.compile(r'(?<!\\)"id":"(DOUBLE|FLOAT)"')
"""A type in DuckDB's plan; a text that says the same has its quotation marks escaped."""

MAX_DIGITS: Final = 36
"""Of a number: DuckDB reads those of 39 and more as floating point."""

_FUNCTIONS = """
    + - * // % || ~~ !~~
    period_from period_to community
    sum count count_star min max bool_and bool_or
    row_number rank dense_rank lag lead first_value last_value
    abs sign least greatest coalesce nullif
    lower upper trim left right substr substring split_part length starts_with replace concat contains strpos
    year month day quarter dayofweek isodow date_diff datediff date_trunc make_date last_day
    to_days to_months to_years
    unnest row struct_pack list_value
"""
_TYPES = "BIGINT HUGEINT INTEGER DATE VARCHAR BOOLEAN DECIMAL INTERVAL TIMESTAMP"
_CLOCK_AND_SESSION = """
    current_date current_time current_timestamp localtime localtimestamp
    current_user session_user user current_role current_catalog current_database current_schema
"""

FUNCTIONS: Final = frozenset(_FUNCTIONS.split())
"""Every function and operator that a definition may call; comparisons, AND, OR and CASE are syntax. Of
aggregates only those that the order of rows cannot change."""

TYPES: Final = frozenset(_TYPES.split())
"""Every type that a definition may cast to: no floating point, no time zones."""

_TABLE_FUNCTIONS: Final = frozenset({"unnest", "range", "generate_series"})
"""As tables the last two yield row by row; as values they would fill memory with one list."""

_KEYWORD_VALUES: Final = frozenset(_CLOCK_AND_SESSION.split())
"""Names that SQL resolves to the clock or the session where no column is called so."""


def check_select(connection: duckdb.DuckDBPyConnection, code: str, sql: str, tables: Collection[str]) -> None:
    """Refuse everything but one SELECT over `tables`. Raises DefinitionError naming what it may not use."""
    if len(sql.encode()) > MAX_SQL:
        raise DefinitionError(code, "$.sql", f"longer than {MAX_SQL} bytes")
    statement = _statement(connection, code, sql)
    for node, named in _nodes(statement, code):
        problem = _problem(node, named.union(tables)) or order_problem(node)
        if problem is not None:
            raise DefinitionError(code, "$.sql", problem)


def check_exact(connection: duckdb.DuckDBPyConnection, code: str, sql: str) -> None:
    """Refuse a checked SELECT that counts in floating point anywhere on its way, whatever it answers with.

    Raises DefinitionError, RunError where it does not fit the tables.
    """
    plan = str(connection.execute("SELECT json_serialize_plan(?)", [sql]).fetchall()[0][0])
    if plan.startswith('{"error":true'):
        raise RunError(code, str(orjson.loads(plan)["error_message"]).partition("\n")[0])
    if _FLOATING.search(plan):
        raise DefinitionError(code, "$.sql", "counts in floating point on its way")


def _statement(connection: duckdb.DuckDBPyConnection, code: str, sql: str) -> dict[str, Any]:
    answer = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    try:
        tree = orjson.loads(answer[0][0])
    except orjson.JSONDecodeError:  # deeper than what it reads
        raise DefinitionError(code, "$.sql", "is nested too deeply") from None
    if tree["error"]:
        raise DefinitionError(code, "$.sql", f"is no SELECT: {tree['error_message']}")
    if len(tree["statements"]) != 1:
        raise DefinitionError(code, "$.sql", f"holds {len(tree['statements'])} statements")
    statement: dict[str, Any] = tree["statements"][0]
    if statement.get("named_param_map"):
        raise DefinitionError(code, "$.sql", "has a parameter; the period is period_from() and period_to()")
    return statement


def _nodes(tree: Any, code: str) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every node, with the names that WITH has given where it stands.

    A name counts only where DuckDB looks it up: elsewhere, and in its own query, the same word is a table.
    """
    waiting: list[tuple[Any, frozenset[str], int]] = [(tree, frozenset(), 0)]
    while waiting:
        node, named, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise DefinitionError(code, "$.sql", "is nested too deeply")
        if isinstance(node, list):
            waiting += [(value, named, depth + 1) for value in node]
        elif isinstance(node, dict):
            for entry in (node.get("cte_map") or {}).get("map", ()):
                waiting.append((entry["value"], named, depth + 1))
                named |= {entry["key"]}
            yield node, named
            recursive = named | {node["cte_name"]} if "cte_name" in node else named
            as_table = node.get("type") == "TABLE_FUNCTION"
            for name, value in node.items():
                if name == "function" and as_table:
                    value = list(value.values())  # itself judged with its node
                if name != "cte_map":
                    waiting.append((value, recursive if name == "right" else named, depth + 1))


def _problem(node: dict[str, Any], tables: Collection[str]) -> str | None:
    """What one node of the tree does that it may not do."""
    kind = node.get("type")
    if node.get("sample") is not None:
        return "takes a sample"
    if "function_name" in node:
        return _function_problem(node)
    if kind == "BASE_TABLE":
        return _table_problem(node, tables)
    if kind == "TABLE_FUNCTION":
        return _table_function_problem(node["function"])
    if kind in ("SHOW_REF", "COLUMN_DATA", "PIVOT", "BOUND_TABLE_REF", "POSITIONAL_REFERENCE", "LAMBDA"):
        return f"uses {kind}"
    if kind == "COLUMN_REF" and node["column_names"][-1].lower() in _KEYWORD_VALUES:
        return f"reads {node['column_names'][-1]}"
    if kind == "TYPE" and node["type_name"].upper() not in TYPES:
        return f"casts to {node['type_name']}"
    literal = node.get("literal")
    return _literal_problem(literal) if isinstance(literal, dict) else None


def _function_problem(node: dict[str, Any]) -> str | None:
    name = node["function_name"]
    if node.get("schema") or node.get("catalog"):
        return f"calls {node.get('schema') or node['catalog']}.{name}"
    return None if name in FUNCTIONS else f"calls {name}()"


def _table_function_problem(function: dict[str, Any]) -> str | None:
    name = function["function_name"]
    known = name in _TABLE_FUNCTIONS and not function["schema"] and not function["catalog"]
    return None if known else f"reads from {name}()"


def _table_problem(node: dict[str, Any], tables: Collection[str]) -> str | None:
    if node.get("schema_name") or node.get("catalog_name"):
        return f"reads {node['schema_name'] or node['catalog_name']}.{node['table_name']}"
    if node.get("at_clause") is not None:
        return "reads another version of a table"
    return None if node["table_name"] in tables else f"reads {node['table_name']}, which it does not name"


def _literal_problem(literal: dict[str, Any]) -> str | None:
    if literal["kind"] not in ("INTEGER", "NUMERIC"):
        return None
    text = literal["text"]
    digits = text.removeprefix("-").replace(".", "", 1).replace("_", "")
    exact = digits.isdigit() and len(digits) <= MAX_DIGITS
    return None if exact else f"writes {text[:MAX_DIGITS]} as a floating-point number"
