"""Tables follow what describe tells: columns and modules come, go, come back and change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from generated import demo
from generated.demo import Vendors
from tests.support.databases import contents
from tests.support.kinds import open_session
from vtiger_orm import Session, warehouse
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.warehouse import catalogue
from vtiger_orm.warehouse.syncing import SyncedModule, sync_modules
from vtiger_orm.warehouse.tables import prepared

pytestmark = pytest.mark.parametrize("kind", ["cloud"], indirect=True)

AWKWARD = [
    'He said "no"',
    "two\nlines",
    "100% (x:y)",
    "ID",
    "Straße" * 20,
    "",
    "nul\0",
    ";--",
    "id ",
]


def vendors(*without: str, **instead: FieldMeta) -> ModuleMeta:
    """The facts of Vendors, without some fields, and others by attribute."""
    fields = {name: each for name, each in Vendors.meta.fields.items() if name not in without}
    fields |= instead
    return ModuleMeta.of("Vendors", Vendors.meta.prefix, fields.values())


def synced(engine: sa.Engine, session: Session, meta: ModuleMeta, **more: Any) -> SyncedModule:
    report = sync_modules(engine, [meta], session, known=["Vendors"], **more)
    report.raise_for_errors()
    return report.modules[0]


def test_columns_come_and_go(crm: Crm, kind: str, engine: sa.Engine) -> None:
    crm.engine.store.execute("UPDATE \"m_Vendors\" SET city = 'Lagos'")
    with open_session(crm, kind) as session:
        assert synced(engine, session, vendors("city")).loaded == 5
        assert "city" not in contents(engine, "Vendors").popitem()[1]
        done = synced(engine, session, vendors())
        assert (done.loaded, done.notes) == (5, ("new column city",))
        assert {row["city"] for row in contents(engine, "Vendors").values()} == {"Lagos"}
        done = synced(engine, session, vendors("city"))
        assert done.notes == ("column city is not told any more and kept as it is",)
        assert done.loaded == 0
        assert synced(engine, session, vendors("city")).notes == ()
        assert {row["city"] for row in contents(engine, "Vendors").values()} == {"Lagos"}
        done = synced(engine, session, vendors())
        assert done.notes == ("column city is back",)


def test_a_field_of_another_type_gets_a_column_of_its_own(
    crm: Crm, kind: str, engine: sa.Engine
) -> None:
    crm.engine.store.execute("UPDATE \"m_Vendors\" SET city = '7'")
    with open_session(crm, kind) as session:
        synced(engine, session, vendors())
        number = replace(Vendors.meta.fields["city"], kind=Kind.INTEGER)
        done = synced(engine, session, vendors(city=number))
        assert done.notes[0] == "new column city_2"
        row = contents(engine, "Vendors").popitem()[1]
        assert (row["city"], row["city_2"]) == ("7", 7)


def test_a_column_keeps_its_name(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind) as session:
        synced(engine, session, vendors())
        other = replace(Vendors.meta.fields["city"], name="town", label="Town", wire="city")
        done = synced(engine, session, vendors("city", town=other))
        assert (done.notes, done.loaded) == ((), 0)
        assert "city" in contents(engine, "Vendors").popitem()[1]


def test_any_text_can_be_a_column(crm: Crm, kind: str, engine: sa.Engine) -> None:
    """Names are text of the CRM: quoted, cut and told apart, and never a statement."""
    texts = [each for each in Vendors.meta.columns if each.kind is Kind.STRING]
    labelled = {
        each.name: replace(each, label=label) for each, label in zip(texts, [*AWKWARD, *AWKWARD])
    }
    meta = vendors(**labelled)
    with open_session(crm, kind) as session:
        synced(engine, session, meta, names="label")
        rows = contents(engine, "Vendors")
        names = list(rows.popitem()[1])
        assert len({name.casefold() for name in names}) == len(meta.columns)
        assert max(len(name.encode()) for name in names) <= 63
        assert "two\nlines" in names
        synced(engine, session, meta, names="label")
        with engine.begin() as connection:  # a name that comes later: ALTER TABLE
            odd = replace(texts[0], wire="odd", label='a "b" %s')
            more = [*meta.columns, odd]
            prepared(connection, meta, more, "label", datetime.now(UTC))


def test_modules_that_are_gone_are_marked(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind) as session:
        synced(engine, session, vendors())
        report = sync_modules(engine, [demo.Accounts.meta], session, known=["Accounts"])
        assert report.gone == ("Vendors",)
        assert len(contents(engine, "Vendors")) == 5
        with engine.connect() as connection:
            assert catalogue.modules(connection)["Vendors"].gone_at is not None
        again = sync_modules(engine, [demo.Accounts.meta], session, known=["Accounts"])
        assert again.gone == ()
        crm.create("Vendors", {"vendorname": "Later"})
        done = synced(engine, session, vendors())
        assert "it is back" in done.notes
        assert len(contents(engine, "Vendors")) == 6


def test_foreign_tables_are_not_touched(crm: Crm, kind: str, engine: sa.Engine) -> None:
    own = sa.Table("Vendors", sa.MetaData(), sa.Column("mine", sa.Integer))
    own.create(engine)
    with open_session(crm, kind):
        with pytest.raises(ConfigError, match="'Vendors' that is not of the CRM"):
            warehouse.sync(engine, demo, modules=["Vendors"]).raise_for_errors()
        with engine.connect() as connection:
            assert connection.execute(sa.select(own)).all() == []


def test_another_crm_is_refused(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind) as session:
        synced(engine, session, vendors())
        other = ModuleMeta.of("Vendors", "99", Vendors.meta.fields.values())
        with pytest.raises(ConfigError, match="holds another CRM"):
            synced(engine, session, other)
