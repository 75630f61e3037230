"""One engine with the demo data for all tests here, put back to its state before each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vtiger_orm.emulator.engine import Crash, CrmError, Engine, PlainText, UploadedFile
from vtiger_orm.emulator.engine.backdoor import Backdoor
from vtiger_orm.emulator.engine.family import schema_of
from vtiger_orm.emulator.profiles import STOCK_8_0_PHP8, Profile


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 1, 29, 16, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)


class Server:
    """Calls operations the way a request does, and gives every kind of answer as a value."""

    def __init__(self, engine: Engine, clock: Clock, user: str = "admin") -> None:
        self.engine = engine
        self.clock = clock
        self.user = user

    def as_user(self, name: str) -> Server:
        return Server(self.engine, self.clock, name)

    @property
    def backdoor(self) -> Backdoor:
        return self.engine.backdoor

    def call(self, operation: str, files: tuple[UploadedFile, ...] = (), **params: Any) -> Any:
        """The result; raises what the engine raises."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
        }
        user = self.engine.user(self.user)
        assert user is not None
        return self.engine.call(user, operation, texts, files)

    def answer(self, operation: str, **params: Any) -> Any:
        """The result, or ``"CODE message"``, ``"HTTP 500"``, ``"text: ..."``."""
        try:
            return self.call(operation, **params)
        except CrmError as error:
            return f"{error.code} {error.message}"
        except Crash:
            return "HTTP 500"
        except PlainText as error:
            return f"text: {error}"

    def query(self, text: str) -> Any:
        return self.answer("query", query=text)

    def ids(self, text: str) -> list[str]:
        rows = self.query(text)
        assert isinstance(rows, list), rows
        return [row["id"] for row in rows]

    def count(self, module: str, where: str = "") -> int | None:
        """count(*); None for the silent error."""
        clause = f" where {where}" if where else ""
        rows = self.query(f"select count(*) from {module}{clause};")
        assert isinstance(rows, list), rows
        return int(rows[0]["count"]) if rows else None

    def create(self, module: str, **element: Any) -> dict[str, Any]:
        values = {"assigned_user_id": "19x1", **element}
        result: dict[str, Any] = self.call("create", elementType=module, element=values)
        return result

    def contact(self, **element: Any) -> dict[str, Any]:
        return self.create("Contacts", **{"lastname": "Test", **element})

    def revise(self, record: str, **element: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.call("revise", element={"id": record, **element})
        return result


def make(profile: Profile = STOCK_8_0_PHP8, *, demo: bool = True) -> Server:
    """A server of its own, for tests that need another profile or an empty store."""
    clock = Clock()
    engine = Engine(schema_of(profile), profile=profile, now=clock)
    if demo:
        engine.load_demo()
    return Server(engine, clock)


@pytest.fixture(scope="session")
def _shared() -> tuple[Server, bytes]:
    server = make()
    return server, server.engine.snapshot()


@pytest.fixture
def crm(_shared: tuple[Server, bytes]) -> Iterator[Server]:
    """The demo CRM as a stock 8.0 on PHP 8; what a test changes is undone."""
    server, state = _shared
    server.clock.time = Clock().time
    yield server
    server.engine.restore(state)


@pytest.fixture
def empty() -> Server:
    """A CRM without any record."""
    return make(demo=False)
