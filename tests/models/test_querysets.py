"""What comes out: records, values, counts, and the errors of asking for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.support.sample_crm import session_on
from tests.support.sample_package import Accounts, Contacts, Potentials
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import DoesNotExist, MultipleRecords, NotLoaded, UnsupportedQuery


@pytest.fixture(scope="module")
def small() -> Iterator[Crm]:
    """Seven contacts, two accounts, one opportunity."""
    with Crm(data=None) as empty_crm:
        bank = empty_crm.create("Accounts", {"accountname": "Bank"})["id"]
        empty_crm.create("Accounts", {"accountname": "Bakery"})
        for number, name in enumerate(["Ames", "Bell", "Cole", "Dean", "Eng", "Fox", "Gray"]):
            empty_crm.create(
                "Contacts",
                {
                    "lastname": name,
                    "firstname": "Ann" if number % 2 else "Bob",
                    "birthday": f"1990-01-0{number + 1}",
                    "account_id": bank,
                    "leadsource": "Web Site" if number < 2 else "Cold Call",
                },
            )
        empty_crm.create(
            "Potentials",
            {
                "potentialname": "Big",
                "closingdate": "2024-02-29",
                "amount": "12.5",
                "related_to": bank,
                "sales_stage": "Prospecting",
            },
        )
        yield empty_crm


@pytest.fixture
def session(small: Crm) -> Iterator[object]:
    with session_on(small) as session:
        yield session


pytestmark = pytest.mark.usefixtures("session")

NAMES = ["Ames", "Bell", "Cole", "Dean", "Eng", "Fox", "Gray"]


def test_iterating_reads_all_in_the_order_of_ids_each_time_anew(small: Crm) -> None:
    everyone = Contacts.objects.all()
    with small.count_calls() as calls:
        assert [each.lastname for each in everyone] == NAMES
        assert [each.lastname for each in everyone] == NAMES
    assert calls.number >= 2


async def test_async_for_and_await() -> None:
    assert [each.lastname async for each in Contacts.objects] == NAMES
    found = await Contacts.objects.filter(firstname="Ann")
    assert [each.lastname for each in found] == ["Bell", "Dean", "Fox"]


def test_conditions_orders_and_slices() -> None:
    qs = Contacts.objects.exclude(firstname="Ann").order_by("-lastname")
    assert [each.lastname for each in qs] == ["Gray", "Eng", "Cole", "Ames"]
    assert [each.lastname for each in qs[1:3]] == ["Eng", "Cole"]
    assert list(qs[4:]) == []
    assert list(qs[2:2]) == []


def test_one_position() -> None:
    ordered = Contacts.objects.order_by("lastname")
    assert ordered[2].lastname == "Cole"
    assert ordered[3:][1].lastname == "Eng"
    with pytest.raises(IndexError, match="no position 7"):
        ordered[7]
    with pytest.raises(IndexError):
        ordered[:2][2]


def test_first_and_last() -> None:
    first, last = Contacts.objects.first(), Contacts.objects.last()
    assert first is not None
    assert last is not None
    assert (first.lastname, last.lastname) == ("Ames", "Gray")
    by_name = Contacts.objects.order_by("-lastname")
    first, last = by_name.first(), by_name.last()
    assert first is not None
    assert last is not None
    assert (first.lastname, last.lastname) == ("Gray", "Ames")
    assert Contacts.objects.filter(lastname="Nobody").first() is None
    assert Contacts.objects.none().last() is None
    third = Contacts.objects[2:4].first()
    assert third is not None
    assert third.lastname == "Cole"


async def test_afirst_and_alast() -> None:
    first, last = await Contacts.objects.afirst(), await Contacts.objects.alast()
    assert first is not None
    assert last is not None
    assert (first.lastname, last.lastname) == ("Ames", "Gray")


def test_get_finds_exactly_one() -> None:
    cole = Contacts.objects.get(lastname="Cole")
    assert cole.birthday == date(1990, 1, 3)
    assert cole.leadsource is Contacts.LeadSource.COLD_CALL
    assert Contacts.objects.get(id=cole.id) == cole
    assert Contacts.objects.filter(lastname="Cole").get() == cole


def test_get_tells_the_condition_when_there_is_none_or_more() -> None:
    with pytest.raises(Contacts.DoesNotExist, match=r"No Contacts satisfies: lastname = 'Nobody'"):
        Contacts.objects.get(lastname="Nobody")
    with pytest.raises(Contacts.MultipleRecords, match=r"firstname = 'Ann'.*first\(\)"):
        Contacts.objects.get(firstname="Ann")
    assert issubclass(Contacts.DoesNotExist, DoesNotExist)
    assert not issubclass(Contacts.DoesNotExist, Accounts.DoesNotExist)
    assert issubclass(Contacts.MultipleRecords, MultipleRecords)


async def test_aget() -> None:
    assert (await Contacts.objects.aget(lastname="Cole")).lastname == "Cole"
    with pytest.raises(Contacts.DoesNotExist):
        await Contacts.objects.aget(lastname="Nobody")


def test_count_and_exists(small: Crm) -> None:
    assert Contacts.objects.count() == 7
    assert Contacts.objects.exclude(firstname="Ann").count() == 4
    assert Contacts.objects[5:100].count() == 2
    assert Contacts.objects.filter(firstname="Ann").exists()
    assert not Contacts.objects.filter(lastname="Nobody").exists()


def test_none_sends_nothing(small: Crm) -> None:
    with small.count_calls() as calls:
        assert list(Contacts.objects.none()) == []
        assert Contacts.objects.none().count() == 0
        assert not Contacts.objects.none().exists()
        assert Contacts.objects.none().first() is None
        assert Contacts.objects.none().in_bulk() == {}
        assert Contacts.objects.in_bulk([]) == {}
    assert calls.number == 0


async def test_the_a_twins_of_counting() -> None:
    assert await Contacts.objects.acount() == 7
    assert await Contacts.objects.filter(firstname="Ann").aexists()


def test_in_bulk_is_keyed_by_id_in_the_given_order() -> None:
    a, b, c = Contacts.objects.order_by("lastname")[:3]
    found = Contacts.objects.in_bulk([c, str(a.id), b.id, a.id, "12x999999"])
    assert list(found) == [c.id, a.id, b.id]
    assert found[a.id] == a
    assert len(Contacts.objects.in_bulk()) == 7
    with pytest.raises(UnsupportedQuery, match="slice"):
        Contacts.objects[:2].in_bulk([a])


async def test_ain_bulk() -> None:
    first = await Contacts.objects.afirst()
    assert first is not None
    assert await Contacts.objects.ain_bulk([first]) == {first.id: first}


def test_only_leaves_the_rest_unread() -> None:
    contact = Contacts.objects.only("lastname").get(lastname="Cole")
    assert contact.lastname == "Cole"
    with pytest.raises(NotLoaded):
        contact.firstname  # noqa: B018
    contact = Contacts.objects.defer("lastname").get(lastname="Cole")
    assert contact.firstname == "Bob"
    with pytest.raises(NotLoaded):
        contact.lastname  # noqa: B018


def test_values_are_those_a_record_has() -> None:
    rows = list(Contacts.objects.order_by("lastname").values("lastname", "birthday", "leadsource"))
    assert rows[0] == {
        "lastname": "Ames",
        "birthday": date(1990, 1, 1),
        "leadsource": Contacts.LeadSource.WEB_SITE,
    }
    every = Contacts.objects.values().first()
    assert every is not None
    assert set(every) == {field.name for field in Contacts.meta.columns}
    assert isinstance(every["modifiedtime"], datetime)
    assert every["modifiedtime"].tzinfo is UTC
    some = Contacts.objects.only("email", "lastname").values().first()
    assert some is not None
    assert list(some) == ["id", "email", "lastname"]


def test_values_list_tuples_names_and_flat() -> None:
    ordered = Contacts.objects.order_by("lastname")
    assert list(ordered.values_list("lastname", "firstname")[:2]) == [
        ("Ames", "Bob"),
        ("Bell", "Ann"),
    ]
    assert next(iter(ordered.values_list("lastname"))) == ("Ames",)
    assert list(ordered.values_list("lastname", flat=True)) == NAMES
    row = ordered.values_list("lastname", "firstname", named=True)[0]
    assert (row.lastname, row.firstname) == ("Ames", "Bob")
    assert Potentials.objects.values_list("amount", flat=True).get() == Decimal("12.5")


def test_values_can_be_filtered_and_ordered_further() -> None:
    names = Contacts.objects.values_list("lastname", flat=True)
    assert list(names.exclude(firstname="Ann").order_by("-birthday")[:2]) == ["Gray", "Eng"]
    assert names.count() == 7
    assert (names | names).last() == "Gray"


async def test_values_asynchronously() -> None:
    assert await Contacts.objects.values_list("lastname", flat=True) == NAMES
    assert [row async for row in Contacts.objects.values("lastname")[:1]] == [{"lastname": "Ames"}]


def test_values_list_of_ids_is_a_semi_join() -> None:
    banks = Accounts.objects.filter(accountname="Bank")
    assert Contacts.objects.filter(account_id__in=banks.values_list("id", flat=True)).count() == 7
    assert Contacts.objects.filter(account_id__in=banks).count() == 7
    assert Contacts.objects.exclude(account_id__in=banks).count() == 0


def test_references_of_values_can_be_fetched() -> None:
    reference = Contacts.objects.values_list("account_id", flat=True)[0]
    assert reference.fetch().accountname == "Bank"


def test_iterator_takes_smaller_pages(small: Crm) -> None:
    with small.count_calls() as calls:
        found = [each.lastname for each in Contacts.objects.iterator(page_size=3)]
    assert found == NAMES
    assert calls.number == 4  # the last one proves the end
    assert [each.lastname for each in Contacts.objects.iterator(page_size=5000)] == NAMES


async def test_aiterator_takes_smaller_pages(small: Crm) -> None:
    with small.count_calls() as calls:
        found = [each.lastname async for each in Contacts.objects.aiterator(page_size=3)]
    assert found == NAMES
    assert calls.number == 4  # the last one proves the end


def test_leaving_early_reads_no_further(small: Crm) -> None:
    with small.count_calls() as calls:
        for _ in Contacts.objects.iterator(page_size=1):
            break
    assert calls.number <= 3


def test_partitions_cover_everything_once() -> None:
    parts = Contacts.objects.exclude(firstname="Ann").partitions(3)
    assert 1 <= len(parts) <= 3
    found = [each.lastname for part in parts for each in part]
    assert sorted(found) == ["Ames", "Cole", "Eng", "Gray"]


async def test_apartitions() -> None:
    parts = await Contacts.objects.apartitions(2)
    assert sum([await part.acount() for part in parts]) == 7


def test_raw_statements_give_records() -> None:
    found = Contacts.objects.raw("select lastname from Contacts where firstname = 'Ann'")
    assert sorted(each.lastname for each in found) == ["Bell", "Dean", "Fox"]


async def test_araw() -> None:
    found = await Contacts.objects.araw("select lastname from Contacts where lastname = 'Fox';")
    assert [each.lastname for each in found] == ["Fox"]


def test_create_returns_the_record_as_stored(empty_crm: Crm) -> None:
    with session_on(empty_crm):
        made = Contacts.objects.create(lastname="New", leadsource=Contacts.LeadSource.WEB_SITE)
        assert made.id is not None
        assert Contacts.objects.get(id=made.id).leadsource is Contacts.LeadSource.WEB_SITE
        with pytest.raises(TypeError, match="by keyword"):
            Contacts.objects.create("New")


async def test_acreate(empty_crm: Crm) -> None:
    async with session_on(empty_crm):
        made = await Contacts.objects.acreate(lastname="New")
        assert await Contacts.objects.filter(id=made.id).aexists()


def test_explain_and_query_send_nothing(small: Crm) -> None:
    qs = Contacts.objects.filter(lastname="Cole").select_related("account_id")
    with small.count_calls() as calls:
        assert "Contacts" in qs.query
        assert "Cole" in str(qs.explain())
    assert calls.number == 0
