"""As applications run: FastAPI with a lifespan, thread pools, tasks, fixtures of pytest-asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException

from generated.demo import Contacts, ContactsCreate, ContactsUpdate, configure, connect
from generated.demo._package import package
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import NoSession
from vtiger_orm.models import Ref
from vtiger_orm.session import Session


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def settings(crm: Crm) -> Iterator[dict[str, Any]]:
    """Arguments of `connect` and `configure` for a server on a socket."""
    with crm.serve() as server:
        name, key = crm.credentials()
        yield {"url": server.url, "username": name, "access_key": key}


@pytest.fixture(autouse=True)
def _no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_default", None)


# FastAPI


def make_app(settings: dict[str, Any]) -> FastAPI:
    """An application as the README shows it: one default session for the whole process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        session = configure(**settings)
        yield
        await session.aclose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/contacts/{id}")
    async def read_contact(id: str) -> Contacts:
        try:
            return await Contacts.objects.aget(id=Contacts.ref(id))
        except Contacts.DoesNotExist as error:
            raise HTTPException(404, str(error)) from error

    @app.post("/contacts")
    async def create_contact(body: ContactsCreate) -> Contacts:
        return await Contacts.objects.acreate(**body)

    @app.patch("/contacts/{id}")
    async def change_contact(id: Ref[Contacts], body: ContactsUpdate) -> Contacts:
        contact = await Contacts.objects.aget(id=id)
        contact.crm.apply(body)
        await contact.asave()
        return contact

    @app.get("/names")
    async def read_names(limit: int = 5) -> list[str | None]:
        return await Contacts.objects.order_by("lastname").values_list("lastname", flat=True)[
            :limit
        ]

    @app.get("/blocking/{id}")
    def read_in_a_thread(id: str) -> dict[str, Any]:
        contact = Contacts.objects.select_related("account_id").get(id=Contacts.ref(id))
        account = contact.account_id
        return {
            "lastname": contact.lastname,
            "account": account.loaded.accountname if account is not None else None,
        }

    return app


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, inside its lifespan."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client,
    ):
        yield client


async def test_a_fastapi_application(crm: Crm, settings: dict[str, Any]) -> None:
    row = crm.run("query", query="select id,lastname from Contacts order by id limit 1;")[0]
    async with running(make_app(settings)) as client:
        shown = (await client.get(f"/contacts/{row['id']}")).json()
        assert (shown["id"], shown["lastname"]) == (row["id"], row["lastname"])
        assert (await client.get("/contacts/12x999999")).status_code == 404
        assert len((await client.get("/names", params={"limit": 7})).json()) == 7
        threaded = (await client.get(f"/blocking/{row['id']}")).json()
        assert threaded["lastname"] == row["lastname"]
        schema = (await client.get("/openapi.json")).json()["components"]["schemas"]["Contacts"]
        assert "lastname" in schema["properties"]


async def test_bodies_of_requests(crm: Crm, settings: dict[str, Any]) -> None:
    async with running(make_app(settings)) as client:
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
        made = await client.post("/contacts", json={"lastname": "Byron", "firstname": "Ada"})
        record = made.json()
        changed = await client.patch(f"/contacts/{record['id']}", json={"lastname": "King"})
        victim = f"/contacts/{record['id']}"
        refused = [
            await client.post("/contacts", json={"lastname": "x", "id": record["id"]}),
            await client.patch(victim, json={"lastname": "x", "id": "12x1"}),
            await client.patch(victim, json={"createdtime": "2020-01-01T00:00:00Z"}),
            await client.patch(victim, json={"lastname": None}),
            await client.post("/contacts", json={"firstname": "x"}),
        ]
    assert schemas["ContactsCreate"]["required"] == ["lastname"]
    assert "required" not in schemas["ContactsUpdate"]
    for name in ("ContactsCreate", "ContactsUpdate"):
        assert schemas[name]["properties"]["lastname"]["title"] == "Last Name"
        assert schemas[name]["additionalProperties"] is False
        assert "id" not in schemas[name]["properties"]
    assert (made.status_code, changed.status_code) == (200, 200)
    assert [each.status_code for each in refused] == [422] * len(refused)
    told = [each.json()["detail"][0]["loc"][-1] for each in refused]
    assert told == ["id", "id", "createdtime", "lastname", "lastname"]
    stored = crm.run("retrieve", id=record["id"])
    assert (stored["lastname"], stored["firstname"]) == ("King", "Ada")


async def test_many_requests_at_once(settings: dict[str, Any]) -> None:
    async with running(make_app(settings)) as client:
        answers = await asyncio.gather(*(client.get("/names?limit=3") for _ in range(24)))
    assert all(answer.json() == answers[0].json() for answer in answers)


# Threads


def test_a_thread_pool_on_the_default_session(settings: dict[str, Any]) -> None:
    session = configure(**settings)
    with ThreadPoolExecutor(8) as pool:
        pages = list(
            pool.map(
                lambda at: [each.id for each in Contacts.objects[at : at + 50]], range(0, 400, 50)
            )
        )
    found = [id for page in pages for id in page]
    assert len(set(found)) == 400
    session.close()


def test_a_thread_does_not_inherit_a_block(settings: dict[str, Any]) -> None:
    with connect(**settings) as session, ThreadPoolExecutor(1) as pool:
        with pytest.raises(NoSession, match="threads"):
            pool.submit(Contacts.objects.count).result()
        assert pool.submit(Contacts.objects.using(session).count).result() >= 1000


# Tasks


async def test_tasks_share_the_session_of_the_block_they_start_in(
    settings: dict[str, Any],
) -> None:
    async with connect(**settings):
        counts = await asyncio.gather(*(Contacts.objects.acount() for _ in range(10)))
    assert len(set(counts)) == 1


async def test_each_task_may_open_a_session_of_its_own(settings: dict[str, Any]) -> None:
    async def work() -> int:
        async with connect(**settings):
            return len(await Contacts.objects[:5])

    assert await asyncio.gather(*(work() for _ in range(5))) == [5] * 5
    with pytest.raises(NoSession):
        await Contacts.objects.acount()


async def test_a_session_may_be_left_in_another_task(settings: dict[str, Any]) -> None:
    session = connect(**settings)
    await session.__aenter__()
    assert await Contacts.objects.aexists()
    await asyncio.create_task(session.__aexit__(None, None, None))
    with pytest.raises(NoSession):
        await Contacts.objects.aexists()


async def test_an_abandoned_generator_does_not_disturb_anyone(settings: dict[str, Any]) -> None:
    async with connect(**settings):
        async for _ in Contacts.objects:
            break
        assert await Contacts.objects.acount() >= 1000


# Fixtures of pytest-asyncio: entered in one task, used in another, left in a third


@pytest_asyncio.fixture
async def session(settings: dict[str, Any]) -> AsyncIterator[Session]:
    async with connect(**settings) as session:
        yield session


async def test_a_session_from_a_fixture_is_named(session: Session) -> None:
    assert await Contacts.objects.using(session).acount() >= 1000


async def test_a_default_from_a_fixture_is_found(session: Session) -> None:
    configure(session=session)
    contact = await Contacts.objects.afirst()
    assert contact is not None
    assert contact.lastname
