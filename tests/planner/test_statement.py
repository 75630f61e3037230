"""Statement text: what both readings of AND and OR understand alike, and how it is cut."""

from __future__ import annotations

from itertools import product

import pytest

from vtiger_orm.calls.urls import quoted_length
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.planner.branches import Branch, Comparison, InList
from vtiger_orm.planner.packing import Packing
from vtiger_orm.planner.statement import Statement, condition, is_plain, quote, where

NAMES = "abcd"


def part(name: str) -> Comparison:
    return Comparison(name, "=", "1")


def by_precedence(text: str, truth: dict[str, bool]) -> bool:
    return any(all(truth[t[0]] for t in each.split(" and ")) for each in text.split(" or "))


def from_left(text: str, truth: dict[str, bool]) -> bool:
    words = text.replace(" = '1'", "").split(" ")
    value = truth[words[0]]
    for glue, name in zip(words[1::2], words[2::2]):
        value = (value and truth[name]) if glue == "and" else (value or truth[name])
    return value


def all_shapes() -> list[tuple[Branch, ...]]:
    singles = [(part(name),) for name in NAMES]
    pairs = [(part(a), part(b)) for a in NAMES for b in NAMES if a < b]
    branches = [*singles, *pairs]
    return [
        *((one,) for one in branches),
        *product(branches, repeat=2),
        *product(branches, pairs, singles),
    ]


@pytest.mark.parametrize("bounds", [(), (part("k"),), (part("k"), part("l"))])
def test_what_is_sent_without_known_precedence_means_the_same_under_both(bounds: Branch) -> None:
    """No AND after an OR, or ``K and G or c1 and K or c2 and K``."""
    checked = 0
    for branches in all_shapes():
        if not is_plain(branches):
            with pytest.raises(ValueError, match="do not mean the same"):
                where(branches, bounds, precedence_known=False)
            continue
        text = where(branches, bounds, precedence_known=False)
        checked += 1
        for values in product((False, True), repeat=6):
            truth = dict(zip("abcdkl", values))
            meant = all(truth[p.wire] for p in bounds if isinstance(p, Comparison)) and any(
                all(truth[p.wire] for p in each if isinstance(p, Comparison)) for each in branches
            )
            assert by_precedence(text, truth) == from_left(text, truth) == meant, text
    assert checked > 60


def test_bounds_go_into_every_branch() -> None:
    bound = Comparison("id", ">", "12x5")
    text = where(((part("a"),), (part("b"), part("c"))), (bound,))
    assert text == "a = '1' and id > '12x5' or b = '1' and c = '1' and id > '12x5'"


def test_false_is_not_an_empty_where() -> None:
    """An OR of nothing would be printed as no condition at all."""
    with pytest.raises(ValueError, match="never true"):
        where(())
    assert where(((),)) == ""
    assert where(((part("a"),), ())) == ""


def test_the_empty_literal_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="empty literal"):
        quote("")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("O'Neil", "'O''Neil'"),
        ("back\\slash", "'back\\\\slash'"),
        ("trail\\", "'trail\\\\'"),
        ("bs\\'quote", "'bs\\\\''quote'"),
        ("'", "''''"),
        ("12.5", "'12.5'"),
    ],
)
def test_quoting(value: str, written: str) -> None:
    """Backslashes doubled, then quotes doubled; numbers are quoted too."""
    assert quote(value) == written


def test_a_whole_statement() -> None:
    statement = Statement(
        "Contacts",
        ("id", "lastname"),
        ((Comparison("lastname", "like", "Sm%"), InList("account_id", ("11x1", "11x2"))),),
        bounds=(Comparison("id", ">", "12x9"),),
        order=("lastname", "id"),
        descending=True,
        limit=50,
        offset=100,
    )
    assert statement.text == (
        "select id,lastname from Contacts where lastname like 'Sm%' and account_id in "
        "('11x1','11x2') and id > '12x9' order by lastname,id desc limit 100,50;"
    )
    assert statement.counting.text == (
        "select count(*) from Contacts where lastname like 'Sm%' and account_id in "
        "('11x1','11x2') and id > '12x9';"
    )


def test_the_shape_leaves_out_values_and_place() -> None:
    one = Statement("M", ("id",), ((Comparison("a", "=", "1"),),), limit=5)
    other = Statement("M", ("id",), ((Comparison("a", "=", "2"),),), limit=9, offset=3)
    assert one.shape == other.shape
    assert one.shape != Statement("M", ("id",), ((Comparison("a", ">", "1"),),)).shape


# -- cutting and filling


def ids(*numbers: int) -> InList:
    return InList("id", tuple(f"12x{number}" for number in numbers))


def test_ids_are_listed_by_the_page_in_ascending_order() -> None:
    """One call, one full page, nothing to page."""
    branch = (ids(*range(250, 0, -1)), part("a"))
    groups = Packing(7000, 100, True).packed((branch,))
    lists = [group[0][0] for group in groups]
    assert [len(each.values) for each in lists if isinstance(each, InList)] == [100, 100, 50]
    assert lists[0] == ids(*range(1, 101))
    assert all(group[0][1] == part("a") for group in groups)


def test_references_are_listed_by_two_hundred() -> None:
    branch = (InList("account_id", tuple(f"11x{n}" for n in range(401))),)
    groups = Packing(7000, 100, True).packed((branch,))
    sizes = [len(p.values) if isinstance(p, InList) else 1 for g in groups for b in g for p in b]
    assert sizes == [200, 200, 1]


def test_statements_are_filled_up_to_the_budget() -> None:
    branches = tuple((Comparison("name", "=", f"value number {n}"),) for n in range(300))
    groups = Packing(2000, 100, True).packed(branches)
    assert 300 // 40 < len(groups) < 30
    for group in groups:
        assert quoted_length(where(group)) <= 2000


def test_a_list_too_long_for_the_url_is_cut_further() -> None:
    branch = (InList("name", tuple("ü" * 40 + str(n) for n in range(150))),)
    groups = Packing(3000, 100, True).packed((branch,))
    values = [v for g in groups for b in g for p in b if isinstance(p, InList) for v in p.values]
    assert values == [*branch[0].values]
    assert all(quoted_length(where(group)) <= 3000 for group in groups)


def test_a_value_longer_than_the_url_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="longer than a request"):
        Packing(1000, 100, True).packed(((Comparison("name", "=", "x" * 2000),),))


def test_unknown_precedence_keeps_ambiguous_branches_apart() -> None:
    two = (part("a"), part("b"))
    other = (part("c"), part("d"))
    single = (part("a"),)
    groups = Packing(7000, 100, False).packed((two, other, single))
    assert [len(group) for group in groups] == [2, 1]
    assert all(is_plain(group) for group in groups)


def test_conditions_that_cannot_be_sent_are_not_printed() -> None:
    from vtiger_orm.planner.branches import IsNull

    with pytest.raises(TypeError):
        condition(IsNull("a"))
