"""The same call twice makes at most one record, whatever the CRM makes of the text."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.demo import Accounts, Contacts, Leads, Potentials
from tests.support.kinds import Face, open_session
from vtiger_orm import InvalidRecord, MultipleRecords, ValuesAdjusted
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.writing.stored_forms import NARROW, stored_forms

STOCK = pytest.mark.parametrize("kind", ["stock"], indirect=True)
DEAL: dict[str, Any] = {
    "closingdate": date(2026, 1, 1),
    "sales_stage": Potentials.SalesStage("Prospecting"),
}


def text_field(**facts: Any) -> FieldMeta:
    return FieldMeta("name", "name", "Name", Kind.STRING, **facts)


LONG = "Acme " + "x" * 60


@pytest.mark.parametrize(
    ("sent", "stored", "accepted"),
    [
        ("\U0001f389Party", "????Party", True),
        ("\U0001f389Party", "????PARTY ", True),
        ("\U0001f389Party", "???Party", False),
        ("<script>a</script>", "&lt;script&gt;a&lt;/script&gt;", True),
        (LONG, LONG[:40], True),
        (LONG, LONG[:40].upper(), True),
        (LONG, LONG[:40] + "y", False),
        (LONG, LONG[: NARROW - 1], False),
        (LONG + "\U0001f389", LONG + "??", True),
        ("\U0001f389" * 30, "????" * 10, True),
        (LONG, "", False),
    ],
)
def test_what_a_text_may_have_become(sent: str, stored: str, accepted: bool) -> None:
    forms = stored_forms(text_field(), sent)
    assert forms is not None
    assert forms.accepts(stored) is accepted
    assert forms.accepts(sent)


@pytest.mark.parametrize("text", ["", "short", "x" * NARROW, "é" * NARROW, "R&D <b>"])
def test_a_text_that_is_stored_as_it_is(text: str) -> None:
    assert stored_forms(text_field(), text) is None


def test_a_known_width_leaves_one_form() -> None:
    forms = stored_forms(text_field(length=30), LONG)
    assert forms is not None
    assert forms.accepts(LONG[:30])
    assert not forms.accepts(LONG[:40])


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "accepted"),
    [
        (Kind.DOUBLE, "12.3456", "12.350", True),
        (Kind.DOUBLE, "12.3456", "12.346", True),
        (Kind.DOUBLE, "12.3456", "12.34", False),
        (Kind.DOUBLE, "12.3456", "12.3", False),
        (Kind.DOUBLE, "-12.345", "-12.35", True),
        (Kind.DOUBLE, "12.3456", "garbage", False),
        (Kind.CURRENCY, "1000.5", "1000.50549451", True),
        (Kind.CURRENCY, "1000.5", "1000.51", False),
        (Kind.CURRENCY, "", "0.00000000", True),
        (Kind.DOUBLE, "", "", True),
        (Kind.INTEGER, "", "0", True),
        (Kind.INTEGER, "", "7", False),
        (Kind.BOOLEAN, "", "0", True),
    ],
)
def test_what_a_number_may_have_become(kind: Kind, sent: str, stored: str, accepted: bool) -> None:
    forms = stored_forms(FieldMeta("n", "n", "N", kind), sent)
    assert forms is not None
    assert forms.accepts(stored) is accepted


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (Kind.DOUBLE, "12.5"),
        (Kind.DOUBLE, "12.5000"),
        (Kind.INTEGER, "7"),
        (Kind.BOOLEAN, "1"),
        (Kind.DATE, "2026-01-01"),
        (Kind.REFERENCE, "11x4"),
    ],
)
def test_values_that_are_stored_as_they_are(kind: Kind, sent: str) -> None:
    assert stored_forms(FieldMeta("n", "n", "N", kind), sent) is None


# The law


@pytest.fixture(scope="module")
def shared() -> Iterator[Crm]:
    with Crm() as own:
        yield own


TEXT = st.text(
    st.sampled_from("abc xyzé&<'\"\\%_\U0001f389客")
    | st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=12,
).filter(lambda text: bool(text.strip()))
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "potentialname": st.tuples(TEXT, st.integers(1, 40)).map(lambda pair: pair[0] * pair[1]),
    "nextstep": st.none() | st.tuples(TEXT, st.integers(1, 40)).map(lambda pair: pair[0] * pair[1]),
    "amount": st.none() | st.decimals(-1000, 1000, places=4),
    "probability": st.none() | st.decimals(-2000, 2000, places=4),
    "done": st.none() | st.decimals(-2000, 2000, places=3),
    "closingdate": st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    "leadsource": st.none() | st.sampled_from(["Cold Call", "Party \U0001f389"]),
}


@given(
    key=st.fixed_dictionaries(
        {"potentialname": KEYS["potentialname"]},
        optional={name: each for name, each in KEYS.items() if name != "potentialname"},
    ),
    method=st.sampled_from(["get_or_create", "update_or_create"]),
    strict=st.booleans(),
)
@settings(suppress_health_check=list(HealthCheck))
def test_law_the_same_call_twice_makes_at_most_one(
    shared: Crm, key: dict[str, Any], method: str, strict: bool
) -> None:
    defaults = {**{name: value for name, value in DEAL.items() if name not in key}}
    with shared.rolled_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = count(shared, "Potentials")
        for _ in range(3):
            refused = contextlib.suppress(InvalidRecord, ValuesAdjusted)
            with open_session(shared, "stock", strict=strict), refused:
                getattr(Potentials.objects, method)(**key, defaults=defaults)
        assert count(shared, "Potentials") <= before + 1


def count(crm: Crm, module: str) -> int:
    return int(crm.run("query", query=f"select count(*) from {module};")[0]["count"])


# Single cases


@STOCK
async def test_cut_replaced_and_rounded_keys_are_found(face: Face) -> None:
    calls: list[tuple[Any, str, dict[str, Any]]] = [
        (Contacts, "get_or_create", {"lastname": "\U0001f389Party"}),
        (Leads, "update_or_create", {"company": "Acme " + "x" * 200, "lastname": "Same"}),
        (
            Potentials,
            "get_or_create",
            {"potentialname": "Rounded", "amount": Decimal("12.3456"), "defaults": DEAL},
        ),
        (Contacts, "get_or_create", {"lastname": "Nulls", "class_": None, "donotcall": None}),
        (Contacts, "get_or_create", {"lastname": "<script>x</script>"}),
    ]
    for model, method, values in calls:
        made = [await face(model.objects, method, **values) for _ in range(3)]
        assert [created for _, created in made] == [True, False, False]
        assert len({record.id for record, _ in made}) == 1


@STOCK
async def test_another_text_that_begins_alike_is_another_record(face: Face) -> None:
    short = await face(Accounts.objects, "create", accountname="Acme Corporation of Ohio")
    await face(Accounts.objects, "create", accountname="A name that is longer than the other two")
    values = {"accountname": "Acme Corporation of Ohio & Sons"}
    record, created = await face(Accounts.objects, "get_or_create", **values)
    assert created
    assert record.id != short.id
    _, created = await face(Accounts.objects, "get_or_create", **values)
    assert not created


@STOCK
async def test_several_records_that_may_be_the_one_are_told(face: Face) -> None:
    for _ in range(2):
        await face(Contacts.objects, "create", lastname="????", firstname="Both")
    with pytest.raises(MultipleRecords):
        await face(Contacts.objects, "get_or_create", lastname="\U0001f389", firstname="Both")


@STOCK
async def test_what_could_not_be_found_again_is_deleted(face: Face) -> None:
    """A percentage beyond its column is clipped, and that is no form of the value."""
    before = count(face.crm, "Potentials")
    for strict in (False, True):
        await face.open(strict=strict)
        with pytest.raises(ValuesAdjusted, match="deleted again") as caught:
            await face(
                Potentials.objects,
                "get_or_create",
                potentialname="Clipped",
                done=Decimal(99999),
                defaults=DEAL,
            )
        assert [getattr(each, "field", None) for each in caught.value.adjustments] == ["done"]
        assert count(face.crm, "Potentials") == before


@STOCK
async def test_a_plain_key_costs_no_further_call(face: Face) -> None:
    await face(Contacts.objects, "get_or_create", lastname="Warm")
    with face.crm.count_calls() as looking:
        await face.list(Contacts.objects.filter(lastname="Absent")[:2])
    with face.crm.count_calls() as calls:
        await face(Contacts.objects, "get_or_create", lastname="Plain")
    assert calls.operations["create"] == 1
    assert calls.number == looking.number + 1
