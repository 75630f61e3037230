"""Databases to fill: SQLite and DuckDB in files, PostgreSQL from the machine's own packages."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from vtiger_orm.warehouse import catalogue
from vtiger_orm.warehouse.tables import table_of


def contents(engine: sa.Engine, module: str) -> dict[str, dict[str, Any]]:
    """What a module's table holds, by id, under the names of its columns."""
    with engine.connect() as connection:
        entry = catalogue.modules(connection)[module]
        columns = catalogue.columns(connection, module)
        rows = connection.execute(sa.select(table_of(entry.table_name, columns))).all()
    return {row[0]: dict(zip([each.column_name for each in columns], row)) for row in rows}


def program(name: str) -> str | None:
    """A program of PostgreSQL, where Debian puts it if it is not on the path."""
    found = shutil.which(name)
    if found is not None:
        return found
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(others[-1]) if others else None


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a server of its own, on a socket that nobody else sees. Skips the test where
    PostgreSQL is not installed."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed: initdb and pg_ctl are missing (apt: postgresql)")
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short

    def run(*command: str) -> None:
        done = subprocess.run(command, user=user, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")

    data = str(folder / "data")
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        run(initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c fsync=off -k {folder}"
        run(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
