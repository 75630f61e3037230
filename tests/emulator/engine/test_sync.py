"""The change feed, and what PHP 8 cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vtiger_orm.emulator.profiles import CLOUD, STOCK_7

from .conftest import Server, make

FEED = replace(STOCK_7, sync_type_passed=True)


@pytest.mark.parametrize(
    "operation",
    ["sync", "convertlead", "retrieve_inventory", "files_retrieve", "logout"],
)
def test_broken_by_php8(crm: Server, operation: str) -> None:
    assert crm.answer(operation, modifiedTime="1790000000", elementType="Contacts") == "HTTP 500"


@pytest.mark.parametrize(
    "operation",
    [
        *("me", "reopen", "tags_add", "tags_retrieve", "tags_delete", "lookup"),
        *("get_account_hierarchy", "picklist_dependency", "decrypt", "delete_related"),
        *("add_picklist", "edit_picklist", "delete_picklist", "editionLimits", "nosuch", ""),
    ],
)
def test_unknown_operation(crm: Server, operation: str) -> None:
    assert crm.answer(operation) == "HTTP 500"


def test_name_of_an_operation_is_in_any_case(crm: Server) -> None:
    assert crm.call("ListTypes") == crm.call("listtypes")


@pytest.fixture
def feed() -> Server:
    return make(FEED, demo=False)


def sync(
    crm: Server, since: int, *, kind: str = "application", module: str = "Contacts"
) -> dict[str, Any]:
    result: dict[str, Any] = crm.call(
        "sync", modifiedTime=str(since), elementType=module, syncType=kind
    )
    return result


def test_pages_hold_whole_seconds(feed: Server) -> None:
    start = int(feed.clock().timestamp())
    for number in range(300):
        if number % 3 == 0 or number > 250:
            feed.clock.forward(1 if number < 90 or number > 240 else 0)
        feed.contact(lastname=f"N{number}")
    seen: list[str] = []
    since, pages, more = start, 0, True
    while more:
        answer = sync(feed, since)
        updated = answer["updated"]
        assert isinstance(updated, list)
        seen += [row["id"] for row in updated]
        assert isinstance(answer["lastModifiedTime"], int)
        since, more = answer["lastModifiedTime"], bool(answer["more"])
        pages += 1
    assert len(seen) == len(set(seen)) == 300
    assert pages == 2


def test_records_have_the_keys_of_query(feed: Server) -> None:
    feed.clock.forward(10)
    feed.contact()
    (row,) = sync(feed, 1)["updated"]
    assert set(row) == set(feed.query("select * from Contacts;")[0])


def test_deleted(feed: Server) -> None:
    start = int(feed.clock().timestamp())
    feed.clock.forward(5)
    record = feed.contact()["id"]
    feed.clock.forward(5)
    feed.call("delete", id=record)
    answer = sync(feed, start)
    assert answer["deleted"] == [record]
    assert answer["updated"] == []
    assert answer["lastModifiedTime"] == start + 10
    assert sync(feed, start + 10)["deleted"] == []


def test_whose_records(feed: Server) -> None:
    group = feed.engine.accounts.add_group("G")
    number = feed.engine.accounts.add_user("bob", groups=[group])
    bob = feed.as_user("bob")
    feed.clock.forward(5)
    feed.contact(lastname="admin's")
    feed.contact(lastname="bob's", assigned_user_id=f"19x{number}")
    feed.contact(lastname="group's", assigned_user_id=f"20x{group}")

    def names(kind: str) -> set[str]:
        return {row["lastname"] for row in sync(bob, 1, kind=kind)["updated"]}

    assert names("user") == {"bob's"}
    assert names("userandgroup") == {"bob's", "group's"}
    answer = bob.answer("sync", modifiedTime="1", elementType="Contacts", syncType="application")
    assert answer == "ACCESS_DENIED Only admin users can perform application sync"


def test_stock_never_sees_the_sync_type() -> None:
    crm = make(STOCK_7)
    own = crm.call("sync", modifiedTime="1", elementType="Contacts", syncType="application")
    assert {row["assigned_user_id"] for row in own["updated"]} == {"19x1"}


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({"modifiedTime": "0", "elementType": "Contacts"}, "HTTP 500"),
        ({"modifiedTime": "yesterday", "elementType": "Contacts"}, "HTTP 500"),
        ({"modifiedTime": "1790000000"}, "HTTP 500"),
        ({"modifiedTime": "1790000000", "elementType": "Emails"}, "HTTP 500"),
        (
            {"modifiedTime": "1790000000", "elementType": "Groups"},
            "ACCESS_DENIED Permission to perform the operation is denied",
        ),
    ],
)
def test_refused(feed: Server, params: dict[str, str], answer: str) -> None:
    assert feed.answer("sync", **params) == answer


def test_users_are_always_empty(feed: Server) -> None:
    answer = feed.call("sync", modifiedTime="1790000000", elementType="Users")
    assert answer == {
        "updated": [],
        "deleted": [],
        "more": False,
        "lastModifiedTime": "1790000000",
    }


def test_milliseconds_give_everything() -> None:
    crm = make(FEED)
    answer = sync(crm, 1790000000000)
    assert len(answer["updated"]) >= 100


def test_tasks_and_events_are_separated() -> None:
    crm = make(FEED)
    tasks = sync(crm, 1, module="Calendar")["updated"]
    events = sync(crm, 1, module="Events")["updated"]
    assert {row["activitytype"] for row in tasks} == {"Task"}
    assert "Task" not in {row["activitytype"] for row in events}
    ids = [row["id"] for row in events]
    assert len(ids) == len(set(ids))


def test_inventory_without_items() -> None:
    crm = make(FEED)
    updated = sync(crm, 1, module="Quotes")["updated"]
    assert len(updated) == crm.count("Quotes")
    assert "quantity" not in updated[0]


def test_pages_of_the_cloud() -> None:
    crm = make(CLOUD)
    answer = crm.call("sync", modifiedTime="1", elementType="Contacts", syncType="application")
    assert len(answer["updated"]) >= 200 - len(answer["deleted"])
    assert answer["updated"][0]["_module"] == "Contacts"
