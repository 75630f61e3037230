"""A statement of one's own is refused too where the server might answer other rows with success."""

from __future__ import annotations

import pytest

from tests.servers.world import open_world
from vtiger_orm import UnsupportedQuery

REFUSED = [
    ("corebos", "select id from Contacts where (lastname = 'x');", "second parser"),
    ("corebos", "select id from Contacts where firstname is null;", "second parser"),
    ("corebos", "select id from Contacts where lastname not in ('x');", "second parser"),
    ("berlicrm", "select * from Contacts where id = '12x5';", "compares ids"),
]


@pytest.mark.parametrize(("server", "statement", "why"), REFUSED)
def test_it_is_not_sent(server: str, statement: str, why: str) -> None:
    world = open_world(server)
    world.session.identify()
    contacts = world.models.Contacts.objects.using(world.session)
    with world.crm.count_calls() as calls, pytest.raises(UnsupportedQuery, match=why):
        contacts.raw(statement)
    assert calls.number == 0
    world.session.close()


def test_any_other_is() -> None:
    world = open_world("corebos")
    contacts = world.models.Contacts.objects.using(world.session)
    assert contacts.raw("select id, lastname from Contacts where lastname in ('x', 'y');") == []
    assert len(contacts.raw("select id, lastname from Contacts limit 3;")) == 3
    world.session.close()
