"""Querysets as Arrow streams, and what other libraries make of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from generated.demo import Contacts, Events, Potentials, connect
from tests.properties.strategies import datasets
from tests.properties.test_truth import META, filled
from tests.support.planned import careful
from vtiger_orm import Session
from vtiger_orm.columns.arrow import Batches, schema_of
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import Unreadable, UnsupportedQuery
from vtiger_orm.values import decode


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as demo:
        yield demo


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        session.modules()
        yield session


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@given(rows=datasets())
def test_every_kind_survives_arrow_and_polars(rows: list[dict[str, Any]]) -> None:
    """Law: a column holds what the field's values read as; blank is NULL, whatever its form."""
    env = careful()
    stored = filled(rows, env).everything("Things")
    batches = Batches(META.columns, env.zone)
    pages = [stored[n : n + 4] for n in range(0, len(stored), 4)]
    table = batches.table(map(batches.of, pages))
    truth = [
        {each.name: plain(decode(each, row[each.wire])) for each in META.columns} for row in stored
    ]
    assert table.to_pylist() == truth
    assert pl.DataFrame(table).to_dicts() == truth


def test_the_schema_follows_the_describe_answer_alone() -> None:
    types = {each.name: each.type for each in schema_of(META.columns)}
    assert types == {
        "id": pa.string(),
        "name": pa.string(),
        "note": pa.string(),
        "mail": pa.string(),
        "stage": pa.string(),
        "tags_": pa.list_(pa.string()),
        "whole": pa.int64(),
        "amount": pa.decimal128(38, 8),
        "money": pa.decimal128(38, 8),
        "flag": pa.bool_(),
        "day": pa.date32(),
        "moment": pa.timestamp("us", tz="UTC"),
        "hour": pa.time64("us"),
        "parent": pa.string(),
        "assigned_user_id": pa.string(),
    }
    dictionary = schema_of([META.fields["stage"]], categories=True)
    assert dictionary.field("stage").type == pa.dictionary(pa.int32(), pa.string())
    described = schema_of([Contacts.meta.fields["lastname"]]).field("lastname").metadata
    assert described == {b"label": b"Last Name", b"wire": b"lastname"}


def test_libraries_read_a_queryset_as_it_is(session: Session) -> None:
    deals = Potentials.objects.filter(amount__isnull=False).values("id", "amount", "closingdate")
    truth = [(row["id"], row["amount"], row["closingdate"]) for row in deals]
    assert pl.DataFrame(deals).rows() == truth
    assert [tuple(row.values()) for row in pa.table(deals).to_pylist()] == truth
    found = duckdb.sql("select * from deals")
    assert found is not None
    assert found.fetchall() == truth
    assert len(pd.DataFrame.from_arrow(deals)) == len(truth)  # type: ignore[attr-defined]  # pandas 3
    assert deals.to_pandas().dtypes["amount"] == pd.ArrowDtype(pa.decimal128(38, 8))
    assert deals.to_polars().schema == {
        "id": pl.String,
        "amount": pl.Decimal(38, 8),
        "closingdate": pl.Date,
    }


def test_records_and_columns_are_chosen_as_elsewhere(session: Session) -> None:
    some = Contacts.objects.only("lastname", "birthday").order_by("-lastname")[3:8]
    table = some.to_arrow()
    assert table.column_names == ["id", "lastname", "birthday"]
    assert table["lastname"].to_pylist() == [each.lastname for each in some]
    assert Contacts.objects.none().to_arrow().schema == schema_of(Contacts.meta.columns)
    assert set(Contacts.objects.defer("description")[:1].to_arrow().column_names) == {
        each.name for each in Contacts.meta.columns if each.name != "description"
    }
    with pytest.raises(UnsupportedQuery, match="a table of their own"):
        Contacts.objects.select_related("account_id").to_arrow()


def test_a_page_is_read_when_a_batch_is_wanted(crm: Crm, session: Session) -> None:
    with crm.count_calls() as calls:
        reader = pa.RecordBatchReader.from_stream(Contacts.objects.only("lastname"))
        assert calls.number == 0
        assert reader.read_next_batch().num_rows == 100
    assert calls.number <= 2  # one page ahead
    contacts = Contacts.objects.only("lastname")
    with crm.count_calls() as calls, duckdb.connect() as database:
        counted = database.register("people", contacts).sql("select count(*) from people")
        assert counted.fetchall() == [(1189,)]
    assert calls.number <= 14  # read once, though the schema was asked for before


async def test_awaited(crm: Crm) -> None:
    async with connect(crm.url, *crm.credentials(), transport=crm.transport()):
        contacts = Contacts.objects.filter(lastname__startswith="S").only("lastname")
        table = await contacts.ato_arrow()
        assert table.num_rows == await contacts.acount()
        assert (await contacts.ato_polars()).height == table.num_rows
        assert len(await contacts.ato_pandas()) == table.num_rows


def test_values_that_do_not_fit_are_told() -> None:
    env = careful()
    whole, money = META.fields["whole"], META.fields["money"]
    rows = [{"id": "40x1", "whole": "1", "money": "1.5"}, {"id": "40x2", "whole": "", "money": ""}]
    wide = [*rows, {"id": "40x3", "whole": str(2**70), "money": "0.123456789"}]
    for field in (whole, money):
        with pytest.raises(Unreadable, match=f"40x3: .*{field.name!r} does not fit"):
            Batches([field], env.zone).of(wide)
        column = Batches([field], env.zone, "null").of(wide).column(0).to_pylist()
        assert column[1:] == [None, None]
    with pytest.raises(Unreadable, match=r"40x3: .*'odd'.*'whole'"):
        Batches([whole], env.zone).of([*rows, {"id": "40x3", "whole": "odd"}])
    odd = [*rows, {"id": "40x3", "whole": "odd"}]
    assert Batches([whole], env.zone, "null").of(odd).column(0).to_pylist() == [1, None, None]


def test_times_and_moments_are_of_their_types(session: Session) -> None:
    row = Events.objects.values("time_start", "createdtime", "date_start").to_arrow()[:1]
    (values,) = row.to_pylist()
    assert isinstance(values["time_start"], time)
    assert isinstance(values["date_start"], date)
    assert isinstance(values["createdtime"], datetime)
    assert values["createdtime"].utcoffset() == UTC.utcoffset(None)
