"""Every operation with arguments that nobody meant: a value or an error of the library.

What Python itself refuses stays Python's: arguments too many, or of unknown names.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Documents, Leads, Quotes
from vtiger_orm.errors import VtigerError

from .world import World, make

ODD: list[Any] = [
    *("\ud800", "\x00", "1x" + "9" * 5000, 0, -1, 10**400, None, b"\xff", [None], {}),
    *(Contacts, [Contacts], Contacts.objects, Accounts(accountname="x")),
]
CALLED_WRONGLY = ("positional argument", "keyword")

OWNERS: dict[str, Callable[[Any], Any]] = {
    "session": lambda s: s,
    "objects": lambda s: Contacts.objects.using(s),
    "documents": lambda s: Documents.objects.using(s),
    "slice": lambda s: Contacts.objects.using(s).order_by("id")[:3],
    "crm of a contact": lambda s: Contacts.objects.using(s).get(lastname="Contact 01").crm,
    "crm of a lead": lambda s: Leads.objects.using(s).get(lastname="Lead").crm,
    "crm of a quote": lambda s: Quotes.objects.using(s).get(subject="Quote").crm,
    "crm of a document": lambda s: Documents.objects.using(s).get(notes_title="Document").crm,
    "tags": lambda s: Accounts.objects.using(s).get(accountname="Account 01").crm.tags,
    "contacts of an account": lambda s: (
        Accounts.objects.using(s).get(accountname="Account 01").related.contacts
    ),
    "documents of a contact": lambda s: (
        Contacts.objects.using(s).get(lastname="Contact 01").related.documents
    ),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = make("cloud", "sync")
    yield world
    world.close()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd paths are made below a folder that goes."""
    monkeypatch.chdir(tmp_path)


def shapes(method: Any, odd: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Ways to give a method something odd in the place of one of its arguments, or of all."""
    parameters = list(inspect.signature(method).parameters.values())
    kinds = {each.kind for each in parameters}
    needed = sum(
        each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        for each in parameters
    )
    if kinds - {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
        yield (odd,) * max(1, needed), {}
    if needed > 1:
        yield (*("Contacts",) * (needed - 1), odd), {}
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY:
            yield ("Contacts",) * needed, {each.name: odd}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        yield (), {"account_id": odd}


def used(result: Any, session: Any) -> None:
    """Do what a lazy result is there for."""
    if hasattr(result, "using"):
        result = result.using(session)[:2]
    if hasattr(result, "__next__") or hasattr(result, "using"):
        list(itertools.islice(iter(result), 2))


@pytest.mark.parametrize("name", OWNERS)
def test_odd_arguments(world: World, name: str) -> None:
    """Methods that have an a-twin are those that may ask the CRM."""
    wrong = []
    with world.session(max_wait=0.0) as session:
        owner = OWNERS[name](session)
        names = {each for each in dir(owner) if not each.startswith("_")}
        for each in sorted(each for each in names - {"run", "stream"} if f"a{each}" in names):
            method = getattr(owner, each)
            cases = ((odd, shape) for odd in ODD for shape in shapes(method, odd))
            for odd, (args, kwargs) in cases if callable(method) else ():
                try:
                    used(method(*args, **kwargs), session)
                except VtigerError:
                    continue
                except Exception as error:
                    if not any(words in str(error) for words in CALLED_WRONGLY):
                        wrong.append(f"{each} of {odd!r:.60} {[*kwargs]}: {error!r:.150}")
    assert not wrong, "\n".join(wrong)
