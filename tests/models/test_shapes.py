"""`into`: rows as instances of classes of the user."""

from __future__ import annotations

import pickle
import re
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypedDict

import pytest
from pydantic import BaseModel, BeforeValidator, Field

from tests.support.sample_crm import session_on
from tests.support.sample_package import (
    Accounts,
    Choices,
    Contacts,
    Groups,
    Potentials,
    Users,
    package,
)
from vtiger_orm import Count, InvalidLookup, Max, NotLoaded, Ref, Sum, Unreadable
from vtiger_orm.calls.environment import Environment
from vtiger_orm.emulator import Crm
from vtiger_orm.models.shaping import shaped
from vtiger_orm.records.handle import load
from vtiger_orm.records.references import attach


@pytest.fixture(scope="module")
def small() -> Iterator[Crm]:
    """Two accounts, 250 contacts of the first but for one that has none, three opportunities."""
    with Crm(data=None) as crm:
        bank = crm.create("Accounts", {"accountname": "Bank", "annual_revenue": "12.50"})["id"]
        crm.create("Accounts", {"accountname": "Bakery", "account_id": bank})
        for number in range(250):
            values = {"lastname": f"Name {number}", "account_id": bank if number else ""}
            crm.create("Contacts", {**values, "birthday": "1990-01-07", "leadsource": "Web Site"})
        for name, amount in (("Big", "12.5"), ("Small", "1"), ("None", "")):
            values = {"potentialname": name, "amount": amount, "related_to": bank}
            crm.create("Potentials", {**values, "closingdate": "2024-02-29", "sales_stage": "Won"})
        yield crm


@pytest.fixture
def session(small: Crm) -> Iterator[Any]:
    with session_on(small) as session:
        session.identify()
        yield session


pytestmark = pytest.mark.usefixtures("session")


class Row(TypedDict):
    lastname: str
    birthday: date | None
    birthday__year: int | None
    id: str


class Pair(NamedTuple):
    lastname: str
    account_id: Ref[Accounts] | None


@dataclass(frozen=True)
class Person:
    lastname: str
    leadsource: Contacts.LeadSource | None
    note: str = field(default="own", init=False)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        (Row, {"lastname": "Name 1", "birthday": date(1990, 1, 7), "birthday__year": 1990}),
        (namedtuple("Plain", "lastname donotcall"), ("Name 1", False)),
        (Person, Person("Name 1", Contacts.LeadSource.WEB_SITE)),
    ],
)
def test_shapes(shape: Any, wanted: Any) -> None:
    found = Contacts.objects.filter(lastname="Name 1").into(shape).get()
    if isinstance(wanted, dict):
        assert found.pop("id").startswith("12x")
    assert found == wanted
    if not isinstance(wanted, dict):
        assert type(found) is type(wanted) or isinstance(found, tuple)


def test_named_tuples_hold_references() -> None:
    (found,) = Contacts.objects.filter(lastname="Name 1").into(Pair)
    assert isinstance(found, Pair)
    assert found.account_id is not None
    assert found.account_id.fetch().accountname == "Bank"


def test_models_of_pydantic_are_filled_by_name_and_convert() -> None:
    class Lead(BaseModel):
        lastname: str = Field(alias="surname")
        source: str | None = Field(None, init=False)

    with pytest.raises(InvalidLookup, match="'source' cannot be read"):
        Contacts.objects.into(Lead)

    class Deal(BaseModel):
        potentialname: Annotated[str, Field(alias="name")]
        amount: float | None
        closingdate: Annotated[str, BeforeValidator(str)]

    found = list(Potentials.objects.order_by("potentialname").into(Deal))
    assert [(each.potentialname, each.amount, each.closingdate) for each in found] == [
        ("Big", 12.5, "2024-02-29"),
        ("None", 0.0, "2024-02-29"),
        ("Small", 1.0, "2024-02-29"),
    ]


def test_only_what_the_shape_says_is_read() -> None:
    assert Contacts.objects.into(Pair).query.startswith(
        "select id,lastname,account_id from Contacts"
    )


def test_everything_else_of_a_queryset_is_the_same() -> None:
    rows = Contacts.objects.into(Pair).filter(lastname__startswith="Name 1").order_by("-lastname")
    assert [each.lastname for each in rows[:2]] == ["Name 199", "Name 198"]
    assert rows.count() == 111
    first = rows.first()
    assert first is not None
    assert first.lastname == "Name 199"


async def test_asynchronous_reading(small: Crm) -> None:
    async with session_on(small):
        assert len(await Contacts.objects.into(Row)) == 250


# Nested


class Company(TypedDict):
    accountname: str
    annual_revenue: Decimal | None


class Employee(TypedDict):
    lastname: str
    account: Company | None


class Parent(NamedTuple):
    accountname: str


@dataclass
class Branch:
    account_id: Parent | None


class BranchOf(NamedTuple):
    account: Branch | None


class Staff(NamedTuple):
    accountname: str
    contacts: list[Pair]


def test_references_are_followed_in_batches(small: Crm) -> None:
    with small.count_calls() as calls:
        rows = list(Contacts.objects.into(Employee))
    assert len(rows) == 250
    company = {"accountname": "Bank", "annual_revenue": Decimal("12.50")}
    assert rows[0] == {"lastname": "Name 0", "account": None}
    assert all(row["account"] == company for row in rows[1:])
    assert calls.number <= 7


def test_shapes_in_shapes_in_shapes() -> None:
    rows = list(Accounts.objects.order_by("accountname").into(Branch))
    assert rows == [Branch(Parent("Bank")), Branch(None)]
    found = Contacts.objects.filter(lastname="Name 1").into(BranchOf).get()
    assert found == BranchOf(Branch(None))


def test_relations_are_followed_as_lists(small: Crm) -> None:
    with small.count_calls() as calls:
        bakery, bank = Accounts.objects.order_by("accountname").into(Staff)
    assert (bakery, len(bank.contacts)) == (Staff("Bakery", []), 249)
    assert isinstance(bank.contacts[0], Pair)
    assert calls.number <= 6


def test_owners_are_of_several_modules() -> None:
    class Owner(BaseModel):
        id: str

    class Owned(BaseModel):
        assigned_user: Owner

    class Named(BaseModel):
        user_name: str

    class OwnedByUser(BaseModel):
        assigned_user: Named

    assert Contacts.objects.into(Owned)[0].assigned_user.id.startswith(f"{Users.meta.prefix}x")
    with pytest.raises(InvalidLookup, match="Groups has no field 'user_name'"):
        Contacts.objects.into(OwnedByUser)
    assert Groups.meta.name == "Groups"


def rows_of(kind: Any, **row: str) -> Any:
    """What becomes of one contact; its account cannot be read."""
    (record,) = load(Contacts, [{"id": "12x7", **row}], None)
    if "account_id" in row and record.account_id is not None:
        attach(record.account_id, NotLoaded("hidden"))
    return shaped(Contacts, kind).rows([record], Environment.of(package.server))


class Hired(NamedTuple):
    account: Parent


def test_what_is_hidden_is_none_or_told() -> None:
    assert rows_of(Employee, lastname="x", account_id="11x9") == [
        {"lastname": "x", "account": None}
    ]
    shape = shaped(Contacts, Employee)
    (inner,) = shape.inner
    strict = replace(inner, field=replace(inner.field, optional=False))
    (record,) = load(Contacts, [{"id": "12x7", "lastname": "x", "account_id": "11x9"}], None)
    assert record.account_id is not None
    attach(record.account_id, NotLoaded("hidden"))
    with pytest.raises(NotLoaded, match="hidden"):
        replace(shape, inner=(strict,)).rows([record], Environment.of(package.server))
    with pytest.raises(InvalidLookup, match=r"Write account: Parent \| None"):
        Contacts.objects.into(Hired)


def test_a_field_that_was_not_read_makes_no_record_look_missing() -> None:
    (record,) = load(Contacts, [{"id": "12x7", "lastname": "x", "account_id": "11x9"}], None)
    (account,) = load(Accounts, [{"id": "11x9", "accountname": "Bank"}], None)
    assert record.account_id is not None
    attach(record.account_id, account)
    with pytest.raises(NotLoaded, match="annual_revenue"):
        shaped(Contacts, Employee).rows([record], Environment.of(package.server))


# Refused at once


def shape(name: str, annotation: Any) -> Any:
    return TypedDict("Shape", {name: annotation})  # type: ignore[operator]  # made here


@pytest.mark.parametrize(
    ("name", "annotation", "message"),
    [
        ("lastnme", str, "Did you mean 'lastname'"),
        ("lastname", int, "'lastname' is int there, but is read as str"),
        ("birthday", date, "'birthday' may be blank. Write birthday: date | None"),
        ("birthday", str | None, "is str there, but is read as date | None"),
        ("birthday__year", str | None, "is read as int | None"),
        ("account_id", Ref["Contacts"] | None, "is read as Ref[Accounts] | None"),
        ("account_id", Company, "may be blank. Write account_id: Company | None"),
        ("acount", Company | None, "Did you mean 'account_id'"),
        ("lastname", Company | None, "has no reference lastname or lastname_id"),
        ("contacts", list[Pair], "Contacts has no such relation: campaigns"),
        ("leadsource", Choices[Contacts.LeadSource] | None, "is read as Contacts.LeadSource"),
    ],
)
def test_names_and_types_are_checked_at_once(name: str, annotation: Any, message: str) -> None:
    with pytest.raises(InvalidLookup, match=re.escape(message)):
        Contacts.objects.into(shape(name, annotation))


class Nothing(TypedDict):
    pass


@pytest.mark.parametrize("kind", [int, dict, Contacts, Nothing])
def test_what_is_no_shape(kind: Any) -> None:
    with pytest.raises(InvalidLookup, match=r"a shape is a TypedDict|has no field"):
        Contacts.objects.into(kind)


class Endless(TypedDict):
    account_id: Endless | None


class Unknown(TypedDict):
    lastname: Nowhere  # type: ignore[name-defined]  # noqa: F821


def test_shapes_without_end_and_without_names() -> None:
    with pytest.raises(InvalidLookup, match="Endless contains itself"):
        Accounts.objects.into(Endless)
    with pytest.raises(InvalidLookup, match="name 'Nowhere' is not defined"):
        Contacts.objects.into(Unknown)


def test_a_blank_where_none_has_place_is_told() -> None:
    class Text(NamedTuple):
        lastname: str

    class Loose(NamedTuple):
        lastname: str | None

    with pytest.raises(Unreadable, match=r"lastname of <Contacts .*> is blank"):
        rows_of(Text, lastname="")
    assert rows_of(Loose, lastname="") == [Loose(None)]


# After values(), and of figures


def test_after_values_the_shape_takes_of_what_was_named() -> None:
    rows = Contacts.objects.filter(lastname="Name 1").values("id", "lastname", "account_id")
    assert rows.into(Pair).get().lastname == "Name 1"
    assert rows.into(Employee).get()["account"] is not None
    with pytest.raises(InvalidLookup, match="'birthday' is none of the fields"):
        rows.into(Row)


class Stage(NamedTuple):
    closingdate__year: int
    total: Decimal | None
    n: int


class Totals(TypedDict):
    total: Decimal | None
    last: date | None
    n: int


def test_groups() -> None:
    groups = Potentials.objects.values("closingdate__year").annotate(total=Sum("amount"), n=Count())
    assert list(groups.into(Stage)) == [Stage(2024, Decimal("13.5"), 3)]
    assert list(groups.order_by("-total").into(Stage)[:1]) == [Stage(2024, Decimal("13.5"), 3)]
    with pytest.raises(InvalidLookup, match="'lst' is none of the columns"):
        groups.into(shape("lst", int))
    with pytest.raises(InvalidLookup, match="'total' may be blank"):
        groups.into(shape("total", Decimal))


def test_figures() -> None:
    figures = Potentials.objects.aggregate(total=Sum("amount"), last=Max("closingdate"), n=Count())
    totals: Totals = figures.into(Totals)
    assert totals == {"total": Decimal("13.5"), "last": date(2024, 2, 29), "n": 3} == figures
    with pytest.raises(InvalidLookup, match="'n' is str there, but is read as int"):
        figures.into(shape("n", str))
    assert pickle.loads(pickle.dumps(figures)) == figures


def test_pickles() -> None:
    rows = Contacts.objects.filter(lastname="Name 1").into(Pair)
    assert list(pickle.loads(pickle.dumps(rows))) == list(rows)
