"""The ids of related records: all of them, whatever one swallowed error hides, by few calls."""

from __future__ import annotations

import re
from collections.abc import Container
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest

from generated.demo import Accounts, Contacts
from tests.support.planned import careful, described, owners, server
from vtiger_orm.calls.operations import QueryRelated
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.errors import MalformedAnswer, NotSupported, SilentQueryError
from vtiger_orm.metadata.module import Flaw, Relation
from vtiger_orm.planner.related_ids import (
    DOCUMENTS,
    Side,
    are_related,
    count_related,
    related_ids,
)

CLOUD = ServerFacts(dialect="cloud")
ONE_PAGE = re.compile(r"select id from Things WHERE id (.+) order by id limit (\d+)")


@dataclass
class Related:
    """The answers of ``query_related`` for one record: so many ids, in pages of so many."""

    number: int
    cap: int
    failing: Container[int] = ()
    """The numbers of the calls that are answered like an SQL error, by no rows."""
    asked: int = 0

    def reply(self, call: Any) -> Any:
        assert isinstance(call, QueryRelated)
        assert (call.id, call.label) == ("41x1", "Things")
        self.asked += 1
        if self.asked in self.failing:
            return []
        if "count(*)" in call.text:
            return [{"count": str(self.number)}] if self.number else []
        said = ONE_PAGE.fullmatch(call.text)
        assert said is not None, call.text
        if said[1][0] != ">":
            asked_for = sorted(map(int, re.findall(r"'40x(\d+)'", said[1])))
            assert asked_for
            assert int(said[2]) >= len(asked_for)
            return [{"id": f"40x{n}"} for n in asked_for if n <= self.number][: self.cap]
        after = re.fullmatch(r"> '40x(\d+)'", said[1])
        assert after is not None
        first = int(after[1]) + 1
        last = min(first + min(self.cap, int(said[2])), self.number + 1)
        return [{"id": f"40x{number}"} for number in range(first, last)]

    def run(self, plan: Any) -> Any:
        reply: Any = None
        while True:
            try:
                reply = self.reply(plan.send(reply))
            except StopIteration as end:
                return end.value


def side() -> Side:
    metas = server().metas
    return Side("41x1", metas["Owners"], Relation("things", "Things", "Things"), metas["Things"])


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 150, 200, 300])
@pytest.mark.parametrize(("cap", "believed"), [(100, 100), (100, 200), (50, 200), (200, 100)])
def test_related_ids_are_read_to_their_end(number: int, cap: int, believed: int) -> None:
    truth = [f"40x{each}" for each in range(1, number + 1)]
    crm = Related(number, cap)
    assert crm.run(related_ids(side(), careful(page_size=believed))) == truth
    for position in range(1, crm.asked + 1):
        crm = Related(number, cap, failing={position})
        assert crm.run(related_ids(side(), careful(page_size=believed))) == truth, position


@pytest.mark.parametrize("number", [0, 1, 150])
@pytest.mark.parametrize("failing", [(), (1,), (2,)])
def test_related_records_are_counted_also_when_the_count_fails(
    number: int, failing: tuple[int, ...]
) -> None:
    crm = Related(number, 100, failing)
    assert crm.run(count_related(side(), careful(page_size=100), CLOUD)) == number
    assert number == 0 or failing or crm.asked == 1


ERRORS = [(), *combinations(range(1, 6), 1), *combinations(range(1, 6), 2)]


@pytest.mark.parametrize("cap", [2, 3, 100])
@pytest.mark.parametrize(
    ("asked", "related"),
    [([1, 5, 7], {1, 5}), ([8, 7], set()), ([1, 2, 3, 4, 5], {1, 2, 3, 4, 5}), ([5], {5})],
)
def test_no_two_errors_make_a_record_unrelated(
    cap: int, asked: list[int], related: set[int]
) -> None:
    """Told is what is true, or the error; which it never is where there was none."""
    for failing in ERRORS:
        crm = Related(5, cap, failing)
        with suppress(SilentQueryError) if failing else nullcontext():
            found = crm.run(are_related(side(), [f"40x{each}" for each in asked], CLOUD))
            assert found == related, failing


@pytest.mark.parametrize(
    ("number", "asked", "calls"), [(5, [1, 5, 7], 2), (5, [1, 2], 1), (5, [8], 3), (0, [1], 3)]
)
def test_few_calls_tell_which_are_related(number: int, asked: list[int], calls: int) -> None:
    crm = Related(number, 100)
    crm.run(are_related(side(), [f"40x{each}" for each in asked], CLOUD))
    assert crm.asked == calls


def test_any_number_of_records_may_be_asked_about() -> None:
    for number, last in ((1, 120), (51, 51), (60, 120), (120, 120)):
        ids = [f"40x{each}" for each in range(last, 0, -1)]
        found = Related(number, 100).run(are_related(side(), ids, CLOUD))
        assert found == set(range(1, number + 1))


def test_the_error_names_what_was_asked() -> None:
    crm = Related(5, 100, failing={2})
    with pytest.raises(
        SilentQueryError, match=r"Owners 41x1, relation 'Things': .* Try it"
    ) as found:
        crm.run(are_related(side(), ["40x1", "40x9"], CLOUD))
    error = found.value
    assert (error.operation, error.module) == ("query_related", "Things")
    assert error.statement == (
        "select id from Things where id in ('40x1','40x9') order by id limit 100;"
    )


def test_nothing_is_asked_twice_where_a_count_shows_that_there_is_none() -> None:
    crm = Related(0, 100)
    assert crm.run(related_ids(side(), careful())) == []
    assert crm.asked == 2


def test_what_its_pages_hold_is_known_of_this_operation_alone() -> None:
    env = careful(page_size=200)
    Related(150, 100).run(related_ids(side(), env))
    assert (env.knowledge.known_page("query_related"), env.knowledge.known_page("query")) == (
        100,
        0,
    )


def test_related_pages_that_do_not_move_on_are_malformed() -> None:
    plan = related_ids(side(), careful(page_size=2))
    next(plan)
    plan.send([{"id": "40x1"}, {"id": "40x2"}])
    with pytest.raises(MalformedAnswer, match="does not move on through the pages of Things"):
        plan.send([{"id": "40x1"}, {"id": "40x2"}])


# Which field makes the relation


def known(**changes: Any) -> Side:
    """A relation that is the same on every Vtiger, by a field that is otherwise than usual."""
    metas = {each.meta.name: each.meta for each in (Accounts, Contacts)}
    target = metas["Contacts"]
    field = replace(target.fields["account_id"], **changes)
    fields = {**target.fields, "account_id": field}
    target = replace(target, fields=fields)
    relation = Relation("Contacts", "Contacts", "Contacts")
    return Side("11x1", metas["Accounts"], relation, target)


def test_a_known_relation_is_made_by_its_field_where_that_can_be_asked_for() -> None:
    usual = known().reference
    assert usual is not None
    assert usual.name == "account_id"
    assert known(targets=("Vendors",)).reference is None
    assert known(flaw=Flaw.DENIED).reference is None
    assert replace(known(), relation=Relation("x", "x", "Contacts")).reference is None


def test_a_relation_reads_as_what_it_is() -> None:
    assert str(known()) == "Accounts 11x1, relation 'Contacts'"
    documents = replace(known(), target=replace(known().target, name=DOCUMENTS))
    assert str(documents) == "Accounts 11x1, relation 'Contacts' (active documents)"


def test_a_server_without_the_operation_is_not_asked() -> None:
    with pytest.raises(NotSupported, match="query_related"):
        next(side().read(careful(), ServerFacts(dialect="restfulapi")))
    assert Related(3, 100).run(side().read(careful(), CLOUD)) == ["40x1", "40x2", "40x3"]


@pytest.mark.parametrize(
    ("actions", "kinds", "targets", "found"),
    [
        (("add",), {"parent": "reference"}, {"parent": ("Owners",)}, "parent"),
        (("add",), {"parent": "reference"}, {"parent": ("Others", "Owners")}, "parent"),
        (("add",), {"parent": "reference"}, {"parent": ("Others",)}, None),
        (("add",), {"parent": "string"}, {}, None),
        (("add",), {"a": "string", "b": "reference"}, {"b": ("Owners",)}, "b"),
        (("add",), {"a": "reference", "b": "reference"}, {}, None),
        (("add", "select"), {"parent": "reference"}, {}, None),
        (("select",), {"parent": "reference"}, {}, None),
        ((), {"parent": "reference"}, {}, None),
    ],
)
def test_one_field_makes_a_relation_that_can_only_be_added_to(
    actions: tuple[str, ...], kinds: dict[str, str], targets: Any, found: str | None
) -> None:
    """Where the CRM tells that nothing is selected there, and no other field might make it."""
    metas = server(described("Things", "40", kinds, targets), owners()).metas
    relation = Relation("things", "Things", "Things", actions)
    reference = Side("41x1", metas["Owners"], relation, metas["Things"]).reference
    assert (reference and reference.wire) == found


def test_activities_are_never_related_by_a_field_alone() -> None:
    metas = server(described("Events", "18", {"parent": "reference"}), owners()).metas
    relation = Relation("events", "Events", "Events", ("add",))
    assert Side("41x1", metas["Owners"], relation, metas["Events"]).reference is None


@pytest.mark.parametrize("row", ["40x7", "41x9"])
def test_an_answer_to_another_question_is_refused(row: str) -> None:
    """It would be asked for ever, as by a cache that answers every question alike."""

    class Stubborn(Related):
        def reply(self, call: Any) -> Any:
            self.asked += 1
            assert self.asked < 100
            return [{"id": row, "count": "3"}]

    with pytest.raises(MalformedAnswer, match=r"40x\d, which it was not asked about"):
        Stubborn(1, 1).run(are_related(side(), ["40x1", "40x2"], CLOUD))
