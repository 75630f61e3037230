"""Relations: read completely, filtered without leaks, related and proved."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Documents, Potentials, Products, Vehicles
from tests.support.kinds import Face
from vtiger_orm import InvalidValue, NotLoaded, NotSupported, Q
from vtiger_orm.metadata.module import Relation
from vtiger_orm.models.related_manager import RelatedManager
from vtiger_orm.writing.links import NotRelated


async def fleet(face: Face, number: int) -> tuple[Contacts, list[Vehicles]]:
    """A contact with so many vehicles, a many-to-many relation."""
    contact = await face(Contacts.objects, "create", lastname="Driver")
    vehicles = []
    for position in range(number):
        row = face.crm.create("Vehicles", {"vehiclename": f"Car {position}", "fuel": "Diesel"})
        face.crm.run(
            "add_related",
            sourceRecordId=str(contact.id),
            relatedRecordId=row["id"],
            relationIdLabel="Vehicles",
        )
        vehicles.append(Vehicles(id=Vehicles.ref(row["id"])))
    return contact, vehicles


async def test_more_than_a_page_is_read_completely(face: Face) -> None:
    contact, vehicles = await fleet(face, 230)
    related = contact.related.vehicles
    assert await face(related, "count") == 230
    found = await face.list(related)
    assert [each.id for each in found] == [each.id for each in vehicles]
    assert await face(related, "exists")


async def test_conditions_order_and_slices_hold_within_the_relation(face: Face) -> None:
    contact, _ = await fleet(face, 5)
    face.crm.create("Vehicles", {"vehiclename": "Car 1", "fuel": "Diesel"})  # of nobody
    related = contact.related.vehicles
    either = related.filter(Q(vehiclename="Car 1") | Q(vehiclename="Car 3"))
    assert [each.vehiclename for each in await face.list(either)] == ["Car 1", "Car 3"]
    others = related.exclude(vehiclename="Car 1").order_by("-vehiclename")[:2]
    assert [each.vehiclename for each in await face.list(others)] == ["Car 4", "Car 3"]
    assert await face(either, "count") == 2
    first = await face(related.order_by("-id"), "first")
    assert first.vehiclename == "Car 4"


async def test_from_the_other_end(face: Face) -> None:
    contact, vehicles = await fleet(face, 1)
    [driver] = await face.list(vehicles[0].related.drivers)
    assert driver.id == contact.id


async def test_a_relation_as_a_condition_of_another_queryset(face: Face) -> None:
    contact, vehicles = await fleet(face, 3)
    everything = Vehicles.objects.filter(
        id__in=contact.related.vehicles.filter(vehiclename="Car 2")
    )
    assert [each.id for each in await face.list(everything)] == [vehicles[2].id]
    related: Any = contact.related.vehicles
    rest = related & Vehicles.objects.filter(vehiclename="Car 0")
    assert await face(rest, "count") == 1


async def test_nothing_related_is_an_empty_answer(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Alone")
    assert await face(contact.related.vehicles, "count") == 0
    assert await face.list(contact.related.vehicles) == []
    assert not await face(contact.related.vehicles, "exists")


async def test_a_known_reference_field_is_preferred(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Employer")
    contacts = account.related.contacts
    made = await face(contacts, "create", lastname="Employee")
    assert made.account_id == account.id
    other = await face(Contacts.objects, "create", lastname="Freelancer")
    await face(contacts, "add", other)
    with face.crm.count_calls() as calls:
        names = {each.lastname for each in await face.list(contacts.all())}
    assert names == {"Employee", "Freelancer"}
    assert set(calls.operations) == {"query"}
    await face(contacts, "remove", other.id)
    assert [each.lastname for each in await face.list(contacts)] == ["Employee"]
    stranger = await face(Contacts.objects, "create", lastname="Stranger")
    await face(contacts, "remove", stranger)  # of no account: nothing to take away
    await face(stranger, "refresh")
    assert stranger.account_id is None


async def test_add_is_proved(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Buyer")
    product = await face(Products.objects, "create", productname="Thing")
    await face(contact.related.products, "add", product)
    await face(contact.related.products, "add", product.id)
    assert [each.id for each in await face.list(contact.related.products)] == [product.id]
    gone = Products.ref(f"{Products.meta.prefix}x999999")
    with pytest.raises(NotRelated, match="is not related"):
        await face(contact.related.products, "add", gone)
    with pytest.raises(InvalidValue, match="is not of Products"):
        await face(contact.related.products, "add", contact.id)


async def test_one_to_many_relations_cannot_be_linked(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Buyer")
    potential = await face(
        Potentials.objects,
        "create",
        potentialname="Deal",
        closingdate=date(2026, 1, 1),
        sales_stage=Potentials.SalesStage("Prospecting"),
    )
    with pytest.raises(NotRelated, match="one-to-many"):
        await face(account.related.potentials, "add", potential)


async def test_create_in_a_relation_links_what_it_made(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Driver")
    fuel = Vehicles.Fuel.DIESEL
    vehicle = await face(contact.related.vehicles, "create", vehiclename="New car", fuel=fuel)
    assert [each.id for each in await face.list(contact.related.vehicles)] == [vehicle.id]
    account = await face(Accounts.objects, "create", accountname="Buyer")
    with pytest.raises(NotRelated) as caught:
        await face(
            account.related.potentials,
            "create",
            potentialname="Deal",
            closingdate=date(2026, 1, 1),
            sales_stage=Potentials.SalesStage("Prospecting"),
        )
    assert caught.value.record.id


async def test_remove_needs_the_cloud_or_a_reference_field(face: Face) -> None:
    contact, [vehicle] = await fleet(face, 1)
    if face.kind == "cloud":
        await face(contact.related.vehicles, "remove", vehicle)
        assert await face(contact.related.vehicles, "count") == 0
        return
    with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="only the Cloud"):
        await face(contact.related.vehicles, "remove", vehicle)
    assert calls.number == 0


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
@pytest.mark.parametrize(
    ("actions", "forbidden"),
    [((), {"add", "create"}), (("add",), {"add"}), (("select",), {"create"})],
)
async def test_what_the_crm_does_not_offer_is_refused(
    face: Face, actions: tuple[str, ...], forbidden: set[str]
) -> None:
    contact, [vehicle] = await fleet(face, 1)
    relation = Relation("vehicles", "Vehicles", "Vehicles", actions=actions, relation_id="99")
    related: Any = RelatedManager(contact, relation)
    fuel = Vehicles.Fuel.DIESEL
    for method, args, values in (
        ("add", [vehicle], {}),
        ("create", [], {"vehiclename": "x", "fuel": fuel}),
    ):
        if method in forbidden:
            with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="offers"):
                await face(related, method, *args, **values)
            assert calls.number == 0
        else:
            await face(related, method, *args, **values)


async def test_active_documents_are_read_back(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Reader")
    document = await face(Documents.objects, "create", notes_title="Paper")
    await face(document.crm, "attach_to", contact)
    related = contact.related.documents
    assert [each.id for each in await face.list(related)] == [document.id]
    assert await face(related, "count") == 1
    assert await face(related, "exists")
    assert (await face(related.filter(notes_title="Paper"), "get")).id == document.id
    assert await face(related.filter(notes_title="Another"), "first") is None
    [read] = await face.list(Contacts.objects.filter(id=contact.id).prefetch_related("documents"))
    assert [each.id for each in read.related.documents.loaded] == [document.id]
    assert "active documents" in repr(related) + str(related.explain())


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_a_document_that_is_not_active_is_not_listed(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Reader")
    document = await face(Documents.objects, "create", notes_title="Old", filestatus=False)
    with pytest.raises(NotRelated, match="lists active documents only"):
        await face(document.crm, "attach_to", contact)
    assert await face.list(contact.related.documents) == []
    document.filestatus = True
    await face(document, "save")
    assert [each.id for each in await face.list(contact.related.documents)] == [document.id]


async def test_everything_created_through_a_relation_belongs_to_it(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Employer")
    contacts = account.related.contacts
    report = await face(contacts, "bulk_create", [Contacts(lastname="B1"), Contacts(lastname="B2")])
    assert report.ok
    made, created = await face(contacts, "get_or_create", lastname="B3")
    assert created
    again, created = await face(contacts, "get_or_create", lastname="B3")
    assert (again.id, created) == (made.id, False)
    assert await face(contacts, "count") == 3
    assert await face(contacts, "update", department="All") == 3
    contact = made
    vehicles = contact.related.vehicles
    vehicle, created = await face(
        vehicles, "get_or_create", vehiclename="V", fuel=Vehicles.Fuel.DIESEL
    )
    assert created
    assert [each.id for each in await face.list(vehicles)] == [vehicle.id]
    with pytest.raises(NotSupported, match="add"):
        await face(vehicles, "bulk_create", [Vehicles(vehiclename="x")])
    document = await face(contact.related.documents, "upload", b"x", filename="x.txt")
    assert [each.id for each in await face.list(contact.related.documents)] == [document.id]
    with pytest.raises(NotSupported, match="related documents"):
        await face(vehicles, "upload", b"x", filename="x.txt")


async def test_related_documents_in_another_queryset(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Reader")
    documents: Any = Documents.objects.all()
    both = documents & contact.related.documents
    inner = Documents.objects.filter(id__in=contact.related.documents)
    for queryset in (both, inner):
        assert await face.list(queryset) == []
    document = await face(contact.related.documents, "upload", b"x", filename="x.txt")
    for queryset in (both, inner):
        assert [each.id for each in await face.list(queryset)] == [document.id]


async def test_a_name_that_is_no_relation(face: Face) -> None:
    account = await face(Accounts.objects, "first")
    with pytest.raises(AttributeError, match="mean 'contacts'"):
        _ = account.related.contact
    with pytest.raises(KeyError):
        _ = account.related["nothing"]
    assert "contacts" in list(account.related)
    with pytest.raises(NotLoaded, match="not saved"):
        _ = Accounts(accountname="x").related.contacts


async def test_what_was_read_beforehand_is_outdated_by_a_change(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Employer")
    await face(account.related.contacts, "create", lastname="First")
    read = Accounts.objects.prefetch_related("contacts").filter(id=account.id)
    found = await face(read, "first")
    assert [each.lastname for each in found.related.contacts.loaded] == ["First"]
    await face(found.related.contacts, "create", lastname="Second")
    with pytest.raises(NotLoaded):
        _ = found.related.contacts.loaded
    names = [each.lastname for each in await face.list(found.related.contacts)]
    assert names == ["First", "Second"]
