"""The embedded CRM in every dialect, and one way to call a method and its a-twin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from generated.demo import connect
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.session import RetryPolicy

KINDS = {
    "stock": (profile_named("stock-8.0-php8"), False),
    # The package's version on a server whose PHP takes wrongly named parameters.
    "php7": (profile_named("stock-7"), True),
    "cloud": (profile_named("cloud"), True),
}
"""Kind of server -> profile of the emulator, whether sync and files_retrieve work."""

NO_REPETITION = RetryPolicy(attempts=1, longest_work=0.0)
"""The embedded CRM is done with a call when its connection breaks."""


@pytest.fixture(scope="session")
def templates() -> Iterator[dict[str, Crm]]:
    made = {kind: Crm(profile=profile) for kind, (profile, _) in KINDS.items()}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of server; `@pytest.mark.parametrize("kind", [...], indirect=True)` narrows."""
    return str(request.param)


@pytest.fixture
def crm(templates: dict[str, Crm], kind: str) -> Iterator[Crm]:
    with templates[kind].copy() as own:
        yield own


def open_session(crm: Crm, kind: str, user: str | None = None, **settings: Any) -> Session:
    works = KINDS[kind][1]
    capabilities = Capabilities(
        precedence="sql", collation="general_ci", sync=works, files_retrieve=works
    )
    settings = {"capabilities": capabilities, "retry": NO_REPETITION, **settings}
    return connect(
        crm.url,
        *crm.credentials(user),
        dialect="cloud" if kind == "cloud" else "webservice",
        transport=crm.transport(),
        async_transport=crm.transport(),
        **settings,
    )


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Face:
    """Calls a method, or awaits its a-twin: `await face(contact, "save")`."""

    def __init__(self, mode: str, kind: str, crm: Crm, stack: AsyncExitStack) -> None:
        self.mode = mode
        self.kind = kind
        self.crm = crm
        self.session: Session = open_session(crm, kind)
        self._stack = stack

    async def open(self, **settings: Any) -> Session:
        """Enter a session with these settings instead."""
        self.session = open_session(self.crm, self.kind, **settings)
        if self.mode == "async":
            await self._stack.enter_async_context(self.session)
        else:
            self._stack.enter_context(self.session)
        return self.session

    async def __call__(self, owner: Any, method: str, /, *args: Any, **kwargs: Any) -> Any:
        if self.mode == "async":
            return await getattr(owner, f"a{method}")(*args, **kwargs)
        return getattr(owner, method)(*args, **kwargs)

    async def list(self, iterable: Any) -> list[Any]:
        if self.mode == "async":
            return [each async for each in iterable]
        return list(iterable)


@pytest.fixture
async def face(mode: str, kind: str, crm: Crm) -> AsyncIterator[Face]:
    async with AsyncExitStack() as stack:
        own = Face(mode, kind, crm, stack)
        await own.open()
        yield own
