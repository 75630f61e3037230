"""One run at a time: whoever fills a database holds it, and proves it with each commit.

A row names the run that holds the database. Every transaction of the run touches that row, so
of two runs only one can commit, whatever clocks and processes do. A run that was killed holds on
for nobody: its process is gone, or its last sign of life is old.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ConfigError
from .catalogue import BOOKS, FORMAT, RUN
from .errors import WarehouseBusy

_NOBODY: Final = ""
_SILENT: Final = timedelta(minutes=15)
"""A run on another machine that was silent for so long is thought to be dead."""

_mine: Final[set[str]] = set()
"""Tokens of the runs of this process."""


class Hold:
    """What a run holds the database by."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._token = uuid.uuid4().hex

    @property
    def dialect(self) -> str:
        """The database's, as SQLAlchemy calls it."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def __call__(self) -> Iterator[Hold]:
        """Raises `WarehouseBusy` where another run is at work, and `ConfigError` for a database
        that a newer release has written."""
        self._take()
        _mine.add(self._token)
        try:
            yield self
        finally:
            _mine.discard(self._token)
            with suppress(exc.SQLAlchemyError), self._engine.begin() as connection:
                own = RUN.c.token == self._token
                connection.execute(sa.update(RUN).where(own).values(token=_NOBODY))

    @contextmanager
    def commit(self) -> Iterator[sa.Connection]:
        """A transaction of this run. Raises `WarehouseBusy` where it no longer holds the
        database."""
        with self._engine.begin() as connection:
            own = RUN.c.token == self._token
            connection.execute(sa.update(RUN).where(own).values(beat=datetime.now(UTC)))
            if connection.execute(sa.select(RUN.c.token)).scalar() != self._token:
                raise WarehouseBusy(
                    "Another run has taken the database over, since this one gave no sign of life "
                    "for long. Nothing of it was lost; let the other one finish."
                )
            yield connection

    def _take(self) -> None:
        BOOKS.create_all(self._engine)
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(RUN)).mappings().first()
        if found is None:
            with suppress(exc.IntegrityError), self._engine.begin() as connection:
                empty = {"number": 1, "format": FORMAT, "token": _NOBODY, "host": "", "process": 0}
                connection.execute(sa.insert(RUN).values(**empty, beat=datetime.now(UTC)))
            with self._engine.begin() as connection:
                found = connection.execute(sa.select(RUN)).mappings().one()
        if found["format"] != FORMAT:
            raise ConfigError(
                f"The database was filled by another release, in format {found['format']}; this "
                f"one knows {FORMAT}. Use that release, or fill another database."
            )
        if _alive(found):
            raise WarehouseBusy(_busy(found))
        own = {"token": self._token, "host": socket.gethostname(), "process": os.getpid()}
        with self._engine.begin() as connection:
            seen = RUN.c.token == found["token"]
            connection.execute(sa.update(RUN).where(seen).values(**own, beat=datetime.now(UTC)))
            now = connection.execute(sa.select(RUN)).mappings().one()
        if now["token"] != self._token:
            raise WarehouseBusy(_busy(now))


def _busy(run: sa.RowMapping) -> str:
    return (
        f"Another run fills this database: process {run['process']} on {run['host']}, last seen "
        f"at {run['beat']:%Y-%m-%d %H:%M:%S} UTC. Wait until it is done; one that was killed on "
        f"another machine is believed to be dead after {_SILENT // timedelta(minutes=1)} minutes."
    )


def _alive(run: sa.RowMapping) -> bool:
    if run["token"] == _NOBODY or datetime.now(UTC) - run["beat"] > _SILENT:
        return False
    if run["host"] != socket.gethostname():
        return True
    if run["process"] == os.getpid():
        return run["token"] in _mine
    return _exists(run["process"])


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
