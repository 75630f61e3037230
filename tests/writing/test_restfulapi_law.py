"""The law of writing through the RestfulApi module: the store, field by field, after every write.

Random values of every kind, in every way of writing. Whatever was not sent is as it was; whatever
was sent is stored as given, or the record tells that it is not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.demo import (
    Accounts,
    Calendar,
    Campaigns,
    Contacts,
    HelpDesk,
    Invoice,
    Leads,
    Potentials,
    Products,
    Project,
    Quotes,
    SalesOrder,
    Vendors,
)
from tests.support.restfulapi import open_restfulapi
from vtiger_orm import BulkError, Choices, InvalidRecord, InvalidValue, NotSupported, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.ids import parse_id
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.values import decode
from vtiger_orm.writing.answers import AdjustedValues
from vtiger_orm.writing.policies.table import policies_of

MODELS: Final[tuple[Any, ...]] = (
    Accounts, Calendar, Campaigns, Contacts, HelpDesk, Invoice, Leads, Potentials, Products,
    Project, Quotes, SalesOrder, Vendors,
)  # fmt: skip
ITEMS: Final = (Invoice, Quotes, SalesOrder)
TARGETS: Final = {model.meta.name for model in MODELS} | {"Users", "Groups"}
APART: Final = {"activitytype", "accountname", "duration_hours"}
"""Makes another module of a record; may be there once; is computed of the others."""
MOVES: Final = {"modifiedtime", "modifiedby", "label"}
TEXTS: Final = [
    "x", " x ", "a/b", "\\/", "/", "//", "a\\", "\\\\", "C:\\x/y", "a & b", "&amp;", "&amp;amp;",
    "&nbsp;", "&#32;", "&eacute;", "a<b", "<", ">", "a > b", "1 < 2 > 0", "<b>x</b>", "<br>",
    "it's", '"q"', "é客", "0", "00", "x;y:z", "l1\nl2", "l1\r\nl2", "\n", "\tx\t", "a\\/b", "100%",
    "a+b=c", "{\"a\": 1}", "[1]", "null", "ajxaction=DETAILVIEW&x=1", "😀", "a\xa0b", "\u2028", "&",
    "%2F", "&lt;i&gt;", "/x/y/z", "module/Accounts", "&#8364;", "&#x26;lt;", "-360", "1.234,56",
]  # fmt: skip
STORED: Final = [
    None, "", "plain", "it's é", "a & b", "a &amp; b", "<i>x</i> & y", "l1\nl2's", "l1\r\nl2's",
    "C:\\x/y's", "&eacute;", "&#8364;", "&#0;é", "&lt;b&gt;", "  's  ", "a;b's", "1 < 2", "&#039;",
    "&amp;amp;", "é\n", "a & b\r\n", "x: <i>y</i>", "x: &lt;i&gt;", "it's\r\n\r\na: b",
]  # fmt: skip


MAILS: Final = ["a@example.org", "o'hara+x@example.org", "A@EXAMPLE.ORG"]


@dataclass(frozen=True, slots=True)
class Place:
    """A record that is not known yet."""

    module: str
    number: int


def values_of(each: FieldMeta) -> st.SearchStrategy[Any] | None:
    """Values of the field; None for a field that is not tried. References are drawn as a module
    and a place among its records."""
    if not each.editable or each.flaw is not None or each.name in APART:
        return None
    match each.family:
        case Family.TEXT if each.kind in (Kind.STRING, Kind.TEXT, Kind.PHONE, Kind.URL):
            return st.sampled_from(TEXTS)
        case Family.TEXT if each.kind is Kind.EMAIL:
            return st.sampled_from(MAILS)
        case Family.CHOICES:
            offered = [value for value, _ in each.choices if value]
            return st.lists(st.sampled_from(offered), unique=True).map(Choices) if offered else None
        case Family.REFERENCE if TARGETS.issuperset(each.targets):
            return st.sampled_from(each.targets).flatmap(
                lambda module: st.integers(0, 9).map(lambda place: Place(module, place))
            )
        case Family.INTEGER:
            return st.sampled_from([-5, 0, 1, 10, 12345])
        case Family.DECIMAL:
            numbers = ["0", "0.5", "-3.25", "1234.56", "1000000", "77.25"]
            return st.sampled_from([Decimal(text) for text in numbers])
        case Family.BOOLEAN:
            return st.booleans()
        case Family.DATE:
            return st.sampled_from([date(2024, 2, 29), date(1999, 12, 31)])
        case Family.DATETIME:
            return st.sampled_from([datetime(2026, 3, 29, 1, 30, tzinfo=UTC)])
        case Family.TIME:
            return st.sampled_from([time(0, 0), time(23, 59), time(9, 5)])
        case Family.CHOICE:
            offered = [value for value, _ in each.choices if value]
            return st.sampled_from(offered) if offered else None
    return None


TRIED: Final = {
    model: {
        name: strategy
        for name, each in model.meta.fields.items()
        if (strategy := values_of(each)) is not None and not name.startswith("hdn")
    }
    for model in MODELS
}


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(profile="restfulapi") as made:
        yield made


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with open_restfulapi(crm) as opened:
        yield opened


class Ids(dict[str, list[str]]):
    """Module -> ids; failures do not show them all."""

    def __repr__(self) -> str:
        return "ids"


@pytest.fixture(scope="module")
def ids(crm: Crm) -> Ids:
    """Ten records of each module."""
    found = Ids()
    for module in sorted(TARGETS):
        rows = crm.run("query", query=f"select id from {module} limit 10;")
        found[module] = [row["id"] for row in rows]
    return found


def stored(crm: Crm, meta: ModuleMeta, number: int) -> dict[str, Any]:
    """The row of the store, with the items of an inventory record."""
    store, table = crm.engine.store, f"m_{meta.name}"
    if meta.name == "Calendar":
        table = crm.engine.schema.modules["Calendar"].table
    names = store.columns(table)
    listed = ", ".join(f'"{name}"' for name in names)
    row = store.row(f'SELECT {listed} FROM "{table}" WHERE id = ?', (number,))
    assert row is not None
    items = store.rows('SELECT * FROM "m_LineItem" WHERE parent_id = ? ORDER BY id', [number])
    return dict(zip(names, row)) | {"items": [tuple(each) for each in items]}


Told: TypeAlias = frozenset[str]
"""The fields of which it was told that they are not as they were sent."""


def saved(model: Any, id_: str, values: dict[str, Any]) -> Told:
    record = _assigned(model.objects.get(id=id_), values)
    record.save()
    return frozenset(each.field for each in record.crm.adjusted)


def saved_unread(model: Any, id_: str, values: dict[str, Any]) -> Told:
    record = _assigned(model.objects.only("id").get(id=id_), values)
    record.save()
    return frozenset(each.field for each in record.crm.adjusted)


def saved_in_bulk(model: Any, id_: str, values: dict[str, Any]) -> Told:
    record = _assigned(model.objects.get(id=id_), values)
    model.objects.bulk_update([record]).raise_for_errors()
    return frozenset(each.field for each in record.crm.adjusted)


def updated(model: Any, id_: str, values: dict[str, Any]) -> Told:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", AdjustedValues)
        model.objects.filter(id=id_).update(**values)
    texts = [str(each.message) for each in found if each.category is AdjustedValues]
    return frozenset(name for text in texts for name in re.findall(r"(\w+) \(", text))


def _nth(ids: list[str], place: int) -> str:
    return ids[place % len(ids)]


def _assigned(record: Any, values: dict[str, Any]) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    return record


WAYS: Final[list[Callable[[Any, str, dict[str, Any]], Told]]] = [
    saved, saved_unread, saved_in_bulk, updated,
]  # fmt: skip


@st.composite
def changes(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    model = draw(st.sampled_from(MODELS))
    names = draw(
        st.lists(st.sampled_from(sorted(TRIED[model])), min_size=1, max_size=3, unique=True)
    )
    return model, {name: draw(TRIED[model][name]) for name in names}


@given(
    change=changes(),
    way=st.sampled_from(WAYS),
    place=st.integers(0, 9),
    description=st.sampled_from(STORED),
)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_a_change_writes_what_it_sends_and_nothing_else(
    crm: Crm,
    session: Session,
    ids: Ids,
    change: tuple[Any, dict[str, Any]],
    way: Callable[[Any, str, dict[str, Any]], Told],
    place: int,
    description: str | None,
) -> None:
    model, values = change
    meta: ModuleMeta = model.meta
    values = {
        name: _nth(ids[value.module], value.number) if isinstance(value, Place) else value
        for name, value in values.items()
    }
    id_ = _nth(ids[meta.name], place)
    number = parse_id(id_).number
    if "description" in meta.by_wire:
        crm.engine.backdoor.set(id_, description=description)
    before = stored(crm, meta, number)
    told, refused = frozenset[str](), False
    try:
        told = way(model, id_, values)
    except (InvalidRecord, InvalidValue, NotSupported):
        refused = True
    except BulkError as error:
        why = {type(each.error) for each in error.report}
        refused = why <= {InvalidRecord, NotSupported}
    after = stored(crm, meta, number)
    if refused:
        assert after == before
        return
    wires = {meta.fields[name].wire for name in values}
    changed = {name for name in before if before[name] != after[name]}
    follows = {name for policy in policies_of(meta) for name in policy.computed}
    unasked = changed - wires - MOVES - follows
    assert not unasked, {name: (before[name], after[name]) for name in unasked}
    row = crm.run("retrieve", id=id_)
    for name, value in values.items():
        each = meta.fields[name]
        raw = after[each.wire] if each.family is Family.TEXT else row[each.wire]
        got = raw if each.family is Family.TEXT else decode(each, raw)
        if each.family is Family.REFERENCE:
            got = str(raw or "")
        if (got or None) != (value or None):
            assert name in told, (way.__name__, name, value, got)
