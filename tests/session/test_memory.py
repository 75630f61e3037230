"""A session may live as long as its process: what it keeps does not grow with what it is asked."""

from __future__ import annotations

import gc
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import pytest

from generated.demo import Accounts, Contacts, Users
from tests.support.kinds import KINDS, open_session
from vtiger_orm import AuthError, VtigerError
from vtiger_orm.calls.environment import MOST_SHAPES, Knowledge
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.session import Session, retry

CONTAINERS = (dict, list, set, deque, WeakValueDictionary)
ELSEWHERE = ("vtiger_orm.emulator", "vtiger_orm.testing", "generated")
"""The CRM itself, which keeps what is written to it; and what was generated once."""


def kept(session: Session) -> dict[str, int]:
    """How many things are in each container that the session, or a module of the library, holds:
    by its owner's class and name."""
    found: dict[str, int] = {}
    seen: set[int] = set()

    def parts(owner: str, value: object) -> Iterator[object]:
        if id(value) in seen or isinstance(value, (type, types.ModuleType, types.FunctionType)):
            return
        seen.add(id(value))
        if isinstance(value, CONTAINERS):
            found[owner] = found.get(owner, 0) + len(value)
            held = value.values() if isinstance(value, (dict, WeakValueDictionary)) else value
            yield from list(held)
        elif type(value).__module__.startswith("vtiger_orm"):
            for part in type(value).__mro__:
                names = [*vars(value)] if hasattr(value, "__dict__") else []
                for name in dict.fromkeys([*names, *getattr(part, "__slots__", ())]):
                    if hasattr(value, name) and not name.startswith("__"):
                        yield f"{type(value).__qualname__}.{name}", getattr(value, name)

    waiting: list[tuple[str, object]] = [("session", session)]
    for name, module in list(sys.modules.items()):
        if name.startswith("vtiger_orm") and not name.startswith(ELSEWHERE):
            waiting += [
                (f"{name}.{each}", value)
                for each, value in vars(module).items()
                if isinstance(value, CONTAINERS) and not each.startswith("__")
            ]
    while waiting:
        owner, value = waiting.pop()
        if type(value).__module__.startswith(ELSEWHERE):
            continue
        for held in parts(owner, value):
            match held:
                case (str(name), inner):
                    waiting.append((name, inner))
                case _:
                    waiting.append((owner, held))
    return found


def work(crm: Crm, session: Session, turn: int) -> None:
    """One of everything that a program asks for again and again, each time with other values."""
    name = f"n{turn}"
    contact = Contacts(lastname=name, assigned_user_id=Users.ref("19x1"))
    contact.save()
    contact.lastname = f"m{turn}"
    contact.save()
    list(Contacts.objects.filter(lastname__startswith=name).exclude(firstname=name)[:3])
    list(Contacts.objects.filter(account_id__in=Accounts.objects.filter(accountname=name)))
    Contacts.objects.filter(lastname__contains=name).count()
    Contacts.objects.filter(id__in=[Contacts.ref(f"12x{n}") for n in (turn, turn + 1)]).exists()
    list(Accounts.objects.prefetch_related("contacts").filter(accountname__gt=name)[:2])
    list(contact.related.activities)
    Contacts.objects.bulk_create([Contacts(lastname=name, assigned_user_id=Users.ref("19x1"))])
    for _ in Contacts.objects.changes(since=contact.modifiedtime):
        break
    with session.count_calls():
        contact.refresh()
    crm.faults.next(faults.ExpiredSession())
    contact.refresh()
    crm.faults.next(faults.ServerError())
    with pytest.raises(VtigerError):
        contact.refresh()
    with pytest.raises(VtigerError):
        session.call(f"no_such_{turn}")
    contact.delete()


@pytest.mark.parametrize("kind", ["stock", "cloud"])
def test_what_a_session_keeps_does_not_grow(kind: str) -> None:
    with Crm(profile=KINDS[kind][0]) as crm, open_session(crm, kind) as session:
        sizes = []
        for turn in range(1, 13):
            work(crm, session, turn)
            if turn in (4, 12):
                gc.collect()
                sizes.append(kept(session))
    early, late = sizes
    assert early
    assert {
        name: (early.get(name, 0), n) for name, n in late.items() if n > early.get(name, 0)
    } == {}


def test_a_container_that_grows_is_seen() -> None:
    with Crm(profile=KINDS["cloud"][0]) as crm, open_session(crm, "cloud") as session:
        session.identify()
        before = kept(session)
        session.environment.knowledge.page_holds(5, "anything")
    assert {name for name, size in kept(session).items() if size > before.get(name, 0)} == {
        "Knowledge._pages"
    }


def test_keys_that_change_at_each_login_are_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "LOGIN_ATTEMPTS", 1)
    made = (f"key of the day {n}" for n in count())
    with Crm(profile=KINDS["cloud"][0]) as crm:
        name, _ = crm.credentials(None)
        with Session(crm.url, name, lambda: next(made), transport=crm.transport()) as session:
            for _ in range(40):
                with pytest.raises(AuthError) as caught:
                    session.identify()
                assert "of the day" not in str(caught.value)
            assert 0 < kept(session)["Core._secrets"] < 20


@pytest.mark.parametrize(
    "learn",
    [
        lambda known, n: known.verify(("shape", n)),
        lambda known, n: known.is_news(("told", n)),
    ],
    ids=["verified", "told"],
)
def test_what_is_known_of_statements_is_bounded(learn: Callable[[Knowledge, int], Any]) -> None:
    known = Knowledge()
    for number in range(3 * MOST_SHAPES):
        learn(known, number)
    assert all(len(each) <= MOST_SHAPES for each in vars(known).values() if isinstance(each, dict))
