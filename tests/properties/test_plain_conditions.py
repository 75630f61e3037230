"""The law of what is kept of comparisons: it changes nothing. Whatever was compiled before, and
with whatever values, a condition becomes what its normal form says: the same alternatives, the same
statements, the same explanation, on every server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo._package import package
from tests.properties.strategies import CHOICES, DAYS, HOURS, MOMENTS, conditions
from tests.properties.test_literals import NASTY, any_text
from tests.support.planned import things
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.lookups import LOOKUPS, Lookup
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.quirks import quirk_of
from vtiger_orm.conditions.tree import And, Compare, Equal, Node, OneOf, Selection
from vtiger_orm.errors import VtigerError
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.planner import explain
from vtiger_orm.planner.branches import Branch, Comparison, InList, Spelt
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.packing import at_most
from vtiger_orm.planner.plain import forget_forms, plain_branch
from vtiger_orm.planner.statement import where

THINGS = module_meta(things())


def filterable(meta: ModuleMeta) -> list[FieldMeta]:
    return [each for each in meta.fields.values() if each.filterable and LOOKUPS[each.family]]


EVERY = [THINGS, *(package.model(name).meta for name in package.modules)]
MODULES = [meta for meta in EVERY if filterable(meta)]
ODD = [
    *("-360", "-360.0000000", "0001-01-01", "00:00:00", "%", "_", "%a%", "_ _", "%_x", "a,b", "#1"),
    *(
        "O'",
        "O'Neil",
        "a''",
        "a\\",
        "a in (b",
        " count(",
        "a.b)",
        "l1\nl2",
        "a\n",
        " a",
        "a ",
        "\ta",
    ),
]

plain_words = st.text("abyzABYZ0189@.,:;+/#&|%_ -", min_size=1, max_size=6)
words = st.one_of(st.sampled_from(["Sales", "Berlin", "x", *ODD]), plain_words, any_text)
numbers = st.one_of(
    st.integers(-400, 400),
    st.sampled_from([Decimal(-360), Decimal("-360.0000000"), Decimal("-360.00"), Decimal("1.50")]),
)
days = st.one_of(
    st.sampled_from(DAYS).map(date.fromisoformat), st.sampled_from([date.min, date.max])
)
moments = st.sampled_from([*MOMENTS, "0001-01-01 00:00:00", "2024-10-27 00:30:00"]).map(
    lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)
)
VALUES: dict[Family, st.SearchStrategy[Any]] = {
    Family.TEXT: words,
    Family.CHOICE: st.one_of(st.sampled_from(CHOICES), words),
    Family.CHOICES: st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True),
    Family.INTEGER: st.integers(-400, 400),
    Family.DECIMAL: numbers,
    Family.BOOLEAN: st.booleans(),
    Family.DATE: days,
    Family.DATETIME: st.one_of(
        moments, moments.map(lambda each: each.replace(microsecond=5)), days
    ),
    Family.TIME: st.sampled_from([*HOURS, "00:00:00"]).map(time.fromisoformat),
}


def value_of(meta: ModuleMeta, field: FieldMeta) -> st.SearchStrategy[Any]:
    if field.family in (Family.REFERENCE, Family.ID):
        prefixes = field.prefixes or ((meta.prefix,) if field.family is Family.ID else ("11",))
        ids = st.tuples(st.sampled_from(prefixes), st.integers(1, 300))
        return ids.map(lambda pair: f"{pair[0]}x{pair[1]}")
    return VALUES[field.family]


def operand(meta: ModuleMeta, field: FieldMeta, lookup: Lookup) -> st.SearchStrategy[Any]:
    value = value_of(meta, field)
    match lookup:
        case Lookup.EXACT:
            return value if field.family is Family.ID else st.one_of(value, value, st.none())
        case Lookup.IN:
            return st.lists(value, max_size=4)
        case Lookup.RANGE:
            return st.tuples(value, value)
        case Lookup.CONTAINS | Lookup.STARTSWITH | Lookup.ENDSWITH | Lookup.LIKE:
            return words
        case Lookup.ISNULL:
            return st.booleans()
        case Lookup.DATE:
            return st.sampled_from(DAYS).map(date.fromisoformat)
        case Lookup.YEAR:
            return st.sampled_from([1, 2024, 9999])
        case Lookup.MONTH:
            return st.integers(1, 12)
        case Lookup.HAS:
            return st.sampled_from(CHOICES)
        case Lookup.HAS_ANY | Lookup.HAS_ALL:
            return st.lists(st.sampled_from(CHOICES), max_size=3)
        case _:
            return value


def odd(meta: ModuleMeta) -> list[FieldMeta]:
    """Fields of which more than the operator decides what is sent."""
    return [
        each
        for each in filterable(meta)
        if each.kind is Kind.DOUBLE or each.family is Family.TIME or quirk_of(meta.name, each.wire)
    ]


ODDER = [meta for meta in MODULES if odd(meta)]


@st.composite
def alike(draw: st.DrawFn) -> tuple[ModuleMeta, list[Node]]:
    """Several conditions of the same keywords with other values."""
    meta = draw(st.one_of(st.sampled_from(MODULES), st.sampled_from(ODDER)))
    fields = st.sampled_from(filterable(meta))
    if odd(meta):
        fields = st.one_of(fields, st.sampled_from(odd(meta)))
    keywords: dict[str, st.SearchStrategy[Any]] = {}
    for _ in range(draw(st.sampled_from([1, 1, 2, 6]))):
        field = draw(fields)
        lookup = draw(st.sampled_from(LOOKUPS[field.family]))
        name = field.name if lookup is Lookup.EXACT else f"{field.name}__{lookup}"
        keywords[name] = operand(meta, field, lookup)
    try:
        both = [resolve(meta, [], {k: draw(v) for k, v in keywords.items()}) for _ in range(5)]
    except VtigerError:  # a value that no keyword takes, a field that nobody may ask
        both = []
    return meta, both


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    """Whatever a server may be, as plans see it."""
    proved = Capabilities(
        precedence=draw(st.sampled_from(["sql", "unknown"])),
        collation=draw(st.sampled_from(["general_ci", "unknown"])),
        escaping=draw(st.sampled_from(["doubled", "backslash", "unknown"])),
        page_size=draw(st.sampled_from([2, 100])),
        url_budget=draw(st.sampled_from([500, 900, 8000])),
    )
    family = draw(st.sampled_from(list(ServerFamily)))
    zone = draw(st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")]))
    timezone = draw(st.sampled_from([UTC, ZoneInfo("Asia/Kolkata")]))
    env = Environment.of(Server.known(family, "8.0.0", proved))
    return replace(
        env, zone=zone, timezone=timezone, consistency=draw(st.sampled_from(["normal", "strict"]))
    )


@contextmanager
def by_normal_form() -> Iterator[None]:
    with patch("vtiger_orm.planner.compiled.plain_branch", return_value=None):
        yield


def answers(selection: Selection, env: Environment) -> list[object]:
    """Everything that is decided of it, or why nothing is."""
    try:
        what = compiled(selection, env)
        behind = (Comparison("id", ">", "41x7"),)
        pages = [
            what.statement(group, bounds=bounds)
            for group in what.packing.packed(what.superset)
            for bounds in ((), behind, behind * 2)
        ]
        texts = [text for page in pages for text in (page.text, page.counting.text, page.shape)]
        groups = what.groups if what.is_exact else None
        return [
            what,
            what.is_exact,
            groups,
            texts,
            explain(selection, env),
            explain(selection, env, "count"),
        ]
    except VtigerError as error:
        return [str(error)]


def assert_spelt(branch: Branch | None) -> None:
    """What is known of its text is what would be found out from its parts."""
    if isinstance(branch, Spelt):
        parts = tuple(branch)
        assert (branch.text, branch.most) == (where((parts,)), at_most(parts))
        assert where((parts,), quoting="backslash") == branch.text
        lists = (len(part.values) for part in parts if isinstance(part, InList))
        assert branch.longest == max(lists, default=0)


def assert_nothing_changes(meta: ModuleMeta, nodes: list[Node], env: Environment) -> None:
    selections = [Selection(meta, node, columns=()) for node in nodes]
    for node in nodes:
        assert_spelt(plain_branch(node, meta, env))
    with by_normal_form():
        expected = [answers(each, env) for each in selections]
    forget_forms()
    assert [answers(each, env) for each in selections] == expected
    forget_forms()
    assert [answers(each, env) for each in selections[::-1]] == expected[::-1]


@given(alike(), environments())
def test_the_same_keywords_with_other_values(
    conditions: tuple[ModuleMeta, list[Node]], env: Environment
) -> None:
    assert_nothing_changes(*conditions, env)


@given(st.lists(conditions(THINGS, depth=3), min_size=1, max_size=3), environments())
def test_any_conditions_one_after_the_other(nodes: list[Node], env: Environment) -> None:
    assert_nothing_changes(THINGS, nodes, env)


def env_of(family: ServerFamily, **proved: Any) -> Environment:
    return Environment.of(Server.known(family, "8.0.0", Capabilities(**proved)))


@pytest.mark.parametrize("family", ServerFamily)
@pytest.mark.parametrize("value", [*ODD, *NASTY])
def test_awkward_values_behind_plain_ones(value: str, family: ServerFamily) -> None:
    nodes = [
        resolve(THINGS, [], {keyword: text})
        for keyword in ("name", "name__gte", "name__lt", "name__contains", "name__like")
        for text in ("plain", value, "plain")
    ]
    assert_nothing_changes(THINGS, nodes, env_of(family))


@pytest.mark.parametrize("lookup", ["", "__lt", "__lte", "__gt", "__gte", "__in", "__range"])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("hour", [time(0), time(6, 18), time(0)]),
        ("amount", [Decimal(0), Decimal(-400), Decimal(-360), Decimal(-300)]),
        ("day", [date(2024, 2, 29), date.min, date.max]),
    ],
)
def test_values_that_decide_what_is_sent(field: str, values: list[Any], lookup: str) -> None:
    made: list[Any] = values
    if lookup in ("__in", "__range"):
        made = [(each, values[0]) for each in values]
    nodes = [resolve(THINGS, [], {f"{field}{lookup}": each}) for each in made]
    assert_nothing_changes(THINGS, nodes, env_of(ServerFamily.VTIGER))


def test_what_several_comparisons_of_a_field_come_to() -> None:
    nodes = [
        resolve(THINGS, [Q(**one), Q(**other)], {})
        for one, other in (
            ({"name": "a"}, {"name__in": ["b", "c"]}),
            ({"name__in": ["a", "b"]}, {"name__in": ["b", "c"]}),
            ({"name__gt": "a"}, {"name__gt": "b"}),
            ({"name__like": "-360"}, {"name": "b"}),
            ({"day__gte": date(2024, 1, 1)}, {"day__lt": date(2024, 2, 1)}),
            ({"day__gte": date.min}, {"day__lt": date(2024, 2, 1)}),
            ({"day__gte": date(2024, 1, 1)}, {"day__gt": date(2024, 2, 1)}),
            ({"day__gte": date.min}, {"day__gt": date(2024, 2, 1)}),
        )
    ]
    assert_nothing_changes(THINGS, nodes, env_of(ServerFamily.VTIGER, collation="general_ci"))


def test_fields_of_the_same_names_with_other_facts() -> None:
    """A comparison is kept by its wire name; what is sent depends on the rest of the field."""
    other = module_meta(things())
    assert other.fields["day"] is not THINGS.fields["day"]
    day = replace(other.fields["day"], kind=Kind.STRING)
    nodes: list[Node] = [
        And((Compare(field, "<", "2024-01-01"), Equal(THINGS.fields["name"], "a")))
        for field in (THINGS.fields["day"], other.fields["day"], day, THINGS.fields["day"])
    ]
    assert_nothing_changes(THINGS, nodes, env_of(ServerFamily.VTIGER, collation="general_ci"))


def test_a_list_of_one_value_is_no_list() -> None:
    nodes: list[Node] = [
        OneOf(THINGS.fields["name"], ("a", "b")),
        OneOf(THINGS.fields["name"], ("a",)),
    ]
    assert_nothing_changes(THINGS, nodes, env_of(ServerFamily.VTIGER))


def test_ordinary_conditions_are_plain() -> None:
    env = env_of(ServerFamily.VTIGER, collation="general_ci", precedence="sql")
    node = resolve(
        THINGS,
        [],
        {
            "name__startswith": "Sm",
            "note": "Ada Lovelace",
            "stage__in": ["a b", "b"],
            "mail__endswith": "@example.com",
            "whole__gt": 12,
            "flag": True,
            "day__range": (date(2024, 1, 1), date(2024, 12, 31)),
            "moment__lt": datetime(2024, 2, 29, 13, 45, tzinfo=UTC),
            "parent": "41x7",
        },
    )
    assert plain_branch(node, THINGS, env) is not None
    assert plain_branch(resolve(THINGS, [], {"name": "O'Neil"}), THINGS, env) is None


def test_moments_of_another_zone_are_compared_as_the_crm_writes_them() -> None:
    env = replace(
        env_of(ServerFamily.VTIGER, collation="general_ci"), zone=ZoneInfo("Europe/Berlin")
    )
    node = resolve(THINGS, [], {"moment__gte": datetime(2024, 2, 29, 13, 45, tzinfo=UTC)})
    assert compiled(Selection(THINGS, node), env).branches == (
        (Comparison("moment", ">=", "2024-02-29 14:45:00"),),
    )
