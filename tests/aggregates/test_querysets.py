"""`aggregate` and `annotate` as an application meets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from generated.demo import Contacts, Potentials, connect
from vtiger_orm import Avg, Count, Max, Min, QuerySet, Session, Sum
from vtiger_orm.aggregates.functions import Aggregate, figures_of
from vtiger_orm.aggregates.groups import group_key
from vtiger_orm.aggregates.plan import plan_groups
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidLookup, Unreadable, UnsupportedQuery


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as demo:
        yield demo


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport(), parallel=1) as session:
        yield session


def test_figures_are_exact(session: Session) -> None:
    amounts = [each.amount for each in Potentials.objects.only("amount")]
    known = [each for each in amounts if each is not None]
    found = Potentials.objects.aggregate(
        Sum("amount"), n=Count(), known=Count("amount"), mean=Avg("amount")
    )
    assert found["amount__sum"] == sum(known)
    assert found["n"] == len(amounts)
    assert found["known"] == len(known)
    mean = found["mean"]
    assert isinstance(mean, Decimal)
    assert abs(mean * len(known) - sum(known)) < Decimal("1e-15")


def test_what_the_server_says_alone_reads_no_rows(crm: Crm, session: Session) -> None:
    assert Potentials.objects.count()  # the session is open
    days = [each for each in Potentials.objects.values_list("closingdate", flat=True) if each]
    with crm.count_calls() as calls:
        found = Potentials.objects.aggregate(
            n=Count(), first=Min("closingdate"), last=Max("closingdate")
        )
    assert found == {"n": 315, "first": min(days), "last": max(days)}
    assert calls.number <= 6


@pytest.mark.parametrize(
    "figures",
    [
        {"n": Count()},
        {"n": Count("amount"), "first": Min("closingdate"), "last": Max("closingdate")},
        {"total": Sum("amount"), "n": Count()},
        {"n": Count("sales_stage", distinct=True)},
    ],
    ids=str,
)
def test_the_cost_is_told_first(crm: Crm, session: Session, figures: dict[str, Aggregate]) -> None:
    assert Potentials.objects.count()  # the session is open
    deals = Potentials.objects.filter(amount__gt=5)
    with crm.count_calls() as calls:
        told = deals.explain_aggregate(**figures)
    assert calls.number == 0
    with crm.count_calls() as calls:
        deals.aggregate(**figures)
    if told.calls is None:
        assert told.rows_per_call is not None
        assert told.calls_beside is not None
        assert calls.number <= 315 // told.rows_per_call + told.calls_beside
    else:
        assert calls.number <= told.calls
    assert calls.queries[0].split(" where ")[0] in {
        text.split(" where ")[0] for text in told.statements
    }


def test_sums_that_come_to_zero_are_printed_as_zero(crm: Crm) -> None:
    with crm.copy() as own, connect(own.url, *own.credentials(), transport=own.transport()):
        for amount in ("12.34567891", "-12.34567891"):
            made = Potentials(potentialname="Even", amount=Decimal(amount))
            made.closingdate = date(2026, 1, 1)
            made.sales_stage = Potentials.SalesStage.QUALIFICATION
            made.save()
        found = Potentials.objects.filter(potentialname="Even").aggregate(
            Sum("amount"), Avg("amount"), n=Count()
        )
    assert {name: str(value) for name, value in found.items()} == {
        "amount__sum": "0.00",
        "amount__avg": "0.00",
        "n": "2",
    }


def test_nothing_gives_none_and_zero(session: Session) -> None:
    nothing = Potentials.objects.none()
    assert nothing.aggregate(
        Sum("amount"), Avg("amount"), Min("closingdate"), Max("potentialname"), n=Count()
    ) == {
        "amount__sum": None,
        "amount__avg": None,
        "closingdate__min": None,
        "potentialname__max": None,
        "n": 0,
    }
    assert list(nothing.values("sales_stage").annotate(n=Count())) == []


def test_a_slice_is_summed_up_as_it_is(session: Session) -> None:
    part = Potentials.objects.filter(amount__isnull=False).order_by("-amount")[2:5]
    assert part.aggregate(Sum("amount"))["amount__sum"] == sum(each.amount or 0 for each in part)


def test_groups_have_the_values_of_records(session: Session) -> None:
    groups = Potentials.objects.values("sales_stage").annotate(total=Sum("amount"), n=Count())
    rows = list(groups.order_by("-total"))
    assert all(isinstance(row["sales_stage"], Potentials.SalesStage) for row in rows)
    assert sum(row["n"] for row in rows) == Potentials.objects.count()
    totals = [row["total"] for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert groups.order_by("-total").first() == rows[0]
    assert list(groups.order_by("-total")[1:3]) == rows[1:3]
    stages = [row["sales_stage"] for row in groups]
    assert stages == sorted(stages)


@pytest.mark.parametrize("field", ["id", "potentialname", "related_to", "sales_stage"])
def test_counts_are_ordered_as_numbers_whatever_is_counted(session: Session, field: str) -> None:
    groups = Potentials.objects.values("sales_stage").annotate(n=Count(field))
    found = [row["n"] for row in groups.order_by("-n")]
    assert found == sorted(found, reverse=True)
    assert len(found) > 2


def test_references_lead_on_from_groups(session: Session) -> None:
    top = Potentials.objects.values("related_to").annotate(n=Count()).order_by("-n").first()
    assert top is not None
    assert Potentials.objects.filter(related_to=top["related_to"]).count() == top["n"]


def test_parts_of_dates(session: Session) -> None:
    months = Potentials.objects.values("closingdate__year", "closingdate__month").annotate(
        n=Count()
    )
    for row in months.order_by("-n")[:3]:
        found = Potentials.objects.filter(
            closingdate__year=row["closingdate__year"], closingdate__month=row["closingdate__month"]
        )
        assert found.count() == row["n"]
    assert Potentials.objects.values_list("closingdate__year", flat=True)[:1][0] == 2026


def test_moments_are_grouped_in_the_time_zone_of_the_session(crm: Crm) -> None:
    def days(timezone: str) -> dict[date, int]:
        with connect(crm.url, *crm.credentials(), transport=crm.transport(), timezone=timezone):
            groups = Potentials.objects.values("createdtime__date").annotate(n=Count())
            return {row["createdtime__date"]: row["n"] for row in groups}

    utc, there = days("UTC"), days("Pacific/Kiritimati")
    assert sum(utc.values()) == sum(there.values())
    assert utc != there


def test_a_count_a_choice_gives_what_reading_gives(crm: Crm, session: Session) -> None:
    """Counts are taken where they are fewer calls, which the size of a page decides."""
    keys = [group_key(Contacts.meta, "leadsource", "values")]
    figures = figures_of(Contacts.meta, (), {"n": Count()}, "annotate")
    selection = Contacts.objects.selection

    def groups(page_size: int) -> tuple[dict[str, object], int]:
        env = replace(session.environment, page_size=page_size)
        with crm.count_calls() as calls:
            found = session.run(plan_groups(selection, keys, figures, env))
        return {each.row["leadsource"]: each.figures for each in found}, calls.number

    read, pages = groups(100)
    counted, counts = groups(20)
    assert counted == read
    assert pages == 14  # a page behind the last one: a short page is no end by itself
    assert counts <= 2 + len(Contacts.LeadSource) + 2


async def test_awaited(crm: Crm) -> None:
    async with connect(crm.url, *crm.credentials(), transport=crm.transport()):
        groups = Potentials.objects.values("sales_stage").annotate(n=Count())
        rows = await groups
        assert rows == [row async for row in groups]
        assert await groups.afirst() == rows[0]
        assert (await Potentials.objects.aaggregate(n=Count()))["n"] == 315


def test_what_cannot_be_asked_says_why(session: Session) -> None:
    potentials: QuerySet[Potentials] = Potentials.objects
    with pytest.raises(InvalidLookup, match="a string field, and Sum is made of: decimal, integer"):
        potentials.aggregate(Sum("potentialname"))
    with pytest.raises(InvalidLookup, match="'amount'"):
        potentials.aggregate(Sum("amonut"))
    with pytest.raises(InvalidLookup, match="needs what to find out"):
        potentials.aggregate()
    with pytest.raises(InvalidLookup, match="not 'amount'"):
        potentials.aggregate("amount")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(InvalidLookup, match="given twice"):
        potentials.aggregate(Sum("amount"), amount__sum=Count())
    with pytest.raises(UnsupportedQuery, match=r"follows values\(\)"):
        potentials.values_list("sales_stage").annotate(n=Count())
    with pytest.raises(InvalidLookup, match="closingdate__year, closingdate__month"):
        potentials.values("closingdate__day")
    groups = potentials.values("sales_stage").annotate(total=Sum("amount"))
    with pytest.raises(InvalidLookup, match="Did you mean 'total'"):
        groups.order_by("-totl")
    with pytest.raises(InvalidLookup, match="have 'sales_stage' already"):
        potentials.values("sales_stage").annotate(sales_stage=Count())


def test_an_unreadable_value_is_told_not_left_out() -> None:
    with Crm(data=None) as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        stage = {"sales_stage": "Prospecting", "amount": "1"}
        crm.create("Potentials", {"potentialname": "odd", "closingdate": "2024-01-01", **stage})
        groups = Potentials.objects.values("closingdate__year").annotate(
            n=Count(), at=Max("modifiedtime")
        )
        (row,) = groups
        assert row["closingdate__year"] == 2024
        assert isinstance(row["at"], datetime)
        assert row["at"].tzinfo is UTC
        crm.engine.store.execute("UPDATE \"m_Potentials\" SET amount = 'much'")
        with pytest.raises(Unreadable, match=r"13x[0-9]+: .*'much'.*'amount'"):
            Potentials.objects.aggregate(Sum("amount"))
