"""Names: what each thing is called, who gives way, and that nothing changes by itself."""

from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.naming.assignment import NamingRules, name_everything
from vtiger_codegen.naming.lock import ModuleNames, NamesError, NamesLock
from vtiger_codegen.naming.reserved import COMPANIONS
from vtiger_codegen.naming.resolver import Namespace

from tests.codegen.snapshots import (
    field,
    hostile,
    hostile_snapshots,
    module,
)
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot


def fields_of(*fields: dict[str, object], **rules: object) -> dict[str, str]:
    named = name_everything({"M": module("M", *fields)}, NamesLock(), NamingRules(**rules))  # type: ignore[arg-type]
    return named.modules["M"].fields


def members_of(*values: str) -> dict[str, str]:
    described = module("M", field("p", "picklist", values=values))
    return name_everything({"M": described}, NamesLock()).modules["M"].members["p"]


# What things would like to be called


# Who gives way


def test_the_second_takes_an_underscore_the_third_a_number() -> None:
    space = Namespace({"class"})
    assert [space.claim("tier") for _ in range(4)] == ["tier", "tier_", "tier_3", "tier_4"]
    assert [space.claim("class") for _ in range(3)] == ["class_", "class_2", "class_3"]
    assert [space.claim("end_") for _ in range(3)] == ["end_", "end_2", "end_3"]


def test_no_way_out_begins_with_model() -> None:
    space = Namespace()
    assert [space.claim("model") for _ in range(3)] == ["model", "f_model", "f_model_"]


def test_file_names_clash_regardless_of_case() -> None:
    space = Namespace(fold=True)
    assert [space.claim("Tax"), space.claim("tax")] == ["Tax", "tax_"]


def test_a_standard_field_has_its_name_before_a_label_does() -> None:
    named = fields_of(field("cf_1", label="Phone"), field("phone"), field("cf_2", label="phone #"))
    assert named == {"phone": "phone", "cf_1": "phone_", "cf_2": "phone_3"}


def test_names_that_something_needs_take_an_underscore() -> None:
    taken = ["class", "None", "field", "save", "schema", "self", "defaults", "String", "Ref"]
    assert fields_of(*map(field, taken)) == {name: f"{name}_" for name in taken}


def test_id_is_the_id_alone() -> None:
    assert fields_of(field("cf_1", label="ID")) == {"cf_1": "id_"}


def test_a_field_called_like_a_module_gives_way() -> None:
    modules = {"M": module("M", field("Accounts")), "Accounts": module("Accounts")}
    assert name_everything(modules, NamesLock()).modules["M"].fields == {"Accounts": "Accounts_"}


def test_a_picklist_class_gives_way_to_fields_modules_and_field_types() -> None:
    modules = {
        "M": module(
            "M",
            field("Fuel", "picklist"),
            field("accounts", "picklist"),
            field("date", "picklist"),
        ),
        "Accounts": module("Accounts"),
    }
    assert name_everything(modules, NamesLock()).modules["M"].picklists == {
        "Fuel": "Fuel_",
        "accounts": "Accounts_",
        "date": "Date_",
    }


def test_case_twins_and_punctuation_stay_apart() -> None:
    assert members_of("abc", "ABC", "a-b", "a.b", "-", "'") == {
        "ABC": "ABC",
        "abc": "ABC_",
        "a-b": "A_B",
        "a.b": "A_B_",
        "-": "HYPHEN_MINUS",
        "'": "APOSTROPHE",
    }


def test_blank_values_are_no_members() -> None:
    assert members_of("", " ", "x") == {"x": "X"}


def test_modules_called_like_something_python_needs() -> None:
    names = ["import", "connect", "Record", "con", "date", "2nd", "vtcmServices", "Currency"]
    named = name_everything({name: module(name) for name in names}, NamesLock()).modules
    assert {name: (named[name].class_name, named[name].python_module) for name in names} == {
        "import": ("Import", "import_"),
        "connect": ("Connect", "connect_"),
        "Record": ("Record_", "record"),
        "con": ("Con", "con_"),
        "date": ("Date", "date"),
        "2nd": ("Module2nd", "m_2nd"),
        "vtcmServices": ("VtcmServices", "vtcmservices"),
        "Currency": ("Currency", "currency"),
    }


@pytest.mark.parametrize("companion", COMPANIONS)
def test_types_that_go_with_a_class_keep_their_names(companion: str) -> None:
    wire = f"Contacts{companion}"
    named = name_everything({name: module(name) for name in ("Contacts", wire)}, NamesLock())
    assert named.modules["Contacts"].class_name == "Contacts"
    assert named.modules[wire].class_name == f"{wire}_"


def test_secrets_get_no_name() -> None:
    named = fields_of(field("user_password", "password"), field("accesskey"), field("user_name"))
    assert list(named) == ["user_name"]


# The reserved list


# Laws


def _all_names(lock: NamesLock) -> list[list[str]]:
    """The names of every namespace."""
    spaces = [
        [names.class_name or "" for names in lock.modules.values()],
        [(names.python_module or "").casefold() for names in lock.modules.values()],
    ]
    for names in lock.modules.values():
        spaces.append([*names.fields.values(), *names.picklists.values(), "id"])
        spaces.append(list(names.relations.values()))
        spaces += [list(members.values()) for members in names.members.values()]
    return spaces


@given(hostile_snapshots())
def test_every_name_is_legal_and_unique(given_: Snapshot) -> None:
    for space in _all_names(name_everything(given_.modules, NamesLock())):
        assert len(space) == len(set(space))
        for name in space:
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
            assert not keyword.iskeyword(name)
            assert "__" not in name
            assert not name.startswith("model_")


@given(hostile_snapshots(), st.data())
def test_what_was_named_keeps_its_name(given_: Snapshot, data: st.DataObject) -> None:
    """Whatever is relabelled, taken away or put in front afterwards."""
    before = name_everything(given_.modules, NamesLock())
    changed = {}
    for name, described in given_.modules.items():
        raw = described.to_json()
        keep = data.draw(st.lists(st.booleans(), min_size=len(raw["describe"]["fields"])))
        raw["describe"]["fields"] = [
            {**each, "label": data.draw(hostile)}
            for each, kept in zip(raw["describe"]["fields"], keep)
            if kept or each["name"] == "id"
        ] + [field("aaa", label="A"), field("cf_0", label=data.draw(hostile))]
        unique = {each["name"]: each for each in raw["describe"]["fields"]}
        raw["describe"]["fields"] = list(unique.values())
        changed[name] = ModuleSnapshot.model_validate(raw)
    after = name_everything(changed, before)
    for name, names in before.modules.items():
        left = {each.name for each in changed[name].describe.fields}
        for wire in left & names.fields.keys():
            assert after.modules[name].fields[wire] == names.fields[wire]
        assert after.modules[name].class_name == names.class_name
    assert name_everything(changed, after, locked=True) == after
    assert name_everything(given_.modules, after).modules.keys() == before.modules.keys()


# The lock


def test_a_relabelled_field_keeps_its_name() -> None:
    lock = name_everything({"M": module("M", field("cf_1", label="Tier"))}, NamesLock())
    renamed = {"M": module("M", field("cf_1", label="Level"), field("cf_0", label="Tier"))}
    assert name_everything(renamed, lock).modules["M"].fields == {"cf_1": "tier", "cf_0": "tier_"}


def test_what_comes_back_is_called_as_before() -> None:
    lock = name_everything({"M": module("M", field("cf_1", label="Tier"))}, NamesLock())
    lock = name_everything({"M": module("M")}, lock)
    back = {"M": module("M", field("cf_1", label="Level"))}
    assert name_everything(back, lock).modules["M"].fields == {"cf_1": "tier"}


def test_what_is_new_does_not_take_the_name_of_what_is_gone() -> None:
    """Code that uses the name means the other thing."""
    lock = name_everything({"M": module("M", field("cf_1", label="Tier"))}, NamesLock())
    anew = {"M": module("M", field("cf_9", label="Tier"))}
    named = name_everything(anew, lock).modules["M"].fields
    assert named == {"cf_1": "tier", "cf_9": "tier_"}
    lock.modules["M"].fields["cf_9"] = "tier"  # as `vtiger-orm names set` says it
    assert name_everything(anew, lock).modules["M"].fields == {"cf_9": "tier"}


def test_a_module_does_not_take_the_class_of_one_that_is_gone() -> None:
    lock = name_everything({"vtcmThings": module("vtcmThings")}, NamesLock())
    named = name_everything({"VtcmThings": module("VtcmThings")}, lock).modules
    assert (named["vtcmThings"].class_name, named["VtcmThings"].class_name) == (
        "VtcmThings",
        "VtcmThings_",
    )


def test_relations_of_one_label_to_two_modules_are_two() -> None:
    relations = [{"name": name, "label": "Activities"} for name in ("Calendar", "Events", "Events")]
    named = name_everything({"M": module("M", relations=relations)}, NamesLock()).modules["M"]
    assert named.relations == {
        "Activities (Calendar)": "activities_calendar",
        "Activities (Events)": "activities_events",
    }


def test_labels_that_are_encoded_for_html_give_plain_words() -> None:
    described = module(
        "M",
        field("cf_1", label="R&amp;D"),
        relations=[{"name": "N", "label": "Q &amp; A"}],
    )
    named = name_everything({"M": described}, NamesLock()).modules["M"]
    assert (named.fields, named.relations) == ({"cf_1": "r_d"}, {"Q &amp; A": "q_a"})


def test_a_module_that_is_left_out_keeps_its_names() -> None:
    modules = {"A": module("A", field("cf_1", label="Tier")), "B": module("B")}
    lock = name_everything(modules, NamesLock())
    assert name_everything({"B": modules["B"]}, lock) == lock


def test_a_new_module_gives_way_to_what_models_have_inside() -> None:
    lock = name_everything({"M": module("M", field("fuel", "picklist"))}, NamesLock())
    modules = {"M": module("M", field("fuel", "picklist")), "Fuel": module("Fuel")}
    named = name_everything(modules, lock).modules
    assert named["M"].picklists == {"fuel": "Fuel"}
    assert named["Fuel"].class_name == "Fuel_"


def test_locked_runs_choose_nothing() -> None:
    lock = name_everything({"M": module("M", field("cf_1", label="Tier"))}, NamesLock())
    more = {
        "M": module(
            "M", field("cf_1"), field("cf_2", label="Level"), field("p", "picklist", values=["x"])
        )
    }
    with pytest.raises(NamesError) as error:
        name_everything(more, lock, locked=True)
    message = str(error.value)
    assert "M field 'cf_2' (would be level)" in message
    assert "M p value 'x' (would be X)" in message
    assert "vtiger-orm generate" in message


# Settings


def test_overrides_come_before_everything() -> None:
    described = module(
        "M",
        field("cf_1", label="Tier"),
        field("leadsource", "picklist", values=["Cold Call"]),
        relations=[{"name": "N", "label": "Related Ones"}],
    )
    wishes = ModuleNames.model_validate(
        {
            "class": "Person",
            "file": "people",
            "fields": {"cf_1": "loyalty"},
            "picklists": {"leadsource": "Source"},
            "members": {"leadsource": {"Cold Call": "COLD"}},
            "relations": {"Related Ones": "others"},
        }
    )
    named = name_everything(
        {"M": described},
        name_everything({"M": described}, NamesLock()),
        NamingRules(overrides={"M": wishes}),
    ).modules["M"]
    assert named.class_name == "Person"
    assert named.python_module == "people"
    assert named.fields == {"cf_1": "loyalty", "leadsource": "leadsource"}
    assert named.picklists == {"leadsource": "Source"}
    assert named.members == {"leadsource": {"Cold Call": "COLD"}}
    assert named.relations == {"Related Ones": "others"}


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"M": {"fields": {"cf_1": "class"}}}, "Python or the library needs"),
        ({"M": {"fields": {"cf_1": "a__b"}}}, "cannot use"),
        ({"M": {"fields": {"cf_1": "objects"}}}, "Python or the library needs"),
        ({"M": {"fields": {"cf_1": "a", "phone": "a"}}}, "is called already"),
        ({"M": {"fields": {"cf_3": "a"}}}, 'Did you mean "cf_1"'),
        ({"Mm": {}}, "the module 'Mm'"),
    ],
)
def test_impossible_overrides_are_refused(overrides: dict[str, object], told: str) -> None:
    rules = NamingRules(
        overrides={name: ModuleNames.model_validate(each) for name, each in overrides.items()}
    )
    described = {"M": module("M", field("cf_1"), field("phone"))}
    with pytest.raises(ConfigError, match=told):
        name_everything(described, NamesLock(), rules)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            {"fields": {"cf_2": "tier"}},
            "The settings call M field 'cf_2' 'tier', which is what names.lock calls M field",
        ),
        (
            {"picklists": {"stage": "Upper"}},
            "The settings call M picklist 'stage' 'Upper', which is what names.lock calls M field",
        ),
        (
            {"members": {"stage": {"x": "Y"}}},
            "The settings call M stage value 'x' 'Y', which is what names.lock calls M stage value",
        ),
        ({"class": "Upper"}, "The settings call the class of 'M' 'Upper', which something in"),
        ({"class": "N"}, "The settings call the class of 'M' 'N', which is what names.lock calls"),
        ({"relations": {"K": "deals"}}, "The settings call M relation 'K' 'deals', which is what"),
        ({"members": {"stage": {"z": "Z"}}}, "the M stage value 'z', which the snapshot does not"),
    ],
)
def test_an_override_is_blamed_for_the_clash_it_makes(
    overrides: dict[str, object], told: str
) -> None:
    described = {
        "M": module(
            "M",
            field("cf_1", label="Tier"),
            field("cf_2", label="Level"),
            field("Upper"),
            field("stage", "picklist", values=["x", "y"]),
            relations=[{"name": "M", "label": "Deals"}, {"name": "M", "label": "K"}],
        ),
        "N": module("N"),
    }
    lock = name_everything(described, NamesLock())
    rules = NamingRules(overrides={"M": ModuleNames.model_validate(overrides)})
    with pytest.raises(ConfigError) as error:
        name_everything(described, lock, rules)
    assert told in str(error.value)


def test_custom_fields_may_keep_their_wire_name() -> None:
    assert fields_of(field("cf_1", label="Tier"), custom="wire") == {"cf_1": "cf_1"}
