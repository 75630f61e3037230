"""Planning takes time in proportion to the condition, whatever its shape; what would take longer
is refused before anything is sent."""

from __future__ import annotations

import copy
import operator
import os
import pickle
import random
import sys
import time
from collections.abc import Callable, Generator
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest

from generated.demo import Accounts, Contacts
from tests.support.planned import careful, things
from vtiger_orm.conditions.collation import matcher
from vtiger_orm.conditions.evaluate import predicate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Not, Order, Selection, all_of, any_of, check_depth
from vtiger_orm.errors import InvalidLookup
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.models import building
from vtiger_orm.planner import explain, plan_count, plan_exists, plan_rows

WATCHED = 1 if sys.gettrace() is None and "SLIPCOVER_ENABLED" not in os.environ else 4
"""What watches each line, as the measuring of coverage does, takes its own time."""


def longest() -> float:
    """A second, on a machine of today that has nothing else to do; seconds."""
    return WATCHED * max(1.0, min(_reference() for _ in range(3)) / 0.002)


def _reference() -> float:
    began = time.process_time()
    sum(len(f"{number}") for number in range(20_000))
    return time.process_time() - began


META = module_meta(things())
LEAVES = 2000
FIELDS = ("name", "note", "mail")


def either(parts: list[Q]) -> Q:
    return reduce(operator.or_, parts)


def all_at_once(parts: list[Q]) -> Q:
    return reduce(operator.and_, parts)


def numbered(make: Callable[[int], Q], number: int = LEAVES) -> list[Q]:
    return [make(each) for each in range(number)]


SHAPES: dict[str, Callable[[], Q]] = {
    "values of a field": lambda: either(numbered(lambda n: Q(name=f"n{n}"))),
    "values of fields": lambda: either(numbered(lambda n: Q(**{FIELDS[n % 3]: f"n{n}"}))),
    "patterns": lambda: either(numbered(lambda n: Q(name__contains=f"n{n}"))),
    "pairs": lambda: either(numbered(lambda n: Q(name=f"n{n}", note=f"m{n}"), LEAVES // 2)),
    "pairs that overlap": lambda: either(
        numbered(lambda n: Q(name=f"n{n % 7}", note__gt=f"m{n}"), LEAVES // 2)
    ),
    "chain of exclude": lambda: all_at_once(numbered(lambda n: ~Q(name=f"n{n}"))),
    "chain of exclude over fields": lambda: all_at_once(
        numbered(lambda n: ~Q(**{FIELDS[n % 3]: f"n{n}"}))
    ),
    "chain of patterns": lambda: all_at_once(numbered(lambda n: ~Q(name__contains=f"n{n}"))),
    "negated alternatives": lambda: either(numbered(lambda n: ~Q(name__contains=f"n{n}"))),
    "product": lambda: all_at_once(
        numbered(lambda n: Q(name=f"n{n}") | Q(note=f"m{n}"), LEAVES // 2)
    ),
    "product of blanks": lambda: all_at_once(
        numbered(lambda n: Q(**{FIELDS[n % 3]: None}) | Q(whole=n), LEAVES // 2)
    ),
    "negated pairs": lambda: all_at_once(
        numbered(lambda n: ~Q(name=f"n{n}", note=f"m{n}"), LEAVES // 2)
    ),
    "sums of products": lambda: either(
        numbered(
            lambda n: (Q(name=f"n{n}") | Q(note="m")) & (Q(mail=f"k{n}") | Q(whole=n)),
            LEAVES // 4,
        )
    ),
    "lists that must all hold": lambda: all_at_once(
        numbered(lambda n: Q(**{f"{FIELDS[n % 3]}__in": [f"v{n % 7 + each}" for each in range(9)]}))
    ),
    "long lists that must all hold": lambda: all_at_once(
        [Q(**{f"{name}__in": [f"{n}" for n in range(2 * LEAVES)]}) for name in FIELDS]
    ),
    "long list": lambda: ~Q(name__in=[f"n{n}" for n in range(LEAVES)]),
}


def random_tree(seed: int) -> Q:
    chance = random.Random(seed)

    def leaf() -> Q:
        field = chance.choice(FIELDS)
        lookup, value = chance.choice(
            [("", f"v{chance.randrange(99)}"), ("__contains", "a"), ("__lt", "m"), ("", None)]
        )
        one = Q(**{field + lookup: value})
        return ~one if chance.random() < 0.3 else one

    def tree(leaves: int) -> Q:
        if leaves == 1:
            return leaf()
        parts = min(chance.choice([2, 2, 3, 5, 10]), leaves)
        cuts = [0, *sorted(chance.sample(range(1, leaves), parts - 1)), leaves]
        children = [tree(after - before) for before, after in pairwise(cuts)]
        joined = (either if chance.random() < 0.5 else all_at_once)(children)
        return ~joined if chance.random() < 0.2 else joined

    return tree(LEAVES)


SHAPES |= {f"random {seed}": lambda seed=seed: random_tree(seed) for seed in range(2)}  # type: ignore[misc]


def first_step(plan: Generator[Any, Any, Any]) -> None:
    """What happens before anything is sent."""
    next(plan, None)
    plan.close()


@pytest.mark.parametrize(
    ("shape", "known"), [(shape, number % 2 == 0) for number, shape in enumerate(SHAPES)]
)
def test_two_thousand_conditions_are_planned_within_a_second(shape: str, known: bool) -> None:
    env = careful(page_size=100, precedence_known=known)
    selection = Selection(META, resolve(META, [SHAPES[shape]()], {}))
    by_name = Selection(META, selection.where, (Order(META.fields["name"], True),))
    plans: dict[str, Callable[[], object]] = {
        "rows": lambda: first_step(plan_rows(selection, env)),
        "order": lambda: first_step(plan_rows(by_name, env)),
        "count": lambda: first_step(plan_count(selection, env)),
        "exists": lambda: first_step(plan_exists(selection, env)),
        "explain": lambda: str(explain(selection, env)),
        "evaluate": lambda: predicate(selection.where, env)({"id": "40x1"}),
    }
    for name, plan in plans.items():
        began = time.process_time()
        plan()
        assert time.process_time() - began < longest(), name


def test_counts_of_alternatives_that_exclude_each_other_are_added() -> None:
    """So many that they take several statements, none of which overlaps."""
    env = careful(page_size=100)
    pairs = either(numbered(lambda n: Q(name=f"n{n}", note=f"m{n}"), 500))
    plan = plan_count(Selection(META, resolve(META, [pairs], {})), env)
    batch = next(plan)
    assert 2 < len(batch.calls) < 40  # type: ignore[union-attr]
    assert all("count(*)" in call.text for call in batch.calls)  # type: ignore[union-attr]


@pytest.mark.parametrize("join", [operator.or_, operator.and_])
def test_however_many_are_joined_one_by_one(join: Callable[[Q, Q], Q]) -> None:
    joined = reduce(join, numbered(lambda n: Q(name__contains=f"n{n}"), 5000))
    node = resolve(META, [joined], {})
    assert len(node.children) == 5000  # type: ignore[union-attr]
    assert "name__contains='n4999'" in repr(joined)
    assert joined == reduce(join, numbered(lambda n: Q(name__contains=f"n{n}"), 5000))


def test_conditions_that_are_nested_too_deeply_are_refused_with_the_number() -> None:
    deep = Q(name="a")
    for number in range(49):
        deep = (deep | Q(note=f"b{number}")) & Q(mail=f"c{number}")
    resolve(META, [deep], {})
    deep = deep | Q(name="b")
    with pytest.raises(InvalidLookup, match="101 levels deep or more, and 100 are the most"):
        deep & Q(name="c")
    with pytest.raises(InvalidLookup, match="101 levels"):
        assert ~deep
    node = resolve(META, [Q(name="a")], {})
    for number in range(40):
        node = all_of(any_of(node, *resolved(number)), *resolved(number))
    first_step(plan_rows(Selection(META, node), careful()))
    for number in range(5000):
        node = all_of(Not(any_of(node, *resolved(number))), *resolved(number))
    for plan in (plan_rows, plan_count, plan_exists):
        with pytest.raises(InvalidLookup, match="nested 101 levels"):
            first_step(plan(Selection(META, node), careful()))
    with pytest.raises(InvalidLookup, match="collect them, and join them"):
        explain(Selection(META, node), careful())


def resolved(number: int) -> list[Any]:
    return [resolve(META, [], {"name__contains": f"a{number}"})]


def test_patterns_are_matched_in_one_walk() -> None:
    """A text that nearly matches is not tried in every way there is."""
    began = time.process_time()
    assert not matcher("%a" * 40 + "%b")("a" * 5000)
    assert matcher("%a" * 40 + "%")("a" * 5000)
    assert not matcher("%" + "_a%" * 30 + "c")("ba" * 2000)
    assert time.process_time() - began < longest()


def test_what_doubles_at_every_step_is_refused_with_the_number() -> None:
    """A few lines of code can write down more conditions than there is memory for."""
    with pytest.raises(InvalidLookup, match="100,000 are the most"):
        reduce(lambda q, n: (q | Q(note=f"{n}")) & (q | Q(mail=f"{n}")), range(45), Q(name="a"))
    contacts: Any = Contacts.objects
    with pytest.raises(InvalidLookup, match="100,000 are the most"):
        reduce(
            lambda qs, n: (qs | contacts.filter(lastname=f"{n}"))
            & (qs | contacts.filter(email=None)),
            range(45),
            contacts.filter(lastname="a"),
        )
    with pytest.raises(InvalidLookup, match="100,000 are the most"):
        reduce(lambda qs, n: qs & qs, range(45), contacts.filter(lastname="a", email=None))


def test_querysets_within_querysets_are_refused_before_they_are_too_deep() -> None:
    accounts: Any = Accounts.objects
    nested = accounts.filter(accountname="a")
    for _ in range(18):
        nested = accounts.filter(account_id__in=nested)
    refused = accounts.filter(account_id__in=nested).filter
    with pytest.raises(InvalidLookup, match="read its ids first"):
        refused(
            account_id__in=accounts.filter(account_id__in=accounts.filter(account_id__in=nested))
        )
    for told in (repr(nested), str(nested.explain()), nested.query):
        assert told
    assert pickle.loads(pickle.dumps(nested)).selection is not None
    turned = accounts.filter(accountname="a")
    for number in range(49):
        turned = ~(turned | accounts.filter(accountname=f"n{number}"))
    with pytest.raises(InvalidLookup, match="levels deep or more"):
        turned | ~(turned | accounts.filter(accountname="n"))
    assert repr(turned)


@pytest.mark.parametrize(
    "make",
    [
        lambda: contacts_with(lastname__in=[f"v{n}" for n in range(30_000)]),
        lambda: ~contacts_with(lastname__in=[f"v{n}" for n in range(30_000)]),
        lambda: contacts_with(id__in=[f"12x{n}" for n in range(1, 30_001)]),
        lambda: reduce(operator.and_, [~contacts_with(lastname=f"n{n}") for n in range(1000)]),
        lambda: reduce(
            operator.or_, [contacts_with(lastname=f"n{n}", email="a") for n in range(1000)]
        ),
    ],
)
def test_querysets_are_told_compared_and_pickled_in_no_time(make: Callable[[], Any]) -> None:
    queryset = make()
    ways: list[Callable[[], object]] = [
        lambda: repr(queryset),
        lambda: str(queryset.explain()),
        lambda: str(queryset.explain(of="count")),
        lambda: pickle.loads(pickle.dumps(queryset)),
        lambda: queryset.query,
        lambda: queryset == queryset.all(),
    ]
    for way in ways:
        began = time.process_time()
        way()
        assert time.process_time() - began < 2 * longest()


def contacts_with(**lookups: Any) -> Any:
    queryset: Any = Contacts.objects
    return queryset.filter(**lookups)


MANY = 1000
BUILT: dict[str, Callable[[], Any]] = {
    "alternatives": lambda: contacts_of(either(numbered(leaf, 6 * MANY))),
    "conditions": lambda: contacts_of(all_at_once(numbered(leaf, 6 * MANY))),
    "alternatives of both kinds": lambda: contacts_of(
        either([~leaf(n) & Q(email=None) for n in range(MANY)])
    ),
    "filter after filter": lambda: reduce(
        lambda qs, n: qs.filter(leaf(n) | Q(email=None)), range(MANY), contacts_with()
    ),
    "exclude after exclude": lambda: reduce(
        lambda qs, n: qs.exclude(leaf(n)), range(MANY), contacts_with()
    ),
    "querysets joined": lambda: reduce(
        lambda qs, n: qs | contacts_with(firstname=f"{n}"), range(MANY), contacts_with(lastname="a")
    ),
    "lists of values": lambda: contacts_of(
        either([Q(lastname__in=[f"a{n}", f"b{n}"], firstname="x") for n in range(MANY)])
    ),
    "lists of ids": lambda: contacts_with(id__in=[f"12x{n}" for n in range(1, 20 * MANY)]),
    "semi-joins side by side": lambda: contacts_of(
        either([Q(account_id__in=Accounts.objects.filter(accountname=f"{n}")) for n in range(200)])
    ),
    "orders": lambda: contacts_with().order_by(*["lastname", "-firstname"] * MANY),
    "order after order": lambda: reduce(
        lambda qs, n: qs.order_by("-lastname"), range(MANY), contacts_with()
    ),
    "slices": lambda: reduce(lambda qs, n: qs[: 2 * MANY - n], range(MANY), contacts_with()),
    "columns": lambda: contacts_with().only(*["lastname", "firstname"] * MANY),
    "values": lambda: contacts_with().values(*["lastname", "firstname"] * MANY),
    "references": lambda: contacts_with().select_related(*["account_id"] * MANY),
}


def leaf(number: int) -> Q:
    return Q(lastname=f"n{number}")


def contacts_of(q: Q) -> Any:
    queryset: Any = Contacts.objects
    return queryset.filter(q)


@pytest.mark.parametrize("shape", BUILT)
def test_whatever_is_built_step_by_step_is_built_and_planned_in_time(shape: str) -> None:
    began = time.process_time()
    queryset = BUILT[shape]()
    queryset.explain()
    queryset.explain(of="count")
    assert time.process_time() - began < 3 * longest()


@pytest.mark.parametrize("join", [operator.or_, operator.and_])
def test_a_chain_of_querysets_is_not_walked_along_at_every_step(
    join: Callable[[Any, Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = 0

    def check(node: Any) -> None:
        nonlocal walked
        walked += len(getattr(node, "children", (node,)))
        check_depth(node)

    monkeypatch.setattr(building, "check_depth", check)
    number = 500
    parts = [contacts_with(lastname__contains=f"n{each}") for each in range(number)]
    joined = reduce(join, parts)
    assert len(joined.selection.where.children) == number
    assert walked < 6 * number
    deep = contacts_with(lastname="a")
    for each in range(49):
        deep = ~join(deep, parts[each])
    other = operator.and_ if join is operator.or_ else operator.or_
    deep = other(deep, parts[0])
    with pytest.raises(InvalidLookup, match="levels deep or more"):
        join(joined, deep)


def test_what_is_joined_travels_whole() -> None:
    q = reduce(operator.or_, numbered(leaf, MANY)) & ~Q(email=None)
    assert pickle.loads(pickle.dumps(q)) == q
    assert copy.deepcopy(q) == q
