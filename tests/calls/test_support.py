"""The operation x dialect table: one truth for the run time and the guide."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from vtiger_orm import (
    AccessDenied,
    MalformedAnswer,
    NotFound,
    NotSupported,
    ServerError,
    VtigerError,
)
from vtiger_orm.calls.operations import Operation
from vtiger_orm.calls.refusals import ANOTHER_TIME, CORE, Refusals
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.calls.support import DIALECTS, OPERATIONS, Support, remembering, require, table
from vtiger_orm.dialects.errors import Asked, UnknownOperation, api_error
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import Server, ServerFamily

MANUALS = [
    "me",
    "listtypes",
    "describe",
    "create",
    "retrieve",
    "decrypt",
    "update",
    "revise",
    "delete",
    "query",
    "sync",
    "convertlead",
    "relatedtypes",
    "retrieve_related",
    "query_related",
    "add_related",
    "delete_related",
    "reopen",
    "picklist_dependency",
    "tags_add",
    "tags_retrieve",
    "tags_delete",
    "files_retrieve",
    "lookup",
    "get_account_hierarchy",
    "add_picklist",
    "edit_picklist",
    "delete_picklist",
    "editionLimits",
    "extendsession",
    "logout",
]


def test_every_operation_of_the_manuals_has_its_row() -> None:
    named = set(OPERATIONS)
    assert [name for name in MANUALS if name not in named] == []
    assert "create multiple records" in named
    assert "sub-request" in named


def test_a_refusal_and_a_fallback_always_say_why() -> None:
    for entry in OPERATIONS.values():
        for dialect in DIALECTS:
            cell = entry.cell(dialect)
            if cell.support is not Support.YES:
                assert cell.note, (entry.operation, dialect)


def test_require_agrees_with_the_table() -> None:
    for operation, entry in OPERATIONS.items():
        for dialect in DIALECTS:
            facts = facts_of("8.0.0", dialect=dialect, sync=True, files_retrieve=True)
            if entry.cell(dialect).support is Support.REFUSED:
                with pytest.raises(NotSupported, match="Nothing was sent"):
                    require(operation, facts)
            else:
                require(operation, facts)


def facts_of(
    version: str,
    family: ServerFamily = ServerFamily.VTIGER,
    dialect: str = "webservice",
    **proved: bool,
) -> ServerFacts:
    server = Server.known(family, version, Capabilities.model_validate(proved))
    return ServerFacts(dialect=dialect, server=server)


def test_php_8_is_told_by_family_and_version() -> None:
    assert facts_of("8.0.0").php8_names
    assert facts_of("8.3.0").php8_names
    assert not facts_of("7.5.0").php8_names
    assert not facts_of("8.0.3", ServerFamily.FREVOCRM).php8_names
    assert not facts_of("8.0.0", files_retrieve=True).php8_names
    assert not facts_of("8.0.0", dialect="cloud").php8_names
    for operation in ("sync", "convertlead", "files_retrieve"):
        with pytest.raises(NotSupported, match="PHP 8"):
            require(operation, facts_of("8.0.0"))


def test_a_failing_sync_forbids_nothing_else() -> None:
    """Vtiger 7.5, whose sync alone is registered wrongly."""
    facts = facts_of("7.5.0", sync=False)
    with pytest.raises(NotSupported, match="failed when it was tried"):
        require("sync", facts)
    for operation in ("convertlead", "files_retrieve", "retrieve_inventory"):
        require(operation, facts)


@dataclass
class Watch:
    """A clock that tests move by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def fails(facts: ServerFacts, error: VtigerError, name: str = "lookup") -> bool:
    """Whether the operation was asked for at all; it fails like that."""
    plan = remembering(Operation(name, "GET", {}), facts)
    try:
        next(plan)
    except NotSupported:
        return False
    with pytest.raises((NotSupported, type(error))):
        plan.throw(error)
    return True


def test_an_operation_is_missing_when_the_server_says_so_at_two_times() -> None:
    watch = Watch()
    facts = ServerFacts(dialect="cloud", refusals=Refusals(watch))
    unknown = UnknownOperation("no such operation")
    for watch.now in (0.0, 1.0, ANOTHER_TIME - 1, ANOTHER_TIME):
        assert fails(facts, unknown)
    assert not fails(facts, unknown)
    assert fails(facts, unknown, "reopen")
    with pytest.raises(NotSupported, match="more than once and is not asked again"):
        next(remembering(Operation("lookup", "GET", {}), facts))


def test_an_operation_that_worked_in_between_is_not_missing() -> None:
    watch = Watch()
    facts = ServerFacts(dialect="cloud", refusals=Refusals(watch))
    assert fails(facts, UnknownOperation("no such operation"))
    watch.now = ANOTHER_TIME
    plan = remembering(Operation("lookup", "GET", {}), facts)
    next(plan)
    with pytest.raises(StopIteration):
        plan.send({})
    assert fails(facts, UnknownOperation("no such operation"))
    assert fails(facts, UnknownOperation("no such operation"))


@pytest.mark.parametrize(
    "error",
    [
        ServerError("bad gateway", status=502),
        ServerError("unavailable", status=503),
        ServerError("fatal", status=500),
        MalformedAnswer("login page", status=200),
        NotFound("no such file", code="RECORD_NOT_FOUND", status=404),
        AccessDenied("no", code="ACCESS_DENIED", status=403),
        api_error(Asked("lookup"), "RECORD_NOT_FOUND", "no such file", status=404),
        api_error(Asked("lookup"), "MOON_PHASE", "not tonight", status=501),
    ],
    ids=str,
)
def test_neither_an_outage_nor_a_refusal_is_a_missing_operation(error: VtigerError) -> None:
    watch = Watch()
    facts = ServerFacts(dialect="cloud", refusals=Refusals(watch))
    for watch.now in (0.0, ANOTHER_TIME, 2 * ANOTHER_TIME):
        assert fails(facts, error)
    assert "GET lookup" not in facts.refusals


@pytest.mark.parametrize("name", sorted(CORE))
def test_what_makes_a_crm_is_never_given_up(name: str) -> None:
    watch = Watch()
    refusals = Refusals(watch)
    for watch.now in (0.0, ANOTHER_TIME, 2 * ANOTHER_TIME):
        refusals.refused(f"GET {name}")
    assert f"GET {name}" not in refusals


def test_another_refusal_is_not_taken_for_a_missing_operation() -> None:
    facts = ServerFacts(dialect="cloud")
    plan = remembering(Operation("reopen", "POST", {}), facts)
    next(plan)
    with pytest.raises(AccessDenied):
        plan.throw(AccessDenied("no", code="ACCESS_DENIED", status=403))
    next(remembering(Operation("reopen", "POST", {}), facts))
    plan = remembering(Operation("reopen", "POST", {}), facts)
    next(plan)
    with pytest.raises(MalformedAnswer):
        plan.throw(MalformedAnswer("cut off", status=200))


def test_the_table_is_markdown_with_a_row_for_each() -> None:
    lines = table().splitlines()
    assert len(lines) == len(OPERATIONS) + 2
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {7}


def test_what_only_the_cloud_has_may_be_asked_where_no_version_is_told() -> None:
    """It may be the Cloud behind webservice.php."""
    untold = ServerFacts()
    assert untold.version is None
    require("lookup", untold)
    stock = ServerFacts(server=Server.known(ServerFamily.VTIGER, "8.0.0"))
    with pytest.raises(NotSupported, match="only the Cloud"):
        require("lookup", stock)
