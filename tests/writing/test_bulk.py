"""Many records at once: one outcome a row, resumable, never aborted half-known."""

from __future__ import annotations

from typing import Any

import pytest

from generated.demo import Accounts, Contacts
from tests.support.kinds import Face
from vtiger_orm import (
    BulkError,
    BulkReport,
    InvalidRecord,
    InvalidValue,
    OutcomeUnknown,
    ValuesAdjusted,
)
from vtiger_orm.emulator import faults
from vtiger_orm.writing.report import Status


def rows(face: Face, where: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = face.crm.run(
        "query", query=f"select lastname,department from Contacts where {where} order by id;"
    )
    return found


async def test_bulk_create_has_one_outcome_a_row(face: Face) -> None:
    people = [Contacts(lastname=f"Bulk {number}", department="B") for number in range(25)]
    people[3] = Contacts(firstname="no last name")
    seen: list[int] = []
    report = await face(
        Contacts.objects,
        "bulk_create",
        people,
        progress=lambda report: seen.append(report.counts[Status.DONE]),
    )
    assert [each.status for each in report] == [Status.DONE] * 3 + [Status.FAILED] + [
        Status.DONE
    ] * 21
    assert isinstance(report[3].error, InvalidRecord)
    assert not report.ok
    assert seen == sorted(seen)
    assert seen[-1] == 24
    assert all(each.item.id for each in report.done)
    assert len(rows(face, "department = 'B'")) == 24
    with pytest.raises(BulkError, match="24 done, 1 failed"):
        report.raise_for_errors()

    people[3].lastname = "Now it has"
    with face.crm.count_calls() as calls:
        again = await face(Contacts.objects, "bulk_create", report)
    assert again is report
    assert report.ok
    assert calls.operations == {"create": 1}


async def test_lost_rows_stay_unknown_until_resolved(face: Face) -> None:
    people = [Contacts(lastname=f"Row {number}") for number in range(12)]
    face.crm.faults.next(faults.LostAnswer(), operation="create", after=2)
    face.crm.faults.next(faults.DroppedConnection(), operation="create", after=1)
    report = await face(Contacts.objects, "bulk_create", people)
    assert report.counts == {Status.DONE: 10, Status.UNKNOWN: 2}
    with face.crm.count_calls() as calls:
        await face(Contacts.objects, "bulk_create", report)
    assert "create" not in calls.operations
    assert len(report.unknown) == 2
    for outcome in report.unknown:
        assert isinstance(outcome.error, Exception)
        await face(outcome.item.crm, "resolve")
    await face(Contacts.objects, "bulk_create", report)
    assert report.ok
    assert len(rows(face, "lastname like 'Row %'")) == 12


async def test_lost_rows_with_an_external_id_settle_themselves(face: Face) -> None:
    await face.open(external_ids={"Contacts": "department"})
    people = [Contacts(lastname="Ext", department=f"E-{number}") for number in range(12)]
    face.crm.faults.next(faults.LostAnswer(), operation="create", after=2)
    face.crm.faults.next(faults.DroppedConnection(), operation="create", after=1)
    report = await face(Contacts.objects, "bulk_create", people)
    assert report.ok
    assert len(rows(face, "lastname = 'Ext'")) == 12


async def test_a_server_that_is_gone_stops_the_rest_from_being_tried(face: Face) -> None:
    people = [Contacts(lastname=f"Gone {number}") for number in range(60)]
    face.crm.faults.always(faults.DroppedConnection(), operation="create")
    with face.crm.count_calls() as calls:
        report = await face(Contacts.objects, "bulk_create", people)
    assert calls.operations["create"] < 60
    assert report.counts[Status.PENDING] > 0
    assert report.counts[Status.PENDING] + report.counts[Status.UNKNOWN] == 60
    face.crm.faults.clear()
    for outcome in report.unknown:
        await face(outcome.item.crm, "resolve", absent=True)
    await face(Contacts.objects, "bulk_create", report)
    assert report.ok
    assert len(rows(face, "lastname like 'Gone %'")) == 60


async def test_an_interrupted_report_tells_what_was_reached(face: Face) -> None:
    people = [Contacts(lastname=f"Int {number}") for number in range(30)]
    report = BulkReport(people)

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await face(Contacts.objects, "bulk_create", report, progress=stop)
    assert 0 < report.counts[Status.DONE] < 30
    await face(Contacts.objects, "bulk_create", report)
    assert report.ok
    assert len(rows(face, "lastname like 'Int %'")) == 30


async def test_strict_mode_does_not_send_adjusted_rows_again(face: Face) -> None:
    await face.open(strict=True)
    people = [Contacts(lastname="s" * 100, department="Strictly")]
    report = await face(Contacts.objects, "bulk_create", people)
    assert report.ok
    assert isinstance(report[0].error, ValuesAdjusted)
    await face(Contacts.objects, "bulk_create", report)
    assert len(rows(face, "department = 'Strictly'")) == 1


async def test_bulk_update_writes_changes_only(face: Face) -> None:
    report = await face(
        Contacts.objects, "bulk_create", [Contacts(lastname=f"U {n}") for n in range(6)]
    )
    people = report.items
    for person in people[:4]:
        person.department = "changed"
    people.append(Contacts(lastname="unsaved"))
    face.crm.faults.next(faults.ServerError(), operation="revise", after=1)
    with face.crm.count_calls() as calls:
        updated = await face(Contacts.objects, "bulk_update", people)
    assert calls.operations == {"revise": 4}
    assert [str(each.status) for each in updated] == [
        "done", "unknown", "done", "done", "unchanged", "unchanged", "failed",
    ]  # fmt: skip
    await face(Contacts.objects, "bulk_update", updated)
    assert [str(each.status) for each in updated][:2] == ["done", "done"]
    assert len(rows(face, "department = 'changed'")) == 4


async def test_bulk_delete_takes_records_and_references(face: Face) -> None:
    report = await face(
        Contacts.objects, "bulk_create", [Contacts(lastname=f"D {n}") for n in range(4)]
    )
    people = report.items
    await face(people[0], "delete")
    items = [people[0], people[1], people[2].id, "11x5", Contacts(lastname="unsaved")]
    deleted = await face(Contacts.objects, "bulk_delete", items)
    assert [str(each.status) for each in deleted] == ["done", "done", "done", "failed", "failed"]
    assert len(rows(face, "lastname like 'D %'")) == 1


async def test_a_refused_row_does_not_stop_the_others(face: Face) -> None:
    names = ["Unique one", "Unique two", "unique ONE", "Unique three"]
    report = await face(
        Accounts.objects, "bulk_create", [Accounts(accountname=name) for name in names]
    )
    assert sorted(str(each.status) for each in report) == ["done", "done", "done", "failed"]
    assert len(report.failed) == 1
    assert "uplicate" in str(report.failed[0].error)


async def test_a_record_in_doubt_is_not_created_by_another_bulk(face: Face) -> None:
    contact = Contacts(lastname="In doubt")
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    report = await face(Contacts.objects, "bulk_create", [contact])
    assert report[0].status is Status.UNKNOWN
    assert len(rows(face, "lastname = 'In doubt'")) == 1


async def test_only_records_of_the_model_are_taken(face: Face) -> None:
    with face.crm.count_calls() as calls:
        for method in ("bulk_create", "bulk_update"):
            for wrong in (Accounts(accountname="x"), "12x1", None):
                with pytest.raises(InvalidValue, match="Records of Contacts"):
                    await face(Contacts.objects, method, [Contacts(lastname="x"), wrong])
    assert calls.number == 0


def test_an_error_of_many_rows_tells_what_is_left_to_do() -> None:
    report: BulkReport[str] = BulkReport(["12x1", "12x2"])
    assert "again to go on" in str(BulkError(report))
    for row in report:
        row.status = Status.DONE
    report[0].error = InvalidValue("cut")
    told = str(BulkError(report))
    assert "Every row is written" in told
    assert told.endswith("First error: cut")
    assert "again" not in told
