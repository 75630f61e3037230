"""The name each thing would like to have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.naming import wanted
from vtiger_codegen.naming.assignment import NamingRules, name_everything
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import (
    field,
    hostile,
    module,
)


def fields_of(*fields: dict[str, object], **rules: object) -> dict[str, str]:
    named = name_everything({"M": module("M", *fields)}, NamesLock(), NamingRules(**rules))  # type: ignore[arg-type]
    return named.modules["M"].fields


def members_of(*values: str) -> dict[str, str]:
    described = module("M", field("p", "picklist", values=values))
    return name_everything({"M": described}, NamesLock()).modules["M"].members["p"]


@pytest.mark.parametrize(
    ("wire", "attribute"),
    [
        ("lastname", "lastname"),
        ("hdnS_H_Amount", "hdnS_H_Amount"),
        ("CreatedTime", "CreatedTime"),
        ("shipping_&_handling", "shipping_handling"),
        ("a__b", "a_b"),
        ("_hidden", "hidden"),
        ("2nd", "f_2nd"),
        ("model_year", "f_model_year"),
        ("größe", "grosse"),
        ("客户", "KeHu"),
        ("&", "ampersand"),
        ("\u202e", "right_to_left_override"),
        ("\ud800", "unnamed"),
        ("x" * 200, "x" * 60),
    ],
)
def test_standard_fields_keep_their_wire_name_where_it_can_be_one(
    wire: str, attribute: str
) -> None:
    assert wanted.attribute_of_wire(wire) == attribute


@pytest.mark.parametrize(
    ("label", "attribute"),
    [
        ("Loyalty Tier", "loyalty_tier"),
        ("Owner's note", "owners_note"),
        ("Decimal: Größe (m²)", "decimal_grosse_m2"),
        ("客户类型", "ke_hu_lei_xing"),
        ('1st Text – "quoted" & <b>', "f_1st_text_quoted_b"),
        ("% done", "done"),
        ("Preis in €", "preis_in_eur"),
        ("---", "cf_853"),
        ("", "cf_853"),
    ],
)
def test_custom_fields_are_called_by_their_label(label: str, attribute: str) -> None:
    assert wanted.attribute_of_label(label, "cf_853") == attribute


@pytest.mark.parametrize(
    ("value", "member"),
    [
        ("Cold Call", "COLD_CALL"),
        ("3 Star", "V_3_STAR"),
        ("--None--", "NONE"),
        ("True", "TRUE"),
        ("mro", "MRO"),
        ("_sunder_", "SUNDER"),
        ("__dunder__", "DUNDER"),
        ("AutoCreated", "AUTO_CREATED"),
        ('O\'Brien "x"', "O_BRIEN_X"),
        ("Größe", "GROSSE"),
        ("-", "HYPHEN_MINUS"),
        ("$", "DOLLAR_SIGN"),
        ("...", "FULL_STOP_FULL_STOP_FULL_STOP"),
        ("\t", "BLANK"),
        ("\ud800", "UNNAMED"),
    ],
)
def test_members_come_from_the_stored_value(value: str, member: str) -> None:
    assert wanted.member(value) == member


def test_very_long_values_are_cut() -> None:
    name = wanted.member("very long " * 20)
    assert len(name) <= wanted.LONGEST
    assert name.startswith("VERY_LONG_VERY_LONG")


@pytest.mark.parametrize(
    ("attribute", "label", "class_name"),
    [
        ("leadsource", "Lead Source", "LeadSource"),
        ("taskstatus", "Status", "Taskstatus"),
        ("sales_stage", "Sales Stage", "SalesStage"),
        ("hdnTaxType", "Tax Type", "HdnTaxType"),
        ("ke_hu", "客户", "KeHu"),
        ("f_1st", "1st", "F1st"),
    ],
)
def test_a_label_lends_capitals_to_a_picklist_class_of_the_same_letters(
    attribute: str, label: str, class_name: str
) -> None:
    assert wanted.picklist_class(attribute, label) == class_name


@given(hostile | st.text(max_size=250), hostile)
def test_any_text_gives_a_legal_name(text: str, other: str) -> None:
    names = [
        wanted.attribute_of_wire(text),
        wanted.attribute_of_label(text, other),
        wanted.relation(text, other),
        wanted.module_class(text),
        wanted.python_module(text),
        wanted.member(text),
        wanted.picklist_class(wanted.attribute_of_wire(text), other),
    ]
    for name in names:
        assert name.isidentifier()
        assert name.isascii()
        assert "__" not in name
        assert not name.startswith(("_", "model_"))
        assert len(name) <= wanted.LONGEST
