"""Law of scans: whatever polars asks, a scan answers what polars makes of all the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import generated.demo
from generated.demo import Accounts, Contacts, Potentials, connect

if TYPE_CHECKING:
    from generated.demo._typing.potentials import PotentialsField
from vtiger_orm import Session, frames
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import NoSession

c = pl.col
FIELDS: Final[list[PotentialsField]] = [
    "id",
    "potentialname",
    "nextstep",
    "amount",
    "probability",
    "closingdate",
    "createdtime",
    "sales_stage",
    "leadsource",
    "related_to",
    "isconvertedfromlead",
]

CLOSED: Final[list[Literal["both", "left", "right", "none"]]] = ["both", "left", "right", "none"]


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as demo:
        yield demo


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        session.modules()
        yield session


@pytest.fixture(scope="module")
def deals(session: Session) -> pl.LazyFrame:
    return frames.scan(Potentials.objects.only(*FIELDS))


@pytest.fixture(scope="module")
def whole(session: Session) -> pl.DataFrame:
    return Potentials.objects.only(*FIELDS).to_polars()


def odd(value: Any) -> Iterator[Any]:
    """Values near this one."""
    yield value
    match value:
        case str():
            yield from (value.upper(), value.lower(), f"{value} ", value[:3], "", " ", "\U0001f600")
        case Decimal():
            yield from (value + 1, -value, Decimal("0.1"), 3, 2.5)
        case datetime():
            yield value.replace(microsecond=500_000)
        case date():
            yield value.replace(year=1999)


def leaf(whole: pl.DataFrame, draw: st.DrawFn) -> pl.Expr:
    name = draw(st.sampled_from(FIELDS))
    column, kind = c(name), whole.schema[name]
    if kind == pl.Boolean:
        return draw(st.sampled_from([column, ~column, column.is_null(), column.eq(True)]))
    known = whole[name].drop_nulls().unique().sort().to_list() or ["none"]
    value = draw(st.sampled_from(known).flatmap(lambda each: st.sampled_from(list(odd(each)))))
    others = draw(st.lists(st.sampled_from(known), max_size=3))
    forms = [
        column == value,
        column != value,
        ~(column == value),
        column < value,
        column >= value,
        column.is_null(),
        column.is_not_null(),
        column.is_in(others),
        ~column.is_in(others),
        column.is_in([*others, None]),
        *(column.is_between(pl.lit(value), pl.lit(known[-1]), closed=each) for each in CLOSED),
        column.eq_missing(value),
        column.is_null() | (column == value),
    ]
    if kind == pl.String and isinstance(value, str):
        forms += [
            column.str.starts_with(value),
            column.str.ends_with(value),
            column.str.contains(value, literal=True),
            column.str.to_lowercase() == value,
            column.str.len_chars() > len(value),
        ]
    chosen: pl.Expr = draw(st.sampled_from(forms))
    return chosen


def tree(whole: pl.DataFrame, draw: st.DrawFn, depth: int) -> pl.Expr:
    if not depth or draw(st.booleans()):
        return leaf(whole, draw)
    one, other = tree(whole, draw, depth - 1), tree(whole, draw, depth - 1)
    return draw(st.sampled_from([one & other, one | other, ~one, ~(one | other), one ^ other]))


@given(data=st.data())
def test_a_scan_is_polars_over_all_rows(
    deals: pl.LazyFrame, whole: pl.DataFrame, data: st.DataObject
) -> None:
    expression = data.draw(st.composite(lambda draw: tree(whole, draw, 3))())
    columns = data.draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True))
    query = data.draw(
        st.sampled_from(
            [
                lambda frame: frame.filter(expression).select(columns),
                lambda frame: frame.head(40).filter(expression),
                lambda frame: frame.filter(expression).head(3),
                lambda frame: frame.select(columns).filter(pl.len() > 0).head(5),
                lambda frame: frame.filter(expression).sort("id").tail(2),
            ]
        )
    )
    assert query(deals).collect().equals(query(whole.lazy()).collect())


@pytest.mark.parametrize(
    ("expression", "most"),
    [
        (c("potentialname").str.starts_with("Deal 00"), 2),
        ((c("sales_stage") == "Closed Won") & (c("amount") > 400_000), 2),
        (c("related_to") == "11x204", 2),
        (c("closingdate").is_between(date(2026, 1, 1), date(2026, 2, 1)), 2),
        (c("createdtime") < datetime(2024, 1, 1, tzinfo=UTC), 2),
        (c("leadsource").is_null() & c("potentialname").is_in(["Deal 001", "Deal 002"]), 6),
    ],
)
def test_only_matching_pages_are_read(
    crm: Crm, deals: pl.LazyFrame, expression: pl.Expr, most: int
) -> None:
    with crm.count_calls() as calls:
        deals.filter(expression).collect()
    assert calls.number <= most


def test_explain_tells_what_would_be_asked(crm: Crm, session: Session) -> None:
    with crm.count_calls() as calls:
        first, second = frames.explain(
            lambda deals, accounts: deals.filter(c("amount") > 1000)
            .join(accounts, left_on="related_to", right_on="id")
            .select("potentialname", "accountname"),
            Potentials.objects,
            Accounts.objects,
        )
    assert calls.number == 0
    texts = sorted((*first.statements, *second.statements))
    assert texts[0].startswith("select id,accountname from Accounts")
    assert "where amount > '1000'" in texts[1]


def test_joins_are_of_polars(session: Session) -> None:
    deals, accounts = frames.scan(Potentials.objects), frames.scan(Accounts.objects)
    joined = deals.join(accounts, left_on="related_to", right_on="id").select(
        "amount", "accountname"
    )
    assert joined.collect().height == Potentials.objects.filter(related_to__isnull=False).count()


def test_a_sliced_queryset_is_filtered_after_its_slice(session: Session) -> None:
    part = Potentials.objects.order_by("-amount")[:20]
    truth = [each.potentialname for each in part if (each.amount or 0) > 600_000]
    found = frames.scan(part).filter(c("amount") > 600_000).collect()
    assert found["potentialname"].to_list() == truth


def test_duckdb_hands_down_what_it_can(crm: Crm, session: Session) -> None:
    with duckdb.connect() as database:
        frames.duckdb(database, generated.demo)
        with crm.count_calls() as calls:
            found = database.sql(
                "select potentialname, amount from Potentials "
                "where sales_stage in ('Closed Won', 'Closed Lost') and amount > 500000"
            )
            assert found is not None
            rows = found.fetchall()
        assert calls.number <= 3
        truth = Potentials.objects.filter(
            sales_stage__in=[Potentials.SalesStage.CLOSED_WON, Potentials.SalesStage.CLOSED_LOST],
            amount__gt=500_000,
        )
        assert len(rows) == truth.count()
        frames.duckdb(database, generated.demo, max_rows=100)
        with pytest.raises(duckdb.Error, match="max_rows"):
            database.sql("select lastname, count(*) from Contacts group by 1").fetchall()


def test_where_it_asks(session: Session) -> None:
    """The session that is open when it is made, or else where it is collected."""

    def in_a_thread(work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    contacts = Contacts.objects.only("lastname")[:1]
    assert in_a_thread(frames.scan(contacts).collect).height == 1
    with pytest.raises((NoSession, pl.exceptions.ComputeError), match="No session"):
        in_a_thread(lambda: frames.scan(contacts).collect())
