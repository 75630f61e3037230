"""Fields that this user may not see, or that were removed since the pull."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Potentials, connect
from vtiger_orm import Count, Max, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD
from vtiger_orm.errors import AccessDenied, ConfigError, NotLoaded, ValuesAdjusted

HIDDEN = ("mobile", "department", "birthday")


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        crm.engine.accounts.restrict("admin", HIDDEN_FIELD, "Contacts", *HIDDEN)
        yield crm


def connected(crm: Crm, **settings: object) -> Session:
    transport = crm.transport()
    given: Any = {"transport": transport, "async_transport": transport, **settings}
    return connect(crm.url, *crm.credentials(), **given)


def test_the_refusal_tells_the_cure(crm: Crm) -> None:
    with connected(crm), pytest.raises(AccessDenied, match=r"defer\(\.\.\.\).*missing_fields="):
        list(Contacts.objects[:1])


def test_refused_columns_are_learnt_once_and_left_out(crm: Crm) -> None:
    with connected(crm, missing_fields="defer") as session:
        with session.count_calls() as calls:
            first = list(Contacts.objects.order_by("lastname")[:3])
        assert calls.count <= len(HIDDEN) + 4
        with crm.count_calls() as asked:
            again = list(Contacts.objects.filter(lastname__startswith="S"))
            found = list(Accounts.objects.prefetch_related("contacts")[:2])
        assert again
        assert found
        assert not any("mobile" in query for query in asked.queries)
        assert first[0].lastname
        for name in HIDDEN:
            with pytest.raises(NotLoaded, match=r"refuses this user's queries.*missing_fields"):
                getattr(first[0], name)
        assert Contacts.objects.count() > 3


async def test_it_is_the_same_awaited(crm: Crm) -> None:
    async with connected(crm, missing_fields="defer"):
        found = [each async for each in Contacts.objects[:5]]
        assert len(found) == 5
        with pytest.raises(NotLoaded, match="missing_fields"):
            _ = found[0].mobile


def test_conditions_and_orders_on_them_are_refused(crm: Crm) -> None:
    with connected(crm, missing_fields="defer"):
        for queryset in (
            Contacts.objects.filter(mobile="1"),
            Contacts.objects.exclude(department=None),
            Contacts.objects.order_by("birthday"),
        ):
            for _ in range(2):  # before and after it is learnt
                with pytest.raises(AccessDenied, match="is hidden from this session's user"):
                    list(queryset)


def test_what_is_written_to_them_is_told(crm: Crm) -> None:
    with connected(crm, missing_fields="defer"):
        contact = Contacts.objects.only("lastname").first()
        assert contact
        contact.mobile = "+49 1"
        contact.firstname = "Ada"
        contact.save()
        assert [(each.field, str(each.why)) for each in contact.crm.adjusted] == [
            ("mobile", "absent")
        ]
        made = Contacts.objects.create(lastname="Made", department="Sales")
        assert [(each.field, str(each.why)) for each in made.crm.adjusted] == [
            ("department", "absent")
        ]
        report = Contacts.objects.bulk_create([Contacts(lastname="Many", mobile="1")])
        assert report.adjusted


def test_strict_sessions_raise_for_them(crm: Crm) -> None:
    with connected(crm, strict=True), pytest.raises(ValuesAdjusted, match="mobile"):
        Contacts.objects.create(lastname="Strict", mobile="+49 1")


def test_other_settings_are_refused(crm: Crm) -> None:
    with pytest.raises(ConfigError, match="missing_fields is 'refuse' or 'defer'"):
        connected(crm, missing_fields="ignore")


def told(queries: list[str]) -> list[str]:
    """The queries that were refused."""
    return [each for each in queries if any(name in each for name in HIDDEN)]


def test_threads_learn_them_once_for_all(crm: Crm) -> None:
    found: list[int] = []
    begin = threading.Barrier(8)

    def read(session: Session) -> None:
        begin.wait()
        found.append(len(list(Contacts.objects.using(session)[:5])))

    with connected(crm, missing_fields="defer") as session, crm.count_calls() as asked:
        threads = [threading.Thread(target=read, args=(session,)) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert found == [5] * 8
    assert len(told(asked.queries)) == len(HIDDEN)


async def test_tasks_learn_them_once_for_all(crm: Crm) -> None:
    async def read() -> int:
        return len([each async for each in Contacts.objects[:5]])

    async with connected(crm, missing_fields="defer"):
        with crm.count_calls() as asked:
            found = await asyncio.gather(*(read() for _ in range(8)))
    assert found == [5] * 8
    assert len(told(asked.queries)) == len(HIDDEN)


def test_one_that_is_refused_later_is_left_out_from_then_on(crm: Crm) -> None:
    with connected(crm, missing_fields="defer"):
        whole = Contacts.objects.count()
        records = iter(Contacts.objects.all())
        first = next(records)
        crm.engine.accounts.restrict("admin", HIDDEN_FIELD, "Contacts", *HIDDEN, "title")
        others = list(records)
        assert len(others) + 1 == whole
        assert isinstance(first.title, str | None)
        with pytest.raises(NotLoaded, match="missing_fields"):
            _ = others[-1].title


def loaded(record: Any) -> str:
    with pytest.raises(NotLoaded):
        _ = record.mobile
    return str(record.id)


def refreshed() -> str:
    (contact,) = Contacts.objects.only("id")[:1]
    contact.refresh()
    assert contact.lastname
    return loaded(contact)


def related() -> list[str]:
    (account,) = Accounts.objects.order_by("id")[:1]
    return [loaded(each) for each in account.related.contacts.all()]


READERS: dict[str, Callable[[], Any]] = {
    "list": lambda: [loaded(each) for each in Contacts.objects[:250]],
    "order": lambda: [loaded(each) for each in Contacts.objects.order_by("-lastname")[:30]],
    "first": lambda: loaded(Contacts.objects.first()),
    "last": lambda: loaded(Contacts.objects.order_by("lastname").last()),
    "get": lambda: loaded(Contacts.objects.get(id=Contacts.ref("12x345"))),
    "in_bulk": lambda: [
        loaded(each) for each in Contacts.objects.in_bulk([Contacts.ref("12x345")]).values()
    ],
    "refresh": refreshed,
    "exclude": lambda: [loaded(each) for each in Contacts.objects.exclude(email__contains="a")],
    "changes": lambda: len(list(Contacts.objects.changes())),
    "prefetch": lambda: [
        loaded(contact)
        for account in Accounts.objects.prefetch_related("contacts")[:20]
        for contact in account.related.contacts.all()
    ],
    "select_related": lambda: [
        each.contact_id and loaded(each.contact_id.loaded)
        for each in Potentials.objects.select_related("contact_id")[:20]
    ],
    "related": related,
    "aggregate": lambda: Contacts.objects.aggregate(n=Count(), last=Max("lastname")),
    "groups": lambda: list(Contacts.objects.values("leadsource").annotate(n=Count())),
    "values": lambda: list(Contacts.objects.values("lastname")[:5]),
    "arrow": lambda: Contacts.objects.defer("mobile", "department", "birthday")
    .all()[:5]
    .to_arrow()
    .to_pylist(),
    "get_or_create": lambda: loaded(Contacts.objects.get_or_create(lastname="Onlyone")[0]),
    "update": lambda: Contacts.objects.filter(id=Contacts.ref("12x345")).update(title="Told"),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_leaves_them_out(crm: Crm, reader: str) -> None:
    """Whether they were learnt before or not makes no difference to what is read."""
    read = READERS[reader]
    with connected(crm, missing_fields="defer"):
        with crm.count_calls() as asked:
            cold = read()
        assert len(told(asked.queries)) <= len(HIDDEN)
        assert read() == cold
    with connected(crm, missing_fields="defer"):
        list(Contacts.objects[:1])
        assert read() == cold


ASKED_FOR: dict[str, Callable[[], Any]] = {
    "only": lambda: Contacts.objects.only("mobile")[0].mobile,
    "values": lambda: list(Contacts.objects.values("mobile")),
    "values_list": lambda: list(Contacts.objects.values_list("mobile", flat=True)),
    "aggregate": lambda: Contacts.objects.aggregate(x=Max("birthday"), y=Max("lastname")),
    "groups": lambda: list(Contacts.objects.values("department").annotate(n=Count())),
    "figures": lambda: list(Contacts.objects.values("lastname").annotate(x=Max("birthday"))),
    "arrow": lambda: Contacts.objects.all().to_arrow(),
}


@pytest.mark.parametrize("reader", ASKED_FOR)
def test_whoever_asks_for_them_by_name_is_told_why_not(crm: Crm, reader: str) -> None:
    with connected(crm, missing_fields="defer"):
        for _ in range(2):  # before and after they are learnt
            with pytest.raises(NotLoaded, match="missing_fields"):
                ASKED_FOR[reader]()
