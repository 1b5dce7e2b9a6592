"""What a stranger's SQL may do in the sandbox: read the named relations, and nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest

from tests.verifier.indicators.helpers import tables
from verifier_cli.errors import MisuseError
from verifier_cli.indicators.errors import DefinitionError, RunError
from verifier_cli.indicators.guard import MAX_DEPTH, MAX_SQL
from verifier_cli.indicators.sandbox import MAX_ROWS, Sandbox, open_sandbox

ATTACKS = {
    "reads a file": "SELECT * FROM read_csv('/etc/passwd')",
    "reads a text": "SELECT * FROM read_text('/etc/passwd')",
    "reads a blob": "SELECT * FROM read_blob('/etc/*')",
    "reads JSON": "SELECT * FROM read_json('/etc/passwd')",
    "reads Parquet": "SELECT * FROM read_parquet('x.parquet')",
    "lists files": "SELECT * FROM glob('/etc/*')",
    "a file as a table": "SELECT * FROM '/etc/passwd'",
    "a web page as a table": "SELECT * FROM 'https://example.org/x.csv'",
    "writes a file": "COPY (SELECT 1) TO '/tmp/x.csv'",
    "exports": "EXPORT DATABASE '/tmp/x'",
    "attaches": "ATTACH '/tmp/other.duckdb' AS other",
    "loads code": "LOAD httpfs",
    "installs code": "INSTALL httpfs",
    "sets": "SET memory_limit = '100GB'",
    "resets": "RESET memory_limit",
    "a pragma": "PRAGMA database_list",
    "a pragma function": "SELECT * FROM pragma_version()",
    "a setting": "SELECT current_setting('memory_limit')",
    "all settings": "SELECT * FROM duckdb_settings()",
    "all tables": "SELECT * FROM duckdb_tables()",
    "the environment": "SELECT getenv('HOME')",
    "a variable": "SELECT getvariable('x')",
    "the time": "SELECT now()",
    "the date": "SELECT current_date",
    "the date by a function": "SELECT today()",
    "the timestamp": "SELECT current_timestamp",
    "the local time": "SELECT localtimestamp",
    "chance": "SELECT random()",
    "a random identifier": "SELECT gen_random_uuid()",
    "a sample": "SELECT subject FROM activity USING SAMPLE 10%",
    "a table sample": "SELECT subject FROM activity TABLESAMPLE reservoir(10)",
    "who runs it": "SELECT current_user",
    "the catalogue": "SELECT * FROM pg_catalog.pg_class",
    "the schema": "SELECT * FROM information_schema.tables",
    "another schema": "SELECT * FROM main.activity",
    "the catalogue in a subquery": "SELECT 1 WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_class)",
    "a file in a CTE": "WITH t AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM t",
    "a relation that it does not name": "SELECT * FROM credential",
    "SQL from text": "SELECT * FROM query('SELECT 1')",
    "a table from text": "SELECT * FROM query_table('credential')",
    "SQL about SQL": "SELECT json_serialize_sql('SELECT 1')",
    "runs a serialised plan": "SELECT * FROM json_execute_serialized_sql('{}')",
    "two statements": "SELECT 1; SELECT 2",
    "a second statement that deletes": "SELECT 1; DELETE FROM activity",
    "inserts": "INSERT INTO activity SELECT * FROM activity",
    "deletes": "DELETE FROM activity",
    "updates": "UPDATE activity SET subject = 'x'",
    "drops": "DROP TABLE activity",
    "creates": "CREATE TABLE x AS SELECT 1",
    "a macro": "CREATE MACRO period_from() AS DATE '2000-01-01'",
    "calls": "CALL pragma_version()",
    "explains": "EXPLAIN SELECT 1",
    "describes": "DESCRIBE activity",
    "summarises": "SUMMARIZE activity",
    "shows": "SHOW TABLES",
    "a parameter": "SELECT $period_from",
    "a sequence": "SELECT nextval('s')",
    "a float by a cast": "SELECT CAST(ordinal AS DOUBLE) FROM activity_days",
    "a float by a division": "SELECT ordinal / 2 FROM activity_days",
    "a float by a literal": "SELECT 1e3",
    "a float by an average": "SELECT avg(ordinal) FROM activity_days",
    "a regular expression": "SELECT regexp_matches(subject, '(a+)+') FROM activity",
    "an unknown function": "SELECT no_such_function(1)",
    "nothing": "",
    "no SQL": "this is no SQL",
    "too long": "SELECT 1 --" + "x" * MAX_SQL,
    "too deep": "SELECT " + "(" * MAX_DEPTH + "1" + "+1)" * MAX_DEPTH,
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with tables(activity=[{"record": "a", "subject": "li"}], activity_days=[{"record": "a"}]) as opened:
        yield opened


@pytest.mark.parametrize("sql", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_is_not_allowed_is_refused(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        sandbox.select("X", sql, {"activity", "activity_days"})
    assert (refused.value.code, refused.value.path) == ("X", "$.sql")


@pytest.mark.parametrize("sql", ["SELECT * FROM read_csv('/etc/passwd')", "ATTACH '/tmp/o.duckdb' AS o"])
def test_the_locked_database_refuses_files_by_itself(sandbox: Sandbox, sql: str) -> None:
    """What the guard missed would still reach nothing."""
    import duckdb

    with pytest.raises(duckdb.Error):
        sandbox.connection.execute(sql)


def test_the_locked_database_keeps_its_settings(sandbox: Sandbox) -> None:
    import duckdb

    for statement in ("SET enable_external_access = true", "SET memory_limit = '1TB'", "SET threads = 64"):
        with pytest.raises(duckdb.Error):
            sandbox.connection.execute(statement)


def test_ordinary_sql_is_allowed(sandbox: Sandbox) -> None:
    answer = sandbox.select(
        "X",
        """
        WITH per AS (SELECT subject, count(*) AS n FROM activity GROUP BY subject)
        SELECT subject, n, period_to() - period_from() AS days,
               row_number() OVER (ORDER BY subject) AS place,
               CASE WHEN n BETWEEN 1 AND 3 THEN 'few' ELSE 'many' END AS size
        FROM per JOIN activity_days d ON d.record = 'a'
        """,
        {"activity", "activity_days"},
    )
    assert list(answer) == [{"subject": "li", "n": 1, "days": 365, "place": 1, "size": "few"}]


def test_a_query_without_end_is_stopped(sandbox: Sandbox) -> None:
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"
    with pytest.raises(RunError) as stopped:
        sandbox.select("X", endless, set(), seconds=0.2)
    assert stopped.value.code == "X"


def test_a_query_for_too_much_memory_fails() -> None:
    greedy = "SELECT count(DISTINCT a.range * 10000000 + b.range) FROM range(10000000) a, range(10) b"
    with open_sandbox(memory_mib=32, spill_mib=1) as small:
        small.lock(datetime.date(2026, 1, 1), datetime.date(2027, 1, 1))
        with pytest.raises(RunError) as failed:
            small.select("X", greedy, set(), seconds=60)
    assert "emory" in failed.value.reason


def test_too_many_rows_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(RunError):
        sandbox.select("X", f"SELECT range FROM range({MAX_ROWS + 1})", set())


def test_a_view_cannot_replace_a_relation(sandbox: Sandbox) -> None:
    with pytest.raises(RunError):
        sandbox.create_view("activity", "SELECT 1 AS record", set())


def test_nothing_runs_before_the_lock() -> None:
    with open_sandbox() as opened:
        with pytest.raises(MisuseError):
            opened.select("X", "SELECT 1", set())
        opened.lock(datetime.date(2026, 1, 1), datetime.date(2027, 1, 1))
        assert opened.select("X", "SELECT 1 AS one", set()).rows == [(1,)]
