"""Names by their addresses: listed, found, read badly, given anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from vtiger_codegen.naming.addresses import Named, every_name, find, parse_names, with_names
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import NamesError, NamesLock

from tests.codegen.snapshots import field, hostile_snapshots, module
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import Snapshot

MODULES = {
    "Contacts": module(
        "Contacts",
        field("cf_1", label="Loyalty Tier"),
        field("leadsource", "picklist", label="Lead Source", values=["Cold Call", "a=b"]),
        relations=[{"name": "Contacts", "label": "Deals"}],
        label="People",
    )
}
LOCK = name_everything(MODULES, NamesLock())
EVERY = list(every_name(MODULES, LOCK))


def test_everything_has_an_address() -> None:
    assert {each.address: each.name for each in EVERY} == {
        "Contacts": "Contacts",
        "file Contacts": "contacts",
        "Contacts.cf_1": "loyalty_tier",
        "Contacts.leadsource": "leadsource",
        "picklist Contacts.leadsource": "LeadSource",
        "Contacts.leadsource.Cold Call": "COLD_CALL",
        "Contacts.leadsource.a=b": "A_B",
        "Contacts.related.Deals": "deals",
    }


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("tier", ["Contacts.cf_1"]),
        ("cf_1", ["Contacts.cf_1"]),
        ("COLD_call", ["Contacts.leadsource.Cold Call"]),
        ("people", ["Contacts", "file Contacts"]),
        ("nothing", []),
    ],
)
def test_things_are_found_by_whatever_is_known_of_them(text: str, addresses: list[str]) -> None:
    assert [each.address for each in find(EVERY, text)] == addresses


def test_every_address_can_be_given_a_name() -> None:
    names = {
        "Contacts": "Person",
        "file Contacts": "people",
        "Contacts.cf_1": "tier",
        "picklist Contacts.leadsource": "Source",
        "Contacts.leadsource.a=b": "SAME",
        "Contacts.related.Deals": "chances",
    }
    given = parse_names([f"{address}={name}" for address, name in names.items()], EVERY)
    lock = name_everything(MODULES, with_names(LOCK, given), locked=True)
    found = {each.address: each.name for each in every_name(MODULES, lock)}
    assert found == {each.address: each.name for each in EVERY} | names
    assert LOCK.modules["Contacts"].class_name == "Contacts"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Contacts.cf_1", "write ADDRESS=NAME"),
        ("Contacts.cf_2=x", 'Did you mean "Contacts.cf_1"?'),
        ("Zebra=x", "There is no Zebra that has a name."),
    ],
)
def test_what_has_no_name_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_names([text], EVERY)
    assert told in str(error.value)


def test_nothing_is_given_two_names() -> None:
    assert len(parse_names(["Contacts.cf_1=x", "Contacts.cf_1= x"], EVERY)) == 1
    with pytest.raises(ConfigError, match=r"Contacts\.cf_1 is given two names: x and y"):
        parse_names(["Contacts.cf_1=x", "Contacts.cf_1=y"], EVERY)


@pytest.mark.parametrize("name", ["label", "known", "mro", "upper", "TYPE_CHECKING", "class"])
def test_a_member_is_not_called_like_what_all_members_have(name: str) -> None:
    given = parse_names([f"Contacts.leadsource.a=b={name}"], EVERY)
    with pytest.raises((ConfigError, NamesError), match=name):
        name_everything(MODULES, with_names(LOCK, given), locked=True)
    modules = {"M": module("M", field("p", "picklist", values=[name]))}
    assert name not in name_everything(modules, NamesLock()).modules["M"].members["p"].values()


def named(name: str, label: str = "", kind: str = "field", value: str = "") -> Named:
    return Named("M", kind, "cf_1", value, name, label)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "thing",
    [
        named("a_b_3", "a.b"),
        named("nm_khnwdgy", "نام خانوادگی"),
        named("cf_1"),
        named("unnamed", "…"),
        named("phone_", "Phone #"),
        named("tier_3", "Tier"),
        named("A_B", "a/b", "member", "a/b"),
        named("Contacts_", "Contacts", "class"),
    ],
    ids=lambda thing: thing.name,
)
def test_names_that_read_badly(thing: Named) -> None:
    assert thing.reads_badly


@pytest.mark.parametrize(
    "thing",
    [
        named("loyalty_tier", "Loyalty Tier"),
        named("class_", "class"),
        named("level_3", "Level 3"),
        named("V_10", "10%", "member", "10%"),
        named("O_BRIEN_X", "O'Brien x", "member", "O'Brien x"),
        named("ke_hu", "客户"),
        named("x", "x"),
        named("Contacts", "Contacts", "class"),
    ],
    ids=lambda thing: thing.name,
)
def test_names_that_read_well(thing: Named) -> None:
    assert not thing.reads_badly


@given(hostile_snapshots())
def test_whatever_has_a_name_keeps_it_when_it_is_given_again(snapshot: Snapshot) -> None:
    lock = name_everything(snapshot.modules, NamesLock())
    every = list(every_name(snapshot.modules, lock))
    again = with_names(lock, [(each, each.name) for each in every])
    assert again == lock
    assert all(each.name for each in every)
