"""On every server each record comes once, whichever field it is sorted by or asked for with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.world import SERVERS, open_world


@pytest.mark.parametrize("server", [each for each in SERVERS if each != "berlicrm"])
@pytest.mark.parametrize("module", ["Quotes", "Accounts"])
def test_no_field_makes_a_record_come_twice(server: str, module: str) -> None:
    """The fields of line items, of which a record has several, are in no query at all.
    Of berliCRM conditions on ids, hence pages, were not measured."""
    world = open_world(server)
    world.session.close()
    dialect: Any = "cloud" if server == "cloud" else "webservice"
    credentials = world.crm.credentials()
    transport = world.crm.transport()
    with world.models.connect(world.crm.url, *credentials, dialect=dialect, transport=transport):
        model: Any = getattr(world.models, module)
        every = sorted(str(id_) for id_ in model.objects.values_list("id", flat=True))
        assert len(set(every)) == len(every) == model.objects.count()
        for each in model.meta.fields.values():
            if each.sortable:
                found = model.objects.only(each.name).order_by(each.name)
                assert sorted(str(record.id) for record in found) == every, each
