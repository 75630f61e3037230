"""update, delete, preview, get_or_create and update_or_create of querysets."""

from __future__ import annotations

import pytest

from generated.demo import Accounts, Contacts
from tests.support.kinds import Face
from vtiger_orm import (
    BulkError,
    Dependency,
    InvalidLookup,
    InvalidRecord,
    InvalidValue,
    TooManyWrites,
    UnsupportedQuery,
)
from vtiger_orm.emulator import faults


async def people(face: Face, number: int, department: str) -> None:
    report = await face(
        Contacts.objects,
        "bulk_create",
        [Contacts(lastname=f"P {each}", department=department) for each in range(number)],
    )
    report.raise_for_errors()


async def test_update_writes_the_records_that_differ(face: Face) -> None:
    await people(face, 5, "Old")
    first = await face(Contacts.objects.filter(department="Old"), "first")
    first.title = "Boss"
    await face(first, "save")
    with face.crm.count_calls() as calls:
        number = await face(Contacts.objects.filter(department="Old"), "update", title="Boss")
    assert number == 5
    assert calls.operations["revise"] == 4
    assert await face(Contacts.objects.filter(department="Old", title="Boss"), "count") == 5


async def test_update_may_change_what_it_selects_by(face: Face) -> None:
    await people(face, 120, "Before")
    number = await face(Contacts.objects.filter(department="Before"), "update", department="After")
    assert number == 120
    assert await face(Contacts.objects.filter(department="Before"), "count") == 0
    assert await face(Contacts.objects.filter(department="After"), "count") == 120


async def test_update_of_a_slice(face: Face) -> None:
    await people(face, 5, "Slice")
    chosen = Contacts.objects.filter(department="Slice").order_by("-id")[:2]
    assert await face(chosen, "update", title="Last") == 2
    titles = [each.title for each in await face.list(Contacts.objects.filter(department="Slice"))]
    assert titles == [None, None, None, "Last", "Last"]


async def test_too_many_writes_are_refused_before_the_first(face: Face) -> None:
    await face.open(max_writes=3)
    await people(face, 5, "Many")
    chosen = Contacts.objects.filter(department="Many")
    with face.crm.count_calls() as calls:
        with pytest.raises(TooManyWrites, match=r"5 records.*max_writes\(5\)"):
            await face(chosen, "update", title="x")
        with pytest.raises(TooManyWrites):
            await face(chosen, "delete")
    assert not {"revise", "delete"} & set(calls.operations)
    assert await face(chosen.max_writes(5), "update", title="x") == 5
    assert await face(chosen.max_writes(5), "delete") == 5


async def test_bad_values_are_refused_before_anything_is_read(face: Face) -> None:
    with face.crm.count_calls() as calls:
        with pytest.raises(InvalidRecord, match="'lastname'"):
            await face(Contacts.objects, "update", lastnme="x")
        with pytest.raises(InvalidRecord, match="mandatory"):
            await face(Contacts.objects, "update", lastname=None)
        with pytest.raises(InvalidRecord, match="cannot be written"):
            await face(Contacts.objects, "update", createdtime=None)
        with pytest.raises(InvalidRecord, match="nothing to write"):
            await face(Contacts.objects, "update")
    assert calls.number == 0


async def test_delete_counts_and_deletes(face: Face) -> None:
    await people(face, 4, "Away")
    assert await face(Contacts.objects.filter(department="Away"), "delete") == 4
    assert await face(Contacts.objects.filter(department="Away"), "delete") == 0


async def test_rows_that_fail_are_reported_together(face: Face) -> None:
    await people(face, 4, "Half")
    face.crm.faults.next(faults.ServerError(), operation="revise", after=1)
    with pytest.raises(BulkError, match="3 done, 1 unknown") as caught:
        await face(Contacts.objects.filter(department="Half"), "update", title="x")
    assert len(caught.value.report.done) == 3
    assert await face(Contacts.objects.filter(department="Half"), "update", title="x") == 4


async def test_preview_reads_and_tells(face: Face) -> None:
    await people(face, 3, "Look")
    chosen = Contacts.objects.filter(department="Look")
    with face.crm.count_calls() as calls:
        update = await face(chosen, "preview", title="x")
        delete = await face(chosen, "preview")
        wrong = await face(chosen, "preview", lastname=None)
    assert not {"revise", "delete"} & set(calls.operations)
    assert (update.operation, update.records, dict(update.values)) == ("revise", 3, {"title": "x"})
    assert (delete.operation, delete.records) == ("delete", 3)
    assert not wrong.ok
    assert "mandatory" in str(wrong)


async def test_get_or_create(face: Face) -> None:
    made, created = await face(
        Accounts.objects, "get_or_create", accountname="Upsert", defaults={"website": "a.example"}
    )
    assert created
    assert made.website == "a.example"
    found, created = await face(
        Accounts.objects, "get_or_create", accountname="Upsert", defaults={"website": "b.example"}
    )
    assert not created
    assert (found.id, found.website) == (made.id, "a.example")
    with pytest.raises(Accounts.MultipleRecords):
        await face(Accounts.objects, "get_or_create", website=None, accounttype=None)
    with pytest.raises(InvalidLookup):
        await face(Accounts.objects, "get_or_create", accountnam="x")
    with pytest.raises(InvalidValue, match="website"):  # although the record exists
        await face(
            Accounts.objects, "get_or_create", accountname="Upsert", defaults={"websit": "x"}
        )


async def test_get_or_create_when_somebody_else_is_faster(face: Face) -> None:
    def race() -> None:
        face.crm.create("Accounts", {"accountname": "Race"})

    face.crm.faults.next(faults.Meanwhile(race), operation="create")
    account, created = await face(Accounts.objects, "get_or_create", accountname="Race")
    assert not created
    assert account.accountname == "Race"


async def test_update_or_create_writes_only_what_differs(face: Face) -> None:
    _, created = await face(
        Accounts.objects, "update_or_create", accountname="U", defaults={"website": "a.example"}
    )
    assert created
    with face.crm.count_calls() as calls:
        account, created = await face(
            Accounts.objects, "update_or_create", accountname="U", defaults={"website": "a.example"}
        )
        assert not created
        assert "revise" not in calls.operations
        await face(
            Accounts.objects, "update_or_create", accountname="U", defaults={"website": "b.example"}
        )
    assert calls.operations["revise"] == 1
    await face(account, "refresh")
    assert account.website == "b.example"


async def test_changes_of_a_filtered_queryset_are_refused(face: Face) -> None:
    with pytest.raises(UnsupportedQuery, match="vanish"):
        Contacts.objects.filter(lastname="x").changes()


async def test_update_looks_at_what_each_record_has(face: Face) -> None:
    """A rule about two fields holds for a record that stores the other one."""
    allowed = Dependency("salutationtype", "leadsource", {"Mr.": ["Web Site"]})
    await face.open(dependencies={"Contacts": (allowed,)})
    for title in ("Mr.", "Dr."):
        await face(Contacts.objects, "create", lastname="Depends", salutationtype=title)
    chosen = Contacts.objects.filter(lastname="Depends")
    cold = Contacts.LeadSource("Cold Call")
    with face.crm.count_calls() as calls, pytest.raises(InvalidRecord, match="does not go with"):
        await face(chosen, "update", leadsource=cold)
    assert "revise" not in calls.operations
    assert not (await face(chosen, "preview", leadsource=cold)).ok
    assert await face(chosen.filter(salutationtype="Dr."), "update", leadsource=cold) == 1
    web = Contacts.LeadSource("Web Site")
    assert await face(chosen, "update", leadsource=web) == 2
