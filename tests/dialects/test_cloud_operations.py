"""Operations of the Cloud: happy path there, refused with the reason elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, HelpDesk
from tests.support.kinds import Face
from vtiger_orm import (
    Dependency,
    EditionLimit,
    InvalidRecord,
    InvalidValue,
    NotSupported,
)
from vtiger_orm.administration import tags
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.dialects import HttpResponse
from vtiger_orm.dialects.errors import Asked, unusable

CLOUD = pytest.mark.parametrize("kind", ["cloud"], indirect=True)


@CLOUD
async def test_tags_of_one_record(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="x")
    other = await face(Contacts.objects, "create", lastname="y")
    await face(contact.crm.tags, "add", "vip", "Größe & <b>")
    await face(other.crm.tags, "add", "vip")
    assert sorted(await face(contact.crm.tags, "all")) == ["Größe & <b>", "vip"]
    await face(contact.crm.tags, "remove", "vip")
    assert await face(contact.crm.tags, "all") == ["Größe & <b>"]
    assert await face(other.crm.tags, "all") == ["vip"]
    await face(contact.crm.tags, "add", "vip")
    await face(face.session, "delete_tag", "vip", on=contact)
    assert await face(other.crm.tags, "all") == []
    with pytest.raises(InvalidValue):
        await face(contact.crm.tags, "add")


def test_the_other_spelling_of_tags_delete_is_remembered() -> None:
    facts = ServerFacts(dialect="cloud")
    refused = unusable(
        Asked("tags_delete"), HttpResponse(404, body=b"<html>no such address</html>")
    )
    plan: Any = tags.remove("4x1", ["vip"], facts)
    assert next(plan).operation == "tags_delete"
    assert plan.throw(refused).operation == "tag_delete"
    with pytest.raises(StopIteration):
        plan.send({"message": "tags deleted"})
    again: Any = tags.remove("4x1", ["vip"], facts)
    assert next(again).operation == "tag_delete"


@CLOUD
async def test_reopen_and_decrypt(face: Face) -> None:
    ticket = await face(
        HelpDesk.objects,
        "create",
        ticket_title="t",
        ticketstatus=HelpDesk.Ticketstatus("Closed"),
        ticketpriorities=HelpDesk.Ticketpriorities("High"),
    )
    await face(ticket.crm, "reopen")
    assert await face(ticket.crm, "decrypt", "ticket_title") == "t"
    with pytest.raises(InvalidValue, match="ticket_title"):
        await face(ticket.crm, "decrypt", "ticket_titel")


@CLOUD
async def test_lookup_answers_records_of_mixed_modules(face: Face) -> None:
    contact = await face(
        Contacts.objects, "create", lastname="x", phone="0049 30 1", email="a@b.example"
    )
    account = await face(Accounts.objects, "create", accountname="x", phone="0049 30 1")
    found = await face(face.session, "lookup", "phone", "0049 30 1")
    assert {(type(each), each.id) for each in found} == {
        (Contacts, contact.id),
        (Accounts, account.id),
    }
    found = await face(face.session, "lookup", "phone", "0049 30 1", {"Accounts": ["phone"]})
    assert [each.id for each in found] == [account.id]
    found = await face(face.session, "lookup", "email", "a@b.example", ["Contacts"])
    assert [each.id for each in found] == [contact.id]
    with pytest.raises(InvalidValue, match="by 'phone' or by 'email'"):
        await face(face.session, "lookup", "fax", "1")


@CLOUD
async def test_hierarchy(face: Face) -> None:
    parent = await face(Accounts.objects, "create", accountname="Parent")
    child = await face(Accounts.objects, "create", accountname="Child", account_id=parent)
    nodes = await face(child.crm, "hierarchy")
    assert [each.name for each in nodes] == ["Parent", "Child"]
    assert [each.current for each in nodes] == [False, True]
    assert nodes[1].id == child.id
    assert (await face(nodes[0].id, "fetch")).accountname == "Parent"


@CLOUD
async def test_picklist_administration(face: Face) -> None:
    session = face.session
    await face(session, "add_picklist_values", Contacts, "leadsource", ["Fair A", "Fair B"])
    values = await known(face, "leadsource")
    assert {"Fair A", "Fair B"} <= values
    contact = Contacts(lastname="x", leadsource=Contacts.LeadSource("Fair A"))
    with pytest.warns(UserWarning, match="Fair A"):
        await face(contact, "save")
    await face(session, "rename_picklist_value", Contacts, "leadsource", "Fair A", "Fair Z")
    await face(
        session, "delete_picklist_values", Contacts, "leadsource", ["Fair B"], replace_with="Fair Z"
    )
    values = await known(face, "leadsource")
    assert "Fair Z" in values
    assert not {"Fair A", "Fair B"} & values
    with pytest.raises(InvalidValue, match="not a picklist"):
        await face(session, "add_picklist_values", Contacts, "lastname", ["x"])
    with pytest.raises(InvalidValue, match="among the values"):
        await face(
            session, "delete_picklist_values", Contacts, "leadsource", ["a"], replace_with="a"
        )


async def known(face: Face, name: str) -> set[str]:
    described = await face(face.session, "describe", "Contacts")
    [field] = [each for each in described.fields if each.name == name]
    return {each.value for each in field.type.picklist_values}


@CLOUD
async def test_edition_limits_keep_text_and_number(face: Face) -> None:
    limit = await face(face.session, "edition_limit", EditionLimit.DOCUMENT_UPLOAD_FILE_LIMIT)
    assert limit.service is EditionLimit.DOCUMENT_UPLOAD_FILE_LIMIT
    assert limit.text
    assert limit.number is None or limit.number > 0


CLOUD_ONLY: list[tuple[str, Callable[[Face, Contacts, Accounts], tuple[Any, str, tuple[Any, ...]]]]]
CLOUD_ONLY = [
    ("tags_add", lambda face, contact, account: (contact.crm.tags, "add", ("x",))),
    ("tags_retrieve", lambda face, contact, account: (contact.crm.tags, "all", ())),
    ("tags_delete", lambda face, contact, account: (contact.crm.tags, "remove", ("x",))),
    ("reopen", lambda face, contact, account: (contact.crm, "reopen", ())),
    ("decrypt", lambda face, contact, account: (contact.crm, "decrypt", ("lastname",))),
    ("lookup", lambda face, contact, account: (face.session, "lookup", ("phone", "1"))),
    ("get_account_hierarchy", lambda face, contact, account: (account.crm, "hierarchy", ())),
    ("editionLimits", lambda face, contact, account: (face.session, "edition_limit", ("STORAGE",))),
    (
        "picklist_dependency",
        lambda face, contact, account: (
            face.session,
            "picklist_dependency",
            (Contacts, "leadsource", "ke_hu_lei_xing"),
        ),
    ),
    (
        "add_picklist",
        lambda face, contact, account: (
            face.session,
            "add_picklist_values",
            (Contacts, "leadsource", ["x"]),
        ),
    ),
]


@pytest.mark.parametrize("kind", ["stock", "php7"], indirect=True)
@pytest.mark.parametrize(("operation", "make"), CLOUD_ONLY, ids=[each[0] for each in CLOUD_ONLY])
async def test_a_stock_server_is_not_asked(face: Face, operation: str, make: Any) -> None:
    contact = await face(Contacts.objects, "first")
    account = await face(Accounts.objects, "first")
    owner, method, args = make(face, contact, account)
    with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="only the Cloud"):
        await face(owner, method, *args)
    assert calls.number == 0


def test_a_dependency_is_a_mapping() -> None:
    dependency = Dependency.from_wire(
        {
            "sourcefield": "contacttype",
            "targetfield": "contactstatus",
            "valuemapping": [
                {"sourcevalue": "Lead", "targetvalues": ["Cold", "Warm"]},
                {"sourcevalue": "Competitor", "targetvalues": [""]},
            ],
        }
    )
    assert dict(dependency) == {"Lead": ("Cold", "Warm"), "Competitor": ()}
    assert dependency.allows("Lead", "Cold")
    assert not dependency.allows("Lead", "Hot")
    assert not dependency.allows("Competitor", "Cold")
    assert dependency.allows("Competitor", "")
    assert dependency.allows("Partner", "anything")


async def test_dependencies_are_validated(face: Face) -> None:
    dependency = Dependency("leadsource", "cf_869", {"Cold Call": ["1st"], "Partner": []})
    await face.open(dependencies={"Contacts": (dependency,)})
    call, partner = Contacts.LeadSource("Cold Call"), Contacts.LeadSource("Partner")
    first, second = Contacts.KeHuLeiXing("1st"), Contacts.KeHuLeiXing("2nd place")
    contact = await face(
        Contacts.objects, "create", lastname="x", leadsource=call, ke_hu_lei_xing=first
    )
    with pytest.raises(InvalidRecord, match="does not go with"):
        await face(Contacts.objects, "create", lastname="x", leadsource=call, ke_hu_lei_xing=second)
    contact.ke_hu_lei_xing = second
    with pytest.raises(InvalidRecord, match="allows '1st'"):
        await face(contact, "save")
    contact.ke_hu_lei_xing = first
    contact.leadsource = partner
    with pytest.raises(InvalidRecord, match="a blank only"):
        await face(contact, "save")
    contact.ke_hu_lei_xing = None
    await face(contact, "save")
