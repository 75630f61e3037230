"""What no list of the RestfulApi module tells: blank in tables of which nobody named the columns,
refused where somebody did, not loaded in records. Never taken for what the record has."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from generated.demo import Contacts, connect
from tests.support.databases import contents
from tests.support.restfulapi import open_restfulapi
from vtiger_orm import Count, NotLoaded, Session, UnsupportedQuery, frames
from vtiger_orm.emulator import Crm
from vtiger_orm.frames.export import export
from vtiger_orm.warehouse.syncing import sync_modules


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as made:
        id_ = made.create("Contacts", {"lastname": "tagged"})["id"]
        made.engine.backdoor.set(id_, tags="red")
        yield made


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with open_restfulapi(crm) as opened:
        yield opened


@dataclass
class Tagged:
    lastname: str
    tags: str | None


EVERY: Any = [each.name for each in Contacts.meta.columns]
UNNAMED: dict[str, Callable[[], Any]] = {
    "all": lambda: Contacts.objects.all(),
    "defer": lambda: Contacts.objects.defer("fax"),
    "defer twice": lambda: Contacts.objects.defer("fax").filter(fax=None).defer("phone"),
    "pickled": lambda: pickle.loads(pickle.dumps(Contacts.objects.defer("fax"))),
}
NAMED: dict[str, Callable[[], Any]] = {
    "only": lambda: Contacts.objects.only("lastname", "tags"),
    "all by name": lambda: Contacts.objects.only(*EVERY),
    "deferred of only": lambda: Contacts.objects.only("lastname", "tags", "fax").defer("fax"),
    "only after defer": lambda: Contacts.objects.defer("fax").only("tags"),
    "pickled": lambda: pickle.loads(pickle.dumps(Contacts.objects.only("tags"))),
}


REFUSED = (NotLoaded, pl.exceptions.ComputeError)
"""The second where polars itself reads."""


def exported(queryset: Any, session: Session, folder: Path) -> Any:
    path = folder / "contacts.jsonl"
    export(queryset.selection, session, path, "jsonl", fields=frames_fields(queryset))
    return json.loads(path.read_text())["tags"]


def frames_fields(queryset: Any) -> Any:
    columns = queryset.selection.columns
    return Contacts.meta.columns if columns is None else columns


TABLES: dict[str, Callable[[Any, Session, Path], Any]] = {
    "values": lambda q, session, folder: next(iter(q.values()))["tags"],
    "values_list": lambda q, session, folder: next(iter(q.values_list(named=True))).tags,
    "values as arrow": lambda q, session, folder: q.values().to_arrow()["tags"][0].as_py(),
    "to_arrow": lambda q, session, folder: q.to_arrow()["tags"][0].as_py(),
    "stream": lambda q, session, folder: pl.DataFrame(q)["tags"][0],
    "scan": lambda q, session, folder: frames.scan(q).collect()["tags"][0],
    "scan, some": lambda q, session, folder: frames.scan(q).select("tags").collect().item(),
    "export": exported,
}


@pytest.mark.parametrize("way", TABLES)
def test_a_table_is_blank_unless_its_columns_are_named(
    session: Session, tmp_path: Path, way: str
) -> None:
    for name, made in UNNAMED.items():
        assert TABLES[way](made(), session, tmp_path) is None, name
    for name, made in NAMED.items():
        with pytest.raises(REFUSED, match=r"tags.*RestfulApi module shows it empty"):
            pytest.fail(f"{name}: {TABLES[way](made(), session, tmp_path)}")


def test_what_is_dropped_from_a_table_leaves_the_rest(session: Session) -> None:
    frame = frames.scan(Contacts.objects.defer("fax")).drop("phone").collect()
    assert frame["lastname"].to_list() == ["tagged"]
    assert "tags" not in Contacts.objects.defer("fax", "tags").to_arrow().column_names


def test_records_have_it_not_loaded(session: Session) -> None:
    for made in (*UNNAMED.values(), *NAMED.values()):
        record = next(iter(made()))
        with pytest.raises(NotLoaded, match="shows it empty"):
            _ = record.tags


@pytest.mark.parametrize(
    "asked",
    [
        lambda: list(Contacts.objects.values("tags")),
        lambda: list(Contacts.objects.into(Tagged)),
        lambda: list(Contacts.objects.values().into(Tagged)),
        lambda: list(Contacts.objects.values("tags").annotate(n=Count())),
        lambda: list(Contacts.objects.values().annotate(n=Count("tags"))),
        lambda: Contacts.objects.aggregate(n=Count("tags")),
    ],
)
def test_it_is_never_counted_as_blank(session: Session, asked: Callable[[], Any]) -> None:
    with pytest.raises((NotLoaded, UnsupportedQuery), match=r"shows? it empty"):
        pytest.fail(str(asked()))


def synced(engine: sa.Engine, session: Session) -> None:
    sync_modules(engine, [Contacts.meta], session, known=["Contacts"]).raise_for_errors()


def test_a_warehouse_keeps_what_another_dialect_has_told(
    crm: Crm, session: Session, tmp_path: Path
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as other:
        synced(engine, other)
    synced(engine, session)
    assert [row["tags"] for row in contents(engine, "Contacts").values()] == ["red"]
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as other:
        crm.engine.backdoor.set(next(iter(contents(engine, "Contacts"))), tags="blue")
        synced(engine, other)
    assert [row["tags"] for row in contents(engine, "Contacts").values()] == ["blue"]
    engine.dispose()
