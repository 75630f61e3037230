"""The record factory: whatever it makes, the CRM accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from faker import Faker

from generated.demo import Contacts
from vtiger_orm.emulator import Crm
from vtiger_orm.testing import Factory
from vtiger_orm.testing.factory import fill


@pytest.fixture(scope="module")
def template() -> Iterator[Crm]:
    with Crm(data=None) as crm:
        yield crm


@pytest.fixture
def crm(template: Crm) -> Iterator[Crm]:
    with template.copy() as crm:
        yield crm


@pytest.fixture
def factory(crm: Crm) -> Factory:
    return Factory(crm)


def modules() -> list[str]:
    with Crm(data=None) as crm:
        return Factory(crm).modules


@pytest.mark.parametrize("fill", ["mandatory", "typical", "all"])
@pytest.mark.parametrize("module", modules())
def test_every_module(crm: Crm, module: str, fill: Any) -> None:
    made = [Factory(crm, seed=seed, fill=fill).create(module) for seed in range(3)]
    assert len({record["id"] for record in made}) == 3
    stored = crm.run("retrieve", id=made[0]["id"])
    for field in crm.run("describe", elementType=module)["fields"]:
        # The server stores no status for an order that does not recur, mandatory or not.
        if field["mandatory"] is True and field["name"] in stored.keys() - {"invoicestatus"}:
            assert stored[field["name"]], field["name"]


def test_which_modules_it_can_make(factory: Factory) -> None:
    assert {"Contacts", "Quotes", "Calendar", "Events", "Vehicles"} <= set(factory.modules)
    assert {"Users", "LineItem", "Currency"}.isdisjoint(factory.modules)
    with pytest.raises(ValueError, match="Records of Users cannot be made: they need a password"):
        factory("Users")
    with pytest.raises(LookupError, match="no module 'Contact'"):
        factory("Contact")


def test_given_values_win(factory: Factory) -> None:
    contact = factory("Contacts", lastname="Smith", email=None, donotcall=True)
    assert (contact["lastname"], contact["email"], contact["donotcall"]) == ("Smith", "", "1")


def test_the_same_seed_makes_the_same_records(template: Crm) -> None:
    def records(seed: int) -> list[Any]:
        with template.copy() as crm:
            crm.clock.freeze(datetime(2024, 2, 29, tzinfo=UTC))
            return Factory(crm, seed=seed).batch("Contacts", 3)

    assert records(1) == records(1)
    assert records(1) != records(2)


def test_values_are_plausible(factory: Factory) -> None:
    contact = factory("Contacts")
    assert re.fullmatch(r"[a-z]+\.[a-z]+@[a-z0-9-]+\.example", contact["email"])
    assert contact["email"][0] == contact["firstname"][0].lower()
    offered = {"Cold Call", "Web Site", "Partner", "Employee", "Trade Show", "Existing Customer"}
    assert contact["leadsource"]
    assert {factory("Contacts")["leadsource"] for _ in range(40)} & offered


def test_unique_fields_stay_unique(crm: Crm) -> None:
    names = set()
    for seed in (0, 0, 0):  # three factories that would make the same names
        names |= {
            each["accountname"].casefold() for each in Factory(crm, seed=seed).batch("Accounts", 10)
        }
    assert len(names) == 30


def test_references_are_made_or_taken(crm: Crm, factory: Factory) -> None:
    account = factory("Accounts")
    quote = factory("Quotes", account_id=account)
    assert quote["account_id"] == account["id"]
    other = factory("Quotes")
    assert other["account_id"] not in {"", account["id"]}
    assert crm.run("retrieve", id=other["account_id"])["accountname"]
    sharing = Factory(crm, reuse=True)
    account = sharing("Accounts")
    assert sharing("Quotes")["account_id"] == account["id"]


def test_python_values_are_written_for_the_wire(factory: Factory) -> None:
    class Source(StrEnum):
        WEB = "Web Site"

    class Saved:
        id = "11x1"

    element = factory.element(
        "Contacts",
        leadsource=Source.WEB,
        birthday=date(1980, 2, 29),
        cf_dt_con=datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        cf_855=Decimal("12.5"),
        cf_int_con=7,
        donotcall=False,
        cf_877=("1st", "abc"),
        account_id=Saved(),
        description=lambda n: f"number {n}",
    )
    assert element["leadsource"] == "Web Site"
    assert element["birthday"] == "1980-02-29"
    assert element["cf_dt_con"] == "2024-01-01 10:00:00"
    assert (element["cf_855"], element["cf_int_con"], element["donotcall"]) == ("12.5", "7", "0")
    assert element["cf_877"] == "1st |##| abc"
    assert element["account_id"] == "11x1"
    assert element["description"] == "number 1"


def test_batches_count(factory: Factory) -> None:
    leads = factory.batch("Leads", 3, lastname=lambda n: f"Lead {n}")
    assert [each["lastname"] for each in leads] == ["Lead 1", "Lead 2", "Lead 3"]


def test_faker_may_make_the_names(crm: Crm) -> None:
    faker = Faker("ja_JP")
    faker.seed_instance(1)
    contact = Factory(crm, people=faker).create("Contacts")
    assert not contact["lastname"].isascii()


def test_a_whole_crm_is_filled(crm: Crm) -> None:
    made = fill(crm, 3, modules=["Accounts", "Contacts", "Quotes", "Products"])
    assert made == 12
    for module in ("Accounts", "Contacts", "Quotes", "Products"):
        count = crm.run("query", query=f"select count(*) from {module};")
        assert count == [{"count": "3"}]


def test_a_model_class_gives_a_model(factory: Factory) -> None:
    contact = factory(Contacts, lastname="Smith")
    assert isinstance(contact, Contacts)
    assert contact.lastname == "Smith"


# What is at fault


@pytest.mark.parametrize(
    ("module", "values", "text"),
    [
        ("Contacts", {"lastnme": "x"}, "Contacts has no field 'lastnme'. Did you mean 'lastname'"),
        (Contacts, {"lastnme": "x"}, "Contacts has no field 'lastnme'. Did you mean 'lastname'"),
        ("Contacts", {"multi_select": "x"}, "on the wire it is 'cf_877'"),
        (Contacts, {"mailingcty": "x"}, "Did you mean 'mailingcity'"),
        (Contacts, {"birthday": "31.12"}, "'birthday'"),
        (Contacts, {"account_id": "12x1"}, "'account_id'"),
        ("Contacts", {"account_id": "12x1"}, "Contacts.account_id takes the id of Accounts"),
        ("Contacts", {"account_id": "hello"}, "Contacts.account_id takes the id of Accounts"),
        ("Leads", {"lastname": ""}, "with lastname='': MANDATORY_FIELDS_MISSING"),
    ],
)
def test_the_field_at_fault_is_named(
    factory: Factory, module: Any, values: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        factory(module, **values)
