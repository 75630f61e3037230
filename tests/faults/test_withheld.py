"""Sessions that only read, and dry runs: every operation of the matrix, and so of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vtiger_orm.calls.operations import Operation as Named
from vtiger_orm.calls.operations import alters
from vtiger_orm.calls.outcome import outcome_of
from vtiger_orm.calls.support import OPERATIONS
from vtiger_orm.emulator import CallRecord
from vtiger_orm.errors import DryRun, NotSupported, ReadOnly, VtigerError

from .operations import Effect, Operation
from .reads import READS
from .world import DRIVERS, World, do, make
from .writes import WRITES

LOGINS = {"getchallenge", "login", "logout"}
UNNAMED = {"create multiple records", "create with a file", "sub-request"}
"""Ways of the table that go by the name of another operation."""


@pytest.fixture(scope="module", params=DRIVERS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = make("cloud", request.param)
    yield made
    made.close()


def done(world: World, operation: Operation, **settings: Any) -> tuple[Any, list[str], Any]:
    """Its value or error, the operations that the CRM was asked, and what was withheld."""
    asked: list[str] = []

    def listen(record: CallRecord) -> None:
        asked.append(record.call.operation)

    with world.session(**settings) as session:

        async def work() -> Any:
            return await operation.work(world.driver, do(world.driver), session)

        world.crm.listeners.append(listen)
        try:
            return world.run(work), asked, session.withheld
        except VtigerError as error:
            return error, asked, session.withheld
        finally:
            world.crm.listeners.remove(listen)
            world.run(lambda: do(world.driver)(session, "close"))


def written(asked: list[str]) -> set[str]:
    return {name for name in asked if alters(Named(name))} - LOGINS


def test_every_operation_of_the_table_that_writes_is_one_of_the_matrix(world: World) -> None:
    """So a new one is withheld, and meets every fault, or this fails."""
    named = {name for entry in OPERATIONS for name in entry.replace(":", ",").split(", ")}
    writing = {name.lower() for name in named if alters(Named(name))} - LOGINS - UNNAMED
    met = {name for each in WRITES for name in written(done(world, each)[1])}
    assert writing - {"count(*)"} <= met


@pytest.mark.parametrize("operation", WRITES, ids=lambda each: each.name)
@pytest.mark.parametrize("setting", ["read_only", "dry_run"])
def test_no_write_leaves_the_process(world: World, setting: str, operation: Operation) -> None:
    value, asked, withheld = done(world, operation, **{setting: True})
    assert written(asked) == set()
    if operation.effect is Effect.TOLD and setting == "dry_run":
        assert set(value) == {"pending"}
    else:
        assert isinstance(value, VtigerError)
        assert outcome_of(value).undone
    assert bool(withheld) is (setting == "dry_run")
    if withheld:
        assert written(done(world, operation)[1]) >= {withheld[0].operation}


@pytest.mark.parametrize("operation", READS, ids=lambda each: each.name)
def test_what_reads_reads(world: World, operation: Operation) -> None:
    if world.driver not in operation.drivers:
        return
    plain, _, _ = done(world, operation)
    for setting in ("read_only", "dry_run"):
        value, _, withheld = done(world, operation, **{setting: True})
        assert not isinstance(value, (ReadOnly, DryRun, NotSupported))
        assert value == plain
        assert not withheld
