"""Owners where the RestfulApi module alone answers: nobody lists users and groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from generated.demo import Contacts, Users, connect
from tests.support.restfulapi import open_restfulapi
from vtiger_orm import NotLoaded, NotSupported, Prefetch, QuerySet, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import RESTFULAPI


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "beside webservice.php"])
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as made:
        made.engine.accounts.add_user("author")
        made.engine.accounts.add_user("idle")
        owners = [
            *(made.user(name).number for name in ("admin", "author", "idle")),
            int(made.run("query", query="select id from Groups;")[0]["id"].partition("x")[2]),
        ]
        for number in owners:
            record = made.create("Contacts", {"lastname": str(number)})["id"]
            made.engine.backdoor.set(record, assigned_user_id=number, modifiedby=1)
        record = made.create("Contacts", {"lastname": "other"})["id"]
        made.engine.backdoor.set(record, modifiedby=owners[1])
        if not request.param:
            made.profile = replace(RESTFULAPI, faces=frozenset({"restfulapi"}))
        with made.copy() as copied:
            yield copied


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with open_restfulapi(crm) as opened:
        yield opened


def is_alone(crm: Crm) -> bool:
    return "webservice" not in crm.profile.faces


def test_an_owner_is_told_truly_or_not_at_all(crm: Crm, session: Session) -> None:
    """The session's user and whoever has changed a record are users; of others nobody knows."""
    told: dict[str, str] = {}
    for record in Contacts.objects.filter(lastname__lt="a"):
        if "assigned_user_id" in vars(record):
            told[str(record.lastname)] = str(record.assigned_user_id)
        else:
            with pytest.raises(NotLoaded, match="whether that is a user or a group"):
                _ = record.assigned_user_id
    users = {str(crm.user(name).number) for name in ("admin", "author")}
    idle = str(crm.user("idle").number)
    assert told.keys() >= users
    assert all(told[number] == f"19x{number}" for number in users)
    if is_alone(crm):
        assert told.keys() == users
    else:
        assert told[idle] == f"19x{idle}"
        assert [told[number][:3] for number in told.keys() - users - {idle}] == ["20x"]


def test_conditions_on_owners_need_nobody_to_tell_them(crm: Crm, session: Session) -> None:
    for name in ("author", "idle"):
        user = crm.user(name)
        found = Contacts.objects.filter(assigned_user_id=Users.ref(user.wire_id)).only("lastname")
        assert [each.lastname for each in found] == [str(user.number)]


def test_what_is_known_of_an_owner_is_asked_once(crm: Crm, session: Session) -> None:
    list(Contacts.objects.all())
    with session.count_calls() as counted:
        record = Contacts.objects.get(lastname=str(crm.user("author").number))
    assert record.assigned_user_id == crm.user("author").wire_id
    assert counted.count == 1


FOLLOWED: Final[list[Callable[[QuerySet[Contacts]], object]]] = [
    lambda found: list(found.select_related("assigned_user_id")),
    lambda found: found.select_related("assigned_user_id").first(),
    lambda found: found.select_related("account_id__assigned_user_id").get(),
    lambda found: list(found.only("lastname").select_related("modifiedby")),
    lambda found: list(found.prefetch_related("emails")),
    lambda found: list(
        found.prefetch_related(Prefetch("assigned_user_id", Users.objects.only("user_name")))
    ),
]


@pytest.mark.parametrize("name", ["admin", "idle", None])
def test_the_records_of_owners_are_refused_whoever_is_told(
    crm: Crm, session: Session, name: str | None
) -> None:
    """Also where no owner is told, where there is no account to follow, and no record at all."""
    lastname = str(crm.user(name).number) if name else "nobody"
    for followed in FOLLOWED:
        with session.count_calls() as counted, pytest.raises(NotSupported, match="cannot list"):
            followed(Contacts.objects.using(session).filter(lastname=lastname))
        assert counted.count == 0


def test_the_records_of_owners_are_refused_to_tasks(crm: Crm) -> None:
    transport = crm.transport()

    async def asked() -> None:
        async with connect(
            crm.url, *crm.credentials(), dialect="restfulapi", async_transport=transport
        ) as session:
            found = Contacts.objects.using(session).select_related("assigned_user_id")
            with pytest.raises(NotSupported, match="assigned_user_id cannot be followed"):
                await found.afirst()
            with pytest.raises(NotSupported, match="assigned_user_id cannot be followed"):
                [_ async for _ in found]

    asyncio.run(asked())


def test_users_are_not_listed(session: Session) -> None:
    with pytest.raises(NotSupported, match="cannot list Users: the module answers those users"):
        list(Users.objects.using(session))
