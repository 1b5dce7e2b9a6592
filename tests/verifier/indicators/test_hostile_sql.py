"""Definitions written to see more than they name, to come out differently, or to fill memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.verifier.indicators.helpers import tables
from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.errors import DefinitionError, RunError
from verifier_cli.indicators.memory import bounded_memory
from verifier_cli.indicators.sandbox import Sandbox

OUT_OF_SIGHT = {
    "a CTE lends its name to the catalogue": (
        "SELECT (WITH sqlite_master AS (SELECT 1 AS x) SELECT max(x) FROM sqlite_master) AS a, "
        "(SELECT count(*) FROM sqlite_master) AS b"
    ),
    "a CTE reads the table of its own name": (
        "WITH credential AS (SELECT * FROM credential) SELECT count(*) AS n FROM credential"
    ),
    "the anchor of a recursive CTE reads the table of its name": (
        "WITH RECURSIVE credential(a) AS (SELECT record FROM credential UNION ALL "
        "SELECT a FROM credential WHERE a = '') SELECT a FROM credential"
    ),
    "a name of an inner WITH outside": (
        "WITH a AS (WITH credential AS (SELECT 1 AS x) SELECT x FROM credential) "
        "SELECT count(*) AS n FROM a, credential"
    ),
    "a name before it is given": (
        "WITH a AS (SELECT * FROM credential), credential AS (SELECT 1 AS x) SELECT count(*) AS n FROM a"
    ),
    "a table function of a schema": "SELECT * FROM main.range(3)",
}

BY_PLACE = {
    "rows counted in no order": "SELECT row_number() OVER () AS n FROM activity",
    "the row before in no order": "SELECT lag(record) OVER (PARTITION BY subject) AS r FROM activity",
    "the first of a group": "SELECT first_value(record) OVER (PARTITION BY subject) AS r FROM activity",
    "a running sum in no order": (
        "SELECT sum(ops) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n FROM activity"
    ),
    "any row": "SELECT record FROM activity LIMIT 1",
    "any row within": "SELECT count(*) AS n FROM (SELECT record FROM activity LIMIT 1)",
    "any row of each": "SELECT DISTINCT ON (subject) record FROM activity",
    "rows side by side": "SELECT a.record FROM activity a POSITIONAL JOIN activity_days b",
    "the nearest row": "SELECT a.record FROM activity a ASOF JOIN activity b ON a.ops >= b.ops",
    "the place in the table": "SELECT activity.rowid AS r FROM activity",
    "the last row of a recursion": (
        "WITH RECURSIVE r(a, b) USING KEY (a) AS (SELECT 1, 1 UNION SELECT a, b + 1 FROM r WHERE b < 9) "
        "SELECT a, b FROM r"
    ),
}

FLOATING = {
    "a long fraction": f"SELECT CAST(sum(ordinal * 0.{'1' * 40}) AS DECIMAL(18,4)) AS n FROM activity_days",
    "a long integer": f"SELECT CAST(sum({'2' * 39}) AS VARCHAR) AS n",
    "a whole division of decimals": "SELECT CAST(ordinal // 0.3 AS BIGINT) AS n FROM activity_days",
}

FILLING = {
    "one long list": "SELECT length(range(2000000000)) AS n",
    "one long series": "SELECT unnest(generate_series(1, 2000000000)) AS n",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with tables(activity=[{"record": "a", "subject": "li"}], activity_days=[{"record": "a"}]) as opened:
        yield opened


@pytest.mark.parametrize("family", [OUT_OF_SIGHT, BY_PLACE, FLOATING, FILLING])
def test_what_is_hidden_in_a_select_is_refused(sandbox: Sandbox, family: dict[str, str]) -> None:
    for name, sql in family.items():
        with pytest.raises(DefinitionError) as refused:
            sandbox.select("X", sql, {"activity", "activity_days"})
        assert (refused.value.code, refused.value.path) == ("X", "$.sql"), name


def test_a_thousand_nested_queries_are_refused(sandbox: Sandbox) -> None:
    nested = "SELECT * FROM " + "(SELECT * FROM " * 1500 + "activity" + ")" * 1500
    with pytest.raises(DefinitionError):
        sandbox.select("X", nested, {"activity"})


def test_names_that_with_gives_are_read_where_they_are_given(sandbox: Sandbox) -> None:
    answer = sandbox.select(
        "X",
        """
        WITH RECURSIVE few AS (SELECT record FROM activity ORDER BY record LIMIT 3),
             steps(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM steps WHERE i < 4)
        SELECT count(*) AS n, (WITH inside AS (SELECT i FROM steps) SELECT max(i) FROM inside) AS most
        FROM few, steps, range(steps.i, 5) AS r(x)
        """,
        {"activity"},
    )
    assert list(answer) == [{"n": 4 + 3 + 2 + 1, "most": 4}]


def test_an_expression_that_fills_memory_fails_alone(sandbox: Sandbox) -> None:
    text = "replace(" * 9 + "'aaaaaaaaaa'" + ", 'a', 'aaaaaaaaaa')" * 9
    with bounded_memory(512), pytest.raises(RunError) as failed:
        sandbox.select("X", f"SELECT length({text}) AS n", set())
    assert failed.value.code == "X"
    assert len(sandbox.select("X", "SELECT record FROM activity", {"activity"}).rows) == 1


def _definition(sql: str, finisher: str) -> Definition:
    return Definition("X", "1", "indicator", {"zh": "某"}, sql, (), finisher)


@pytest.mark.parametrize(
    ("finisher", "sql"),
    [
        ("ratio", "SELECT 'one' AS numerator"),
        ("ratio", "SELECT '1e1000000000' AS numerator"),
        ("ratio", "SELECT DATE 'infinity' AS numerator"),
        ("ratio", "SELECT [1] AS numerator"),
        ("ratio", "SELECT 1 AS numerator, 'many' AS n"),
        ("level", "SELECT 'first' AS level, true AS met"),
        ("cronbach", "SELECT 'r' AS respondent, 'i' AS item, NULL AS score"),
        ("index", "SELECT 'p' AS part, 1 AS numerator, 1 AS denominator, NULL AS weight"),
    ],
)
def test_rows_that_no_finisher_can_take_name_the_definition(
    sandbox: Sandbox, finisher: str, sql: str
) -> None:
    with pytest.raises(RunError) as failed:
        run(sandbox, [_definition(sql, finisher)])
    assert failed.value.code == "X"
