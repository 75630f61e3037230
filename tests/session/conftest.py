"""A server that answers by a script, and both drivers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.drivers import Run, run_async, run_sync
from tests.support.fake_server import FakeServer
from vtiger_orm.session import pacing


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """The same test through both drivers."""
    chosen: Run = request.param
    return chosen


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def no_limits() -> Iterator[None]:
    """A limit of calls that one answer announces holds for the whole host."""
    pacing.forget_limiters()
    yield
    pacing.forget_limiters()


@pytest.fixture
def pauses(no_limits: None, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited; time itself is moved instead of spent."""
    waited: list[float] = []
    real = time.time
    offset = 0.0

    def jump(seconds: float) -> None:
        nonlocal offset
        waited.append(seconds)
        offset += seconds

    async def ajump(seconds: float) -> None:
        jump(seconds)

    monkeypatch.setattr(pacing, "clock", lambda: real() + offset)
    monkeypatch.setattr("vtiger_orm.session.drivers.time.sleep", jump)
    monkeypatch.setattr("vtiger_orm.session.async_driver.asyncio.sleep", ajump)
    return waited
