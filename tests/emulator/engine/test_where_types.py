"""Each type in a condition; which modules and rows an answer holds."""

from __future__ import annotations

import pytest

from .conftest import Server

WHERE = [
    ("cf_873 = '1'", True),
    ("cf_873 = 1", True),
    ("cf_873 = true", True),
    ("cf_873 = 'on'", False),
    ("cf_873 = 'true'", False),
    ("birthday = '2020-05-05'", True),
    ("birthday = '2020-5-5'", True),
    ("birthday = '20200505'", True),
    ("birthday > '05-05-2020'", True),
    ("birthday < '05-05-2020'", False),
    ("birthday > 'garbage'", True),
    ("birthday < 'today'", False),
    ("birthday like '2020-05-%'", True),
    ("cf_dt_con = '2020-05-05 10:00:00'", True),
    ("cf_dt_con = '2020-05-05T10:00:00'", True),
    ("cf_dt_con = '2020-05-05T10:00:00Z'", True),
    ("cf_dt_con = '2020-05-05 10:00:00+05:30'", True),
    ("cf_dt_con > '2020-05-05'", True),
    ("cf_881 = '12:00'", True),
    ("cf_881 = '12:00:00'", True),
    ("cf_881 = '12:00 PM'", True),
    ("cf_881 like '12:%'", True),
    ("cf_861 = '500.25'", True),
    ("cf_861 > '500,000'", True),
    ("cf_861 = '500'", False),
    ("cf_855 = '12.5'", True),
    ("cf_855 = '12.500'", True),
    ("cf_857 = '5'", True),
    ("cf_857 = 5", True),
    ("cf_857 = '5.0'", True),
    ("cf_857 > '4.5'", True),
    ("cf_877 = '1st |##| abc'", True),
    ("cf_877 = 'abc |##| 1st'", False),
    ("cf_877 like '1st |##| %'", True),
    ("cf_877 like '% |##| abc'", True),
    ("cf_869 = 'a&b <c>'", True),
    ("cf_869 = 'A&B <C>'", True),
    ("cf_869 = 'a&amp;b &lt;c&gt;'", False),
]


@pytest.mark.parametrize(("where", "found"), WHERE)
def test_type(empty: Server, where: str, found: bool) -> None:
    empty.contact(
        birthday="2020-05-05",
        cf_dt_con="2020-05-05 10:00:00",
        cf_881="12:00",
        cf_861="500.25",
        cf_855="12.5",
        cf_857="5",
        cf_873="1",
        cf_877="1st |##| abc",
        cf_869="a&b <c>",
    )
    assert empty.count("Contacts", where) == int(found)


def test_every_user_gets_the_same_values(crm: Server) -> None:
    """Zone, separators and currency of a user change neither values nor counts."""
    queries = (
        "select count(*) from Potentials where amount > '350000.50';",
        "select id,amount,createdtime,closingdate from Potentials order by id limit 5;",
    )
    for query in queries:
        answers = [crm.as_user(name).query(query) for name in ("admin", "euro", "sales")]
        assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "module",
    ["Groups", "Currency", "DocumentFolders", "CompanyDetails", "LineItem", "Tax"],
)
def test_modules_that_are_no_entities_answer(crm: Server, module: str) -> None:
    assert crm.query(f"select * from {module};")
    assert crm.count(module)


def test_product_taxes(crm: Server) -> None:
    crm.backdoor.insert("ProductTaxes", productid=1, taxid=1, taxpercentage="4.500")
    assert crm.count("ProductTaxes") == 1
    assert "id" not in crm.query("select * from ProductTaxes;")[0]


def test_users_show_their_secrets(crm: Server) -> None:
    """To everybody whose profile permits the module; hash and access key included."""
    for name in ("admin", "sales"):
        row = crm.as_user(name).query("select * from Users where id = '19x1';")[0]
        user = crm.engine.user("admin")
        assert user is not None
        assert row["accesskey"] == user.access_key
        assert row["user_password"].startswith("$2y$10$")
    assert "ACCESS_DENIED" in crm.as_user("restricted").query("select id from Users;")


def test_tasks_and_events_are_apart(crm: Server) -> None:
    tasks = {row["activitytype"] for row in crm.query("select activitytype from Calendar;")}
    events = {row["activitytype"] for row in crm.query("select activitytype from Events;")}
    assert tasks == {"Task"}
    assert "Task" not in events


def test_todo_without_type_is_an_event(crm: Server) -> None:
    element = {
        "subject": "lost",
        "date_start": "2024-01-01",
        "time_start": "10:00",
        "due_date": "2024-01-01",
        "taskstatus": "Not Started",
    }
    record = crm.create("Calendar", **element)["id"]
    number = record.split("x")[1]
    assert record.startswith("9x")
    assert crm.ids("select id from Calendar where subject = 'lost';") == []
    assert crm.ids("select id from Events where subject = 'lost';") == [f"18x{number}"]
    assert crm.answer("retrieve", id=record) == "INVALID_ID_ATTRIBUTE Id specified is incorrect"


def test_email_is_created_but_never_listed(crm: Server) -> None:
    record = crm.create(
        "Emails",
        date_start="2024-01-01",
        subject="hello",
        from_email="a@example.com",
        saved_toid="b@example.com",
    )
    assert record["id"].startswith("16x")
    assert crm.query("select id from Emails;") == []


def test_restricted_user(crm: Server) -> None:
    restricted = crm.as_user("restricted")
    denied = "ACCESS_DENIED Permission to perform the operation is denied"
    assert restricted.query("select * from Leads;") == denied
    assert restricted.query("select mobile from Contacts;") == (
        "ACCESS_DENIED Permission to access '.mobile.' attribute denied."
    )
    assert restricted.query("select id from Contacts where mobile = '1';") == (
        "ACCESS_DENIED Permission to access mobile attribute denied."
    )
    assert restricted.query("select id from Contacts order by mobile;") == []
    assert "mobile" not in restricted.query("select * from Contacts limit 1;")[0]
    rows = restricted.ids("select id from HelpDesk order by id;")
    assert len(rows) == restricted.count("HelpDesk")
    assert len(rows) < (crm.count("HelpDesk") or 0)
