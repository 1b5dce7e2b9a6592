"""A database of relations that signed SQL of strangers is run in.

It is filled first, then locked: no file, no network, no extension, no setting can be reached any more, memory
and time are bounded, and only a checked SELECT is run (`guard`).
"""

from __future__ import annotations

import datetime
import re
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from verifier_cli.errors import MisuseError
from verifier_cli.indicators.errors import RunError
from verifier_cli.indicators.guard import check_exact, check_select
from verifier_cli.relations import Column, Relation, relations

if TYPE_CHECKING:
    import duckdb

__all__ = ["BASELINE", "MEMBER", "RESULT", "WITHDRAWN", "Answer", "Sandbox", "open_sandbox", "quoted"]

_URN: Final = re.compile(r"[A-Za-z0-9:._-]*")
MEMORY_MIB: Final = 256
"""For DuckDB's own buffers; what does not fit is spilled into its temporary folder."""

SPILL_MIB: Final = 8192
"""Of disk, then: ten times what the intermediate results of 10^6 records take."""

THREADS: Final = 2
STATEMENT_SECONDS: Final = 60.0
"""The slowest definition takes about a second over 10^6 records; what takes a minute does not end."""

MAX_ROWS: Final = 1_000_000
"""Rows of one answer: one per trainee of a large community, many times over."""

MEMBER: Final = Relation(
    "member",
    (
        Column("did", "VARCHAR", (), "An organisation of the community"),
        Column("role", "VARCHAR", (), "Its role: school, enterprise, leader, member, evaluator, ..."),
        Column("position", "VARCHAR", (), "upstream, downstream or core"),
        Column("from", "DATE", (), "First day of its membership"),
        Column("to", "DATE", (), "Last day of its membership, null while it lasts"),
    ),
)
"""Who belongs to the community in the period; a row per agreement that says so."""

RESULT: Final = Relation(
    "result",
    (
        Column("code", "VARCHAR", (), "Code of an indicator computed before"),
        Column("state", "VARCHAR", (), "value, no_data, too_few or missing_input"),
        Column("value", "DECIMAL(38,4)", (), "Its value, four digits"),
        Column("n", "BIGINT", (), "Persons"),
        Column("coverage_bp", "BIGINT", (), "Coverage in parts of 10,000"),
    ),
)
"""What the indicators before this one came to."""

BASELINE: Final = Relation(
    "baseline",
    (
        Column("code", "VARCHAR", (), "Code of an indicator"),
        Column("base", "DECIMAL(18,4)", (), "Value that scores 0"),
        Column("target", "DECIMAL(18,4)", (), "Value that scores 1"),
    ),
)
"""Base and target of the definitions of this run."""

WITHDRAWN: Final = Relation(
    "withdrawn",
    (
        Column("record", "VARCHAR", (), "Digest of a record that does not count any more"),
        Column("record_id", "VARCHAR", (), "Its identifier, where it is known"),
        Column("status", "VARCHAR", (), "revoked or suspended"),
    ),
)
"""Records that their issuers withdrew; only their names, for exceptions: a report is made of what counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a SELECT, with their columns' names."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.names, row, strict=True)) for row in self.rows)


def quoted(name: str) -> str:
    """An SQL identifier, whatever it is called."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def open_sandbox(*, memory_mib: int = MEMORY_MIB, spill_mib: int = SPILL_MIB) -> Iterator[Sandbox]:
    """A new sandbox with empty relations, in memory; what does not fit goes into a temporary folder."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="skilltrace-") as folder:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mib}MiB",
                "threads": THREADS,
                "temp_directory": str(Path(folder) / "spill"),
                "max_temp_directory_size": f"{spill_mib}MiB",
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "allow_unsigned_extensions": "false",
            },
        )
        try:
            yield Sandbox(connection, Path(folder))
        finally:
            connection.close()


class Sandbox:
    """See the module. Fill `connection` with rows, then `lock`, then `select`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        """For files that are loaded; gone with the sandbox."""
        self.tables: set[str] = set()
        self._locked = False
        for relation in (*relations().values(), MEMBER, RESULT, BASELINE, WITHDRAWN):
            columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in relation.columns)
            connection.execute(f"CREATE TABLE {quoted(relation.name)} ({columns})")
            self.tables.add(relation.name)

    def insert(self, relation: Relation, rows: Iterable[Sequence[Any]]) -> None:
        """Add a few rows; records in number are loaded from files."""
        values = [list(row) for row in rows]
        if values:
            marks = ", ".join("?" * len(relation.columns))
            statement = f"INSERT INTO {quoted(relation.name)} VALUES ({marks})"  # noqa: S608 - our names
            self.connection.executemany(statement, values)

    def mark_superseded(self, digests: Iterable[str]) -> None:
        """Set `superseded` of the records with these digests (64 hexadecimal digits)."""
        path = self.folder / "superseded.ndjson"
        path.write_text("".join(f'{{"record":"{digest}"}}\n' for digest in digests))
        source = (
            "SELECT record FROM read_json(?, columns = {record: 'VARCHAR'}, format = 'newline_delimited')"
        )
        for relation in relations().values():
            if relation.schema and not relation.arrays and path.stat().st_size:
                update = f"UPDATE {quoted(relation.name)} SET superseded = true"  # noqa: S608 - our names
                self.connection.execute(f"{update} WHERE record IN ({source})", [str(path)])
        path.unlink()

    def lock(self, period_from: datetime.date, period_to: datetime.date, community: str = "") -> None:
        """Set the period [from, to) and the community (a URN), and close every door.

        Only rows of the engine itself come in after that.
        """
        if not _URN.fullmatch(community):
            raise MisuseError("a community is named by a URN")
        self.connection.execute(f"CREATE MACRO community() AS '{community}'")
        for name, day in (("period_from", period_from), ("period_to", period_to)):
            self.connection.execute(f"CREATE MACRO {name}() AS DATE '{day.isoformat()}'")
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")
        self._locked = True

    def select(
        self, code: str, sql: str, tables: Collection[str], *, seconds: float = STATEMENT_SECONDS
    ) -> Answer:
        """Run a definition's SELECT over the tables that it names.

        Raises DefinitionError for SQL that is not allowed, RunError when it fails, takes too long or answers
        with too many rows.
        """
        self._check(code, sql, tables)
        with self._deadline(code, seconds):
            check_exact(self.connection, code, sql)
            cursor = self.connection.execute(sql)
            names = tuple(column[0] for column in cursor.description or ())
            rows = cursor.fetchmany(MAX_ROWS + 1)
        if len(rows) > MAX_ROWS:
            raise RunError(code, f"more than {MAX_ROWS} rows")
        return Answer(names, rows)

    def create_view(
        self, code: str, sql: str, tables: Collection[str], *, seconds: float = STATEMENT_SECONDS
    ) -> None:
        """Make the answer of a definition's SELECT a table of its name. Raises as `select` does."""
        self._check(code, sql, tables)
        if code in self.tables:
            raise RunError(code, "is the name of a table")
        with self._deadline(code, seconds):
            check_exact(self.connection, code, sql)
            self.connection.execute(f"CREATE TABLE {quoted(code)} AS {sql}")
        self.tables.add(code)

    def _check(self, code: str, sql: str, tables: Collection[str]) -> None:
        if not self._locked:
            raise MisuseError("lock the sandbox before a definition runs in it")
        check_select(self.connection, code, sql, self.tables.intersection(tables))

    @contextmanager
    def _deadline(self, code: str, seconds: float) -> Iterator[None]:
        """Stop after `seconds`; the engine's errors become RunError of `code`."""
        import duckdb

        timer = threading.Timer(seconds, self.connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.Error as error:
            raise RunError(code, str(error).partition("\n")[0]) from None
        except MemoryError:
            raise RunError(code, "takes more memory than there may be") from None
        finally:
            timer.cancel()
