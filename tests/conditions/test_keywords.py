"""What is refused when a queryset is built, and what the message suggests."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.planned import KINDS, described
from vtiger_orm.conditions.lookups import LOOKUPS, Lookup
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import InvalidLookup
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta, Flaw, ModuleMeta

META = module_meta(described("Things", "40", KINDS))


class Queryset:
    """Anything with a selection counts as a queryset."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"nmae": "x"}, "Did you mean 'name'"),
        ({"nmae__contains": "x"}, "Did you mean 'name__contains'"),
        ({"pk": "40x1"}, "the record id is called id"),
        ({"name__startwith": "x"}, "Did you mean name__startswith"),
        ({"name__icontains": "x"}, "without regard to case anyway: write name__contains"),
        ({"name__iexact": "x"}, "write name="),
        ({"name__regex": "x"}, "no regular expressions; name__like"),
        ({"name__not_in": ["x"]}, "~Q\\(name__in="),
        ({"day__day": 3}, "day__range"),
        ({"day__year__gte": 2024}, "one lookup follows Things.day, not several. It has: exact"),
        ({"__name": "x"}, "has no field '__name'"),
        ({"whole__contains": "1"}, "has no lookup 'contains'.*It has: exact, in, lt"),
        ({"flag__gt": True}, "boolean.*has no lookup 'gt'"),
        ({"parent__title": "x"}, r"parent__in=Owners.objects.filter\(title=...\)"),
        ({"parent__title__contains": "x"}, r"filter\(title__contains=...\)"),
        ({"assigned_user_id__name": "x"}, r"assigned_user_id__in=<Module>.objects.filter\(name"),
        ({"name": 5}, "5 does not fit the string field 'name'"),
        ({"whole": "5"}, "does not fit the integer field 'whole'"),
        ({"whole": True}, "does not fit the integer"),
        ({"whole": Decimal("1.5")}, "whole number"),
        ({"amount": "1,5"}, "does not fit the double"),
        ({"amount": "1.5"}, r"give a number: Decimal\(text\)"),
        ({"amount": Decimal("NaN")}, "finite"),
        ({"flag": "yes"}, "True or False"),
        ({"day": "2024-01-01"}, r"give a date: date.fromisoformat\(text\)"),
        ({"day": datetime(2024, 1, 1)}, "value.date()"),
        ({"moment": datetime(2024, 1, 1)}, "without a time zone"),
        ({"moment": "2024-01-01"}, "give a datetime with a time zone: datetime.fromisoformat"),
        ({"tags_": "a"}, "list of picklist values"),
        ({"tags_": ["a |##| b"]}, "separates values"),
        ({"tags___has": "a |##| b"}, "one choice"),
        ({"tags___has": ["a"]}, "takes text, not list"),
        ({"tags___has": None}, "takes text"),
        ({"parent": 7}, "give a record, a reference or an id"),
        ({"parent": "7"}, "two numbers joined by 'x'"),
        ({"parent": "41x7 or 1"}, "two numbers joined by 'x'"),
        ({"id": "12x407"}, "begin with '40x'"),
        ({"id": "40x0 or 1=1"}, "two numbers joined by 'x'"),
        ({"id": "40x0"}, "no id that Things.id can have: records are numbered from 1 on.$"),
        ({"id__in": ["40x1", "40x0"]}, "'40x0' is no id"),
        ({"parent": "41x0"}, "numbered from 1 on. Records without one are found by parent=None"),
        ({"parent__in": ["41x000"]}, "'41x000' is no id"),
        ({"id__in": ["40x1", "40x2' or '1"]}, "two numbers joined by 'x'"),
        ({"name__in": "abc"}, "several values in a list"),
        ({"name__in": 5}, "several values in a list"),
        ({"name__lt": None}, "neither smaller nor larger"),
        ({"name__gte": "  "}, "neither smaller nor larger"),
        ({"whole__range": (1,)}, "takes a pair"),
        ({"whole__range": 1}, "takes a pair"),
        ({"name__range": "ab"}, "takes a pair"),
        ({"whole__range": (1, None)}, "neither smaller nor larger"),
        ({"name__isnull": 1}, "True or False"),
        ({"name__contains": 5}, "takes text, not int"),
        ({"moment__date": datetime(2024, 1, 1)}, "takes a date"),
        ({"day__year": 2024.0}, "number from 1 to 9999"),
        ({"day__month": 13}, "number from 1 to 12"),
        ({"name": "x" * 9000}, "longer than the 8189 bytes"),
        ({"name__contains": "\\" * 3000}, "longer than the 8189 bytes"),
        ({"name__in": Queryset(Selection(META))}, "only references and id"),
        ({"parent__in": Queryset(Selection(META))}, "refers to Owners, not to Things"),
    ],
)
def test_is_refused_when_built(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLookup, match=message):
        resolve(META, [], keywords)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (FieldMeta("secret", "user_password", "Password", Kind.PASSWORD), "never read or compared"),
        (FieldMeta("key", "accesskey", "Key", Kind.AUTOGENERATED), "never read or compared"),
        (FieldMeta("ship", "shipping_&_h", "Ship", Kind.DOUBLE, flaw=Flaw.UNSAYABLE), "be written"),
        (FieldMeta("tax1", "tax1", "Tax", Kind.DOUBLE, flaw=Flaw.DENIED), "refuses every query"),
        (FieldMeta("lines", "lines", "L", Kind.DOUBLE, flaw=Flaw.MULTIPLIES), "joined table"),
    ],
)
def test_a_field_that_cannot_be_queried_is_refused_with_the_reason(
    field: FieldMeta, message: str
) -> None:
    module = ModuleMeta.of("Odd", "50", [FieldMeta("id", "id", "id", Kind.AUTOGENERATED), field])
    with pytest.raises(InvalidLookup, match=message):
        resolve(module, [], {field.name: "1"})


@pytest.mark.parametrize(
    "wire", ["hdnDiscountPercent", "hdnDiscountAmount", "productid", "quantity", "tax1", "tax12"]
)
def test_line_item_fields_of_inventory_modules_are_refused(wire: str) -> None:
    """They filter the line items, and the answer lacks the key."""
    kinds = {wire: "string", "subject": "string"}
    module = module_meta(described("Quotes", "4", kinds, flaws={wire: Flaw.MULTIPLIES}))
    with pytest.raises(InvalidLookup, match="query the LineItem module"):
        resolve(module, [], {wire: "1"})
    assert resolve(module, [], {"subject": "x"})


def test_a_record_that_has_them_itself_is_found_by_them() -> None:
    """coreBOS keeps the discount of an offer in its record."""
    module = module_meta(described("Quotes", "4", {"hdnDiscountAmount": "double"}))
    assert str(resolve(module, [], {"hdnDiscountAmount": 3})) == "hdnDiscountAmount = '3'"


def test_the_same_names_elsewhere_are_ordinary_fields() -> None:
    module = module_meta(described("LineItem", "33", {"quantity": "double"}))
    assert str(resolve(module, [], {"quantity": 3})) == "quantity = '3'"


def test_every_lookup_of_every_family_has_a_meaning() -> None:
    values: dict[Lookup, Any] = {
        Lookup.IN: [],
        Lookup.ISNULL: True,
        Lookup.DATE: date(2024, 1, 1),
        Lookup.YEAR: 2024,
        Lookup.MONTH: 2,
        Lookup.HAS: "a",
        Lookup.HAS_ANY: ["a"],
        Lookup.HAS_ALL: ["a"],
        Lookup.CONTAINS: "a",
        Lookup.STARTSWITH: "a",
        Lookup.ENDSWITH: "a",
        Lookup.LIKE: "a%",
    }
    operands: dict[str, Any] = {
        "name": "a",
        "stage": "a",
        "tags_": ["a"],
        "whole": 1,
        "amount": 1,
        "flag": True,
        "day": date(2024, 1, 1),
        "moment": date(2024, 1, 1),
        "parent": "41x7",
        "id": "40x1",
    }
    from datetime import time

    operands["hour"] = time(1)
    for name, operand in operands.items():
        for lookup in LOOKUPS[META.fields[name].family]:
            value = (operand, operand) if lookup is Lookup.RANGE else values.get(lookup, operand)
            assert resolve(META, [], {f"{name}__{lookup}": value}) is not None


@pytest.mark.parametrize("argument", [True, "name = 'x'", {"name": "x"}, None, lambda: None])
def test_only_q_objects_are_positional_arguments(argument: object) -> None:
    with pytest.raises(InvalidLookup, match="is not a condition on Things"):
        resolve(META, [argument], {})


def test_q_is_neither_true_nor_false() -> None:
    """`Q(a=1) and Q(b=2)` would silently drop the first."""
    with pytest.raises(TypeError, match=r"& \| ~"):
        bool(Q(name="x"))


def test_q_combines_and_shows_itself() -> None:
    q = (Q(name="a") | ~Q(whole=1)) & Q(flag=True, day=None)
    assert repr(q) == "Q((Q(name='a') | ~Q(whole=1)), Q(flag=True, day=None))"
    assert str(resolve(META, [q], {})) == (
        "(name = 'a' or not whole = '1') and flag = '1' and day is blank"
    )
    assert Q(name="a") == Q(name="a") != Q(name="b")
