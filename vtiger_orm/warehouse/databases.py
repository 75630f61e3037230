"""The database that a warehouse is in: its address, and what it refuses in our words.

An address may hold a password, and tools that report errors print the variables of every frame.
So an address is parsed before anything else, as what is parsed shows no password, and errors of
a driver pass on without their frames, which hold the arguments of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ConfigError
from .errors import WarehouseError

Located: TypeAlias = sa.URL | sa.Engine | ConfigError


def located(to: str | Located) -> Located:
    """What an address means. One that cannot be read is an error for `opened`: whoever
    raised it here would show the text to everybody who called."""
    if not isinstance(to, str):
        return to
    try:
        url = sa.make_url(to)
    except (exc.ArgumentError, ValueError):
        return ConfigError(
            "This is no address of a database. Write for example sqlite:///crm.db or "
            "postgresql+psycopg://user@host/database."
        )
    behind = url.query.get("password")
    if isinstance(behind, str) and url.password is None:
        # PostgreSQL reads it there too, but only in its own place it is never shown.
        return url.set(password=behind).difference_update_query(["password"])
    return url


@contextmanager
def opened(to: Located) -> Iterator[sa.Engine]:
    """The engine of a located address, disposed of at the end unless it was given.

    Raises `ConfigError` for an address that cannot be used.
    """
    if isinstance(to, ConfigError):
        raise to
    if isinstance(to, sa.Engine):
        yield to
        return
    try:
        engine = sa.create_engine(to, hide_parameters=True)
    except exc.NoSuchModuleError as error:
        raise ConfigError(
            f"SQLAlchemy does not know this kind of database: {error}. Install its dialect, for "
            "example duckdb-engine for duckdb:///."
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"The database's driver is missing: {error}. Install it, or name another one, as in "
            "postgresql+psycopg://."
        ) from error
    except (exc.ArgumentError, TypeError, ValueError):
        raise ConfigError(
            f"{_shown(to)} is no address that its database can be opened with. Look at its "
            "parameters behind the question mark."
        ) from None
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def errors_as_ours(engine: sa.Engine) -> Iterator[None]:
    """What the database refuses, as `WarehouseError`."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().removesuffix(".")
        raise WarehouseError(
            f"{_shown(engine.url)}: {reason}. What was committed before stays; the next run goes "
            "on from there."
        ) from _without_frames(error)


def _without_frames(error: BaseException) -> BaseException:
    """The error, and those it came from."""
    below = error.__cause__ or error.__context__
    if below is not None:
        _without_frames(below)
    return error.with_traceback(None)


def _shown(url: sa.URL) -> str:
    """Without what it says behind the question mark, where a password may stand as well."""
    return url.set(query={}).render_as_string(hide_password=True)
