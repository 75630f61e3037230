"""On every server a row that is not what was asked for is never written to, wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.servers.world import SERVERS, World, open_world
from vtiger_orm import MisansweredQuery
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response
from vtiger_orm.importing import import_file

WRITES = frozenset({"create", "revise", "update", "delete", "MassUpdate", "MassDelete"})


@dataclass(frozen=True)
class Misread:
    """A value is answered as another one."""

    text: str
    other: str

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        body = response.body.replace(f'"{self.text}"'.encode(), f'"{self.other}"'.encode())
        return replace(response, body=body)


def _refused(world: World, write: Callable[[], Any]) -> None:
    with world.crm.count_calls() as calls, pytest.raises(MisansweredQuery):
        write()
    assert not WRITES & set(calls.operations)


@pytest.mark.parametrize("server", [each for each in SERVERS if each != "berlicrm"])
def test_nothing_is_written_to_a_row_that_was_not_asked_for(server: str, tmp_path: Path) -> None:
    """The last of two pages has it; of an import and a bulk write the one row that was found.
    Of berliCRM conditions on ids, hence pages, were not measured."""
    world = open_world(server)
    contacts: Any = world.models.Contacts.objects
    with world.session:
        ids = sorted((str(each.id) for each in contacts.all()), key=lambda id_: int(id_[3:]))
        for id_ in ids[:14]:
            world.crm.engine.backdoor.set(id_, lastname="Solid")
        world.crm.engine.backdoor.set(ids[20], lastname="solid", department="KEY7")
        world.crm.faults.always(Misread("solid", "Gas"), operation="query")
        _refused(world, contacts.filter(lastname="Solid").order_by("id")[:20].delete)
        _refused(world, lambda: contacts.filter(lastname="Solid").update(title="x"))
        world.crm.faults.clear()
        world.crm.faults.always(Misread("KEY7", "KEY8"), operation="query")
        row = {"department": "KEY7", "title": "x"}
        _refused(world, lambda: contacts.bulk_update_or_create([row], key="department"))
        path = tmp_path / "people.csv"
        path.write_text("department,title\nKEY7,x\n")
        _refused(world, lambda: import_file(path, contacts, key="department"))
        world.crm.faults.clear()
        assert contacts.filter(title="x").count() == 0
        assert contacts.filter(lastname="Solid").count() == 15


def test_what_lists_answer_is_decided_on_the_rows() -> None:
    """The RestfulApi module is never believed to have decided anything."""
    world = open_world("restfulapi")
    contacts: Any = world.models.Contacts.objects
    with world.session:
        ids = [str(each.id) for each in contacts.order_by("id")]
        for id_ in (*ids[:14], ids[20]):
            world.crm.engine.backdoor.set(id_, lastname="Solid")
        world.crm.engine.backdoor.set(ids[20], lastname="solid")
        world.crm.faults.always(Misread("solid", "Gas"), operation="retrieve")
        assert contacts.filter(lastname="Solid").update(department="x") == 14
        world.crm.faults.clear()
        assert contacts.get(id=ids[20]).department != "x"
