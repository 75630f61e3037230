"""Converting leads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Leads, Potentials
from tests.support.kinds import Face
from vtiger_orm import (
    ApiError,
    InvalidRecord,
    InvalidValue,
    NotSupported,
    TransportError,
    ValuesAdjusted,
)
from vtiger_orm.emulator import faults
from vtiger_orm.writing.leads import ConversionFailed

WORKING = pytest.mark.parametrize("kind", ["php7", "cloud"], indirect=True)


async def lead(face: Face) -> Leads:
    made: Leads = await face(
        Leads.objects, "create", lastname="Turing", firstname="Alan", company="Bletchley"
    )
    return made


@WORKING
async def test_convert_answers_typed_references(face: Face) -> None:
    turing = await lead(face)
    made = await face(
        turing.crm,
        "convert",
        account=True,
        contact=True,
        potential={
            "potentialname": "Enigma",
            "closingdate": date(2026, 12, 31),
            "sales_stage": Potentials.SalesStage("Prospecting"),
        },
    )
    account = await face(made.account, "fetch")
    contact = await face(made.contact, "fetch")
    potential = await face(made.potential, "fetch")
    assert (type(account), type(contact), type(potential)) == (Accounts, Contacts, Potentials)
    assert account.accountname == "Bletchley"
    assert (contact.lastname, contact.account_id) == ("Turing", account.id)
    assert potential.potentialname == "Enigma"
    with pytest.raises(ApiError, match="already converted"):
        await face(turing.crm, "convert", contact=True)


@WORKING
async def test_only_what_is_asked_for_is_made(face: Face) -> None:
    turing = await lead(face)
    made = await face(turing.crm, "convert", contact=True)
    assert made.contact
    assert made.account is made.potential is None


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_a_server_that_cannot_is_not_asked(face: Face) -> None:
    turing = await lead(face)
    with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="PHP 8"):
        await face(turing.crm, "convert", contact=True)
    assert calls.number == 0


@WORKING
async def test_a_lost_answer_is_found_out(face: Face) -> None:
    turing = await lead(face)
    face.crm.faults.next(faults.LostAnswer(), operation="convertlead")
    made = await face(turing.crm, "convert", account=True, contact=True)
    assert made.account
    assert made.contact


@WORKING
async def test_a_failure_half_way_tells_what_was_made(face: Face) -> None:
    turing = await lead(face)

    def half() -> None:
        face.crm.create("Accounts", {"accountname": "Bletchley", "isconvertedfromlead": "1"})

    face.crm.faults.next([faults.Meanwhile(half), faults.ServerError()], operation="convertlead")
    with pytest.raises((ConversionFailed, NotSupported)) as caught:
        await face(turing.crm, "convert", account=True, contact=True)
    if isinstance(caught.value, ConversionFailed):
        assert caught.value.made.contact is None


@WORKING
async def test_nothing_made_is_told_as_well(face: Face) -> None:
    turing = await lead(face)
    face.crm.faults.next(faults.DroppedConnection(), operation="convertlead")
    with pytest.raises(ConversionFailed, match="nothing") as caught:
        await face(turing.crm, "convert", contact=True)
    assert isinstance(caught.value.__cause__, TransportError)
    made = await face(turing.crm, "convert", contact=True)
    assert made.contact


async def test_orders_that_make_no_sense(face: Face) -> None:
    turing = await lead(face)
    for values, match in (
        ({}, "nothing"),
        ({"contact": True, "transfer_to": "Accounts"}, "does not make"),
        ({"potential": {"closingdate": "soon"}}, "closingdate"),
    ):
        wrong: dict[str, Any] = values
        with pytest.raises(InvalidValue, match=match):
            await face(turing.crm, "convert", **wrong)


async def test_values_of_what_is_to_be_made_are_checked(face: Face) -> None:
    lead = Leads(lastname="x", id=Leads.ref(f"{Leads.meta.prefix}x1"))
    with face.crm.count_calls() as calls:
        with pytest.raises(InvalidValue, match="accountname"):
            await face(lead.crm, "convert", account={"accountnam": "x"})
        with pytest.raises(InvalidValue, match="dict of values"):
            await face(lead.crm, "convert", account="x")
    assert calls.number == 0


@WORKING
async def test_values_break_no_rule_and_are_compared_afterwards(face: Face) -> None:
    turing = await lead(face)
    with face.crm.count_calls() as calls, pytest.raises(InvalidRecord, match="e-mail"):
        await face(turing.crm, "convert", contact={"email": "nobody"})
    assert "convertlead" not in calls.operations
    with pytest.warns(UserWarning, match=r"Contacts\.lastname \(cut\) of 1"):
        made = await face(turing.crm, "convert", contact={"lastname": "x" * 200})
    assert (await face(made.contact, "fetch")).lastname == "x" * 80
    await face.open(strict=True)
    other = await lead(face)
    with pytest.raises(ValuesAdjusted, match=r"Contacts \d+x\d+ was written") as caught:
        await face(other.crm, "convert", contact={"lastname": "x" * 200})
    assert [getattr(each, "field", None) for each in caught.value.adjustments] == [
        "Contacts.lastname"
    ]
