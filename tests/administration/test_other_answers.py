"""Answers of an unknown form: an error that names the operation, and nothing believed done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generated.demo import Accounts, Contacts
from vtiger_orm.administration import edition_limits, picklists, server, tags
from vtiger_orm.administration.edition_limits import EditionLimit
from vtiger_orm.calls.plans import Plan
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.errors import InvalidValue, MalformedAnswer, ServerError

FACTS = ServerFacts(dialect="cloud")
SOURCE = ("leadsource",)


def told(plan: Plan[Any], *answers: object) -> Any:
    """The result of a plan whose calls are answered so, one after the other."""
    waiting: Iterator[object] = iter(answers)
    try:
        next(plan)
        while True:
            plan.send(next(waiting))
    except StopIteration as done:
        return done.value


PLANS: dict[str, Any] = {
    "modules": lambda: server.modules(None, FACTS),
    "describe": lambda: server.describe("Contacts", FACTS),
    "reopen": lambda: server.reopen("17x1", FACTS),
    "hierarchy": lambda: server.hierarchy(Accounts, "11x1", FACTS),
    "lookup": lambda: server.lookup("phone", "1", None, FACTS),
    "tags of a record": lambda: tags.read("12x1", FACTS),
    "dependency": lambda: picklists.dependency(Contacts.meta, *SOURCE, *SOURCE, FACTS),
    "new values": lambda: picklists.add(Contacts.meta, *SOURCE, ["x"], FACTS),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("answer", [None, {}, [1], "text"], ids=repr)
def test_what_is_not_understood_is_no_answer(name: str, answer: object) -> None:
    with pytest.raises(MalformedAnswer):
        told(PLANS[name](), *[answer] * 3)


def test_a_user_without_an_id_is_none() -> None:
    """That it is a record at all, the dialect has seen to."""
    with pytest.raises(MalformedAnswer, match="did not tell the id"):
        told(server.me(), {"user_name": "ada"})


@pytest.mark.parametrize("answer", [None, {}, [1], {"limit": None}], ids=repr)
def test_a_limit_that_is_none(answer: object) -> None:
    with pytest.raises(MalformedAnswer, match="no limit for"):
        edition_limits.Limit.from_wire(next(iter(EditionLimit)).value, answer)


def test_records_without_ids_are_none() -> None:
    with pytest.raises(MalformedAnswer, match="without ids"):
        told(server.lookup("email", "a@example.com", None, FACTS), [{"id": "x"}])


def test_a_listtypes_of_another_shape_is_refused() -> None:
    with pytest.raises(MalformedAnswer, match="without a list of modules"):
        told(server.modules(None, FACTS), {"modules": []})


class TestTags:
    """An answer without a word of success is looked after: the tags themselves tell."""

    def test_added_all_the_same(self) -> None:
        told(tags.add("12x1", ["a"], FACTS), {}, {"tags": ["a", "b"]})

    def test_not_added(self) -> None:
        with pytest.raises(MalformedAnswer, match="not done for: b"):
            told(tags.add("12x1", ["a", "b"], FACTS), None, ["a"])

    def test_removed_all_the_same(self) -> None:
        told(tags.remove("12x1", ["a"], FACTS), {}, {"tags": ["b"]})

    def test_not_removed(self) -> None:
        with pytest.raises(MalformedAnswer, match="not done for: a"):
            told(tags.remove("12x1", ["a"], FACTS, everywhere=True), {}, ["a"])


class TestPicklists:
    def test_the_inner_flag_tells_and_its_reason_is_passed_on(self) -> None:
        answer = {"success": False, "error": {"message": "Permission denied"}}
        with pytest.raises(ServerError, match=r"Contacts\.leadsource failed: Permission denied"):
            told(PLANS["new values"](), answer)
        with pytest.raises(ServerError, match="no reason"):
            told(PLANS["new values"](), {"success": False})

    def test_both_words_of_success(self) -> None:
        told(PLANS["new values"](), {"success": True})
        told(PLANS["new values"](), ["success", True])


@pytest.mark.parametrize(
    "where", [[5], [object()], {3: ["x"]}], ids=["number", "object", "mapping"]
)
def test_a_lookup_in_what_is_no_module_sends_nothing(where: Any) -> None:
    with pytest.raises(InvalidValue, match="Nothing was sent"):
        next(server.lookup("phone", "1", where, FACTS))


def test_a_lookup_takes_one_module_alone() -> None:
    assert told(server.lookup("phone", "1", Contacts, FACTS), []) == []  # type: ignore[arg-type]  # as users write it
    with pytest.raises(InvalidValue, match="'phone' or by 'email'"):
        next(server.lookup("name", "1", None, FACTS))  # type: ignore[arg-type]  # told at run time
    with pytest.raises(InvalidValue, match="number or address"):
        next(server.lookup("phone", " ", None, FACTS))
