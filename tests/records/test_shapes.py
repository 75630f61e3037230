"""What a class of a user tells, and which values its annotations hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
    Union,
)

import pytest
from pydantic import BaseModel, BeforeValidator, Field
from typing_extensions import ReadOnly, TypeAliasType

from tests.support.sample_package import Contacts
from vtiger_orm import Choices, Picklist, Ref
from vtiger_orm.records.references import Targets
from vtiger_orm.records.shapes import ShapeField, Value, fits, shape_of

Name = NewType("Name", str)
Nick = NewType("Nick", Name)
Text = TypeAliasType("Text", str)
Any_ = TypeVar("Any_")
Source = Contacts.LeadSource


class Other(Picklist):
    """Of another field."""


class Row(TypedDict, total=False):
    required: Required[str]
    left_out: NotRequired[int]
    kept: ReadOnly[date]
    named: Nick
    alias: Text
    noted: Annotated[Decimal, Field(gt=0)]
    may_be: Optional[str]  # noqa: UP045
    nothing: None
    one_of: Union[str, int, None]  # noqa: UP007


def test_what_says_nothing_of_the_value_is_taken_off() -> None:
    assert list(shape_of(Row).fields) == [
        ShapeField("required", str, False),
        ShapeField("left_out", int, False),
        ShapeField("kept", date, False),
        ShapeField("named", str, False),
        ShapeField("alias", str, False),
        ShapeField("noted", Decimal, False),
        ShapeField("may_be", str, True),
        ShapeField("nothing", type(None), False),
        ShapeField("one_of", str | int, True),
    ]
    assert {each.name for each in shape_of(Row).fields if each.takes_none} == {
        *("may_be", "nothing", "one_of"),
    }


TEXT, AMOUNT, DAY = Value(str), Value(Decimal), Value(date)
CHOSEN = Value(Source)
SEVERAL = Value(Choices, member=Source)
REFERENCE = Value(Ref, targets=(("Accounts", "acc"), ("Leads",)))


@pytest.mark.parametrize(
    ("annotation", "value", "strict", "lenient"),
    [
        (str, TEXT, True, True),
        (int, TEXT, False, False),
        (Any, TEXT, True, True),
        (object, AMOUNT, True, True),
        (Any_, AMOUNT, True, True),
        (str | int, TEXT, True, True),
        (bytes | int, TEXT, False, False),
        (Annotated[int, BeforeValidator(len)], TEXT, True, True),
        (Annotated[str, "a note"], TEXT, True, True),
        (str, CHOSEN, True, True),
        (Source, TEXT, False, False),
        (float, AMOUNT, False, True),
        (datetime, DAY, False, False),
        (date, Value(datetime), True, True),
        (Literal["a"], TEXT, False, True),
        (Choices[Source], SEVERAL, True, True),
        (Choices[str], SEVERAL, True, True),
        (Choices[Other], SEVERAL, False, False),
        (list[str], SEVERAL, False, True),
        (tuple[Source, ...], SEVERAL, True, True),
        (Sequence[Source], SEVERAL, True, True),
        (dict[str, str], SEVERAL, False, False),
        (int, Value(None), True, True),
        (Annotated[Ref, Targets(("Accounts", "Leads"))], REFERENCE, True, True),
        (Annotated[Ref, Targets(("Accounts",))], REFERENCE, False, False),
        (Annotated[Ref, Targets(())], REFERENCE, True, True),
    ],
)
def test_which_values_an_annotation_holds(
    annotation: Any, value: Value, strict: bool, lenient: bool
) -> None:
    """`lenient` where pydantic converts what it is given."""
    assert fits(annotation, value, lenient=False) is strict
    assert fits(annotation, value, lenient=True) is lenient


def test_what_pydantic_makes_of_anything_is_not_judged() -> None:
    @dataclass
    class Own:
        text: str

    class Model(BaseModel):
        own: Own

    (field,) = shape_of(Model).fields
    assert fits(field.annotation, TEXT, lenient=True)
    assert not fits(field.annotation, TEXT, lenient=False)
