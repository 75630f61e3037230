"""A long reading over HTTP: side by side where that pays, alone where calls are scarce."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import generated.demo as demo
from generated.demo import Contacts
from vtiger_orm import ConfigError, VtigerError
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Html, Latency
from vtiger_orm.session import Session

PAGE = 40
DIALECTS = {"webservice": "vtiger-8.0", "cloud": "cloud"}


@pytest.fixture(scope="module", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def served(dialect: str) -> Iterator[tuple[Crm, str]]:
    with Crm(profile=DIALECTS[dialect]) as crm, crm.serve() as server:
        crm.faults.always(Latency(0.01))
        yield crm, server.url


@pytest.fixture(scope="module")
def truth(served: tuple[Crm, str], dialect: str) -> list[str]:
    crm, _ = served
    settings: dict[str, Any] = {"transport": crm.transport(), "dialect": dialect, "parallel": 1}
    with demo.connect(crm.url, *crm.credentials(), **settings):
        return list(Contacts.objects.values_list("id", flat=True))


def opened(served: tuple[Crm, str], dialect: str, **settings: Any) -> Session:
    crm, url = served
    settings |= {"dialect": dialect, "page_size": PAGE}
    session = demo.connect(url, *crm.credentials(), **settings)
    session.identify()
    return session


def read(session: Session, driver: str) -> list[str]:
    ids = Contacts.objects.values_list("id", flat=True)
    if driver == "blocking":
        with session:
            return list(ids)

    async def everything() -> list[str]:
        async with session:
            return [id async for id in ids]

    return asyncio.run(everything())


@pytest.mark.parametrize("driver", ["blocking", "async"])
@pytest.mark.parametrize("parallel", ["auto", 6])
def test_all_rows_in_order_by_several_sessions(
    served: tuple[Crm, str], dialect: str, truth: list[str], parallel: Any, driver: str
) -> None:
    """A server that serialises the calls of a session is given more of them, the Cloud is not."""
    session = opened(served, dialect, parallel=parallel)
    with session.count_calls() as calls:
        assert read(session, driver) == truth
    assert len(truth) / PAGE + 2 < calls.count < len(truth) / PAGE * 1.5
    grown = parallel == "auto" and dialect == "webservice"
    assert bool(calls.logins) is grown, "a number of sessions is logged in at once"


@pytest.mark.parametrize("driver", ["blocking", "async"])
def test_a_budget_that_is_nearly_used_up_is_not_spent_faster(
    served: tuple[Crm, str], dialect: str, truth: list[str], driver: str
) -> None:
    minute = 50 if driver == "blocking" else 51  # equal budgets are one for all of the process
    session = opened(served, dialect, budget=f"{minute}/minute", max_wait=0)
    with session.count_calls() as calls:
        assert read(session, driver) == truth
    assert calls.count <= len(truth) / PAGE + 15
    assert all(each.left >= 0 for each in session.limits.budget)


@pytest.mark.parametrize("driver", ["blocking", "async"])
def test_an_error_in_one_of_them_is_raised_and_the_session_goes_on(
    served: tuple[Crm, str], dialect: str, truth: list[str], driver: str
) -> None:
    crm, _ = served
    session = opened(served, dialect, parallel=6)
    crm.faults.next(Html(status=404), operation="query", after=10)
    with pytest.raises(VtigerError):
        read(session, driver)
    assert read(opened(served, dialect, parallel=6), driver) == truth


def test_a_consumer_that_stops_leaves_nothing_behind(
    served: tuple[Crm, str], dialect: str, truth: list[str]
) -> None:
    with opened(served, dialect, parallel=6):
        found = []
        for id in Contacts.objects.values_list("id", flat=True):
            found.append(id)
            if len(found) == 300:
                break
        assert found == truth[:300]
        assert Contacts.objects.values_list("id", flat=True)[0] == truth[0]


@pytest.mark.parametrize("first", ["waits", "is over"])
def test_a_reading_stays_in_the_event_loop_that_began_it(
    served: tuple[Crm, str], dialect: str, truth: list[str], first: str
) -> None:
    """Another loop could not wait for what is under way, and must not take it for the end."""
    query = Contacts.objects.using(opened(served, dialect, parallel=6))
    ids = aiter(query.values_list("id", flat=True))

    async def read_on() -> list[str]:
        return [await anext(ids) for _ in range(100)]

    async def leave() -> None:
        with pytest.raises(ConfigError, match="another event loop"):
            await anext(ids)
        await ids.aclose()  # type: ignore[attr-defined]

    async def anew() -> list[str]:
        return [id async for id in query.values_list("id", flat=True)]

    with asyncio.Runner() as begun:
        assert begun.run(read_on()) == truth[:100]
        if first == "waits":
            asyncio.run(asyncio.wait_for(leave(), 30))
    if first == "is over":
        asyncio.run(asyncio.wait_for(leave(), 30))
    assert asyncio.run(anew()) == truth
