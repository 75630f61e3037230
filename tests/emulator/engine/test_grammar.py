"""What the query language accepts, and how it refuses."""

from __future__ import annotations

import pytest

from .conftest import Server

SYNTAX = "QUERY_SYNTAX_ERROR"
INTERNAL = "INTERNAL_SERVER_ERROR Unknown Error while processing request"
DENIED = "ACCESS_DENIED Permission to perform the operation is denied"


@pytest.mark.parametrize(
    "query",
    [
        "SeLeCt accountname FrOm Accounts LiMiT 2;",
        "  select\taccountname\r\nfrom Accounts\nlimit 2 ;",
        "select id,id from Accounts limit 2;",
        "select id from Accounts where accountname != 'x' order by accountname,id desc limit 0,2;",
        "select id from Contacts where cf_int_con = +5 or cf_int_con = (5) limit 2;",
        "select id from Contacts where cf_int_con<5 and cf_int_con >=-1 limit 2;",
        "select id from Contacts where cf_int_con in 1,2,3 limit 2;",
        "select id from Contacts where cf_int_con in (1,0) limit 2;",
    ],
)
def test_accepted(crm: Server, query: str) -> None:
    rows = crm.query(query)
    assert isinstance(rows, list)
    assert len(rows) == 2


@pytest.mark.parametrize(
    "query",
    [
        "select id from Accounts limit 2",
        "select id from Accounts;;",
        "select id from Accounts order by id where accountname = 'x';",
        "select id from Accounts limit 3 order by id;",
        "select accountname,* from Accounts;",
        "select accountname as a from Accounts;",
        "select distinct accountname from Accounts;",
        "select max(accountname) from Accounts;",
        "select count(id) from Accounts;",
        "select id from Accounts where (accountname = 'x');",
        "select id from Accounts where accountname = 'x' and (id = '11x1' or id = '11x2');",
        "select id from Accounts where accountname <> 'x';",
        "select id from Accounts where accountname == 'x';",
        "select id from Accounts where employees => 5;",
        "select id from Accounts where employees < = 5;",
        "select id from Accounts where employees in ();",
        "select id from Accounts where employees not in (1);",
        "select id from Accounts where accountname not like 'x';",
        "select id from Accounts where not accountname = 'x';",
        "select id from Accounts where accountname is null;",
        "select id from Accounts where accountname is not null;",
        "select id from Accounts where employees between 1 and 2;",
        "select id from Accounts where accountname rlike 'x';",
        "select id from Accounts order by accountname desc, id asc;",
        "select id from Accounts limit 5,;",
        "select id from Accounts limit 5 offset 5;",
        "select id from Accounts limit (5);",
        "select id from Accounts where accountname = 'O\\'Neil';",
        "select id from Contacts where cf_int_con in (0,1);",
        "select id from Contacts where birthday = 2020-05-05;",
    ],
)
def test_syntax_error(crm: Server, query: str) -> None:
    assert str(crm.query(query)).startswith(SYNTAX)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "select id from Contacts",
            "Syntax Error on line 1: token 'Contacts' Unexpected End of Input(0), "
            "expected one of: SEMICOLON",
        ),
        (
            "select id from Contacts where department is null;",
            "Syntax Error on line 1: token 'is' Unexpected VALUE(is), "
            "expected one of: EQ,LT,GT,LTE,GTE,NE,IN,LIKE",
        ),
        (
            "select id from Contacts where (lastname = 'x');",
            "Syntax Error on line 1: token '(' Unexpected PARENOPEN((), "
            "expected one of: COLUMNNAME",
        ),
        (
            "select id as x from Contacts;",
            "Syntax Error on line 1: token 'as' Unexpected COLUMNNAME(as), "
            "expected one of: FRM,COMMA",
        ),
        ("select id from Contacts where cf_int_con in (0,1);", "columns data inappropriate"),
        (
            "select id from Contacts where cf_int_con = 0,1;",
            "Syntax Error on line 1: token ',' Unexpected COLUMNNAME(,), "
            "expected one of: SEMICOLON",
        ),
        (
            "select id from Contacts where lastname = 'Smith' and 'x' 'y';",
            "Syntax Error on line 1: token ''y'' Unexpected VALUE('y'), "
            "expected one of: EQ,LT,GT,LTE,GTE,NE,IN,LIKE",
        ),
    ],
)
def test_syntax_error_text(crm: Server, query: str, message: str) -> None:
    assert crm.query(query) == f"{SYNTAX} {message}"


@pytest.mark.parametrize(
    "query",
    [
        "select `id` from Contacts;",
        'select id from Contacts where lastname = "IT";',
        "select account_id.accountname from Contacts;",
        "select id from Contacts where id = '12x1' && id = '12x2';",
        "select id from Contacts -- x\n;",
        "select id from Contacts where cf_855 = 12.5;",
        "select id from Contacts where lastname = '';",
        "select id from Contacts where lastname != '';",
        "select id from Contacts where lastname in ('IT','');",
        "select id from Contacts where lastname like '';",
        f"select id from Contacts where lastname = '{'x' * 8190}';",
        f"select id from Contacts where lastname = '{'é' * 4095}';",
    ],
)
def test_unreadable(crm: Server, query: str) -> None:
    assert crm.query(query) == INTERNAL


def test_longest_literal(crm: Server) -> None:
    """8189 bytes are read, one more is not."""
    assert crm.query(f"select id from Contacts where lastname = '{'x' * 8189}';") == []


@pytest.mark.parametrize("query", ["-- x\nselect id from Contacts;", ".select id from Contacts;"])
def test_unreadable_start_never_answers(crm: Server, query: str) -> None:
    assert crm.query(query) == "HTTP 500"


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("", f"{DENIED} for query"),
        ("select 1;", f"{DENIED} for query"),
        ("select id from accounts limit 2;", f"{DENIED} for name : accounts"),
        ("select id from NoSuch;", f"{DENIED} for name : NoSuch"),
        ("select id from Reports;", f"{DENIED} for name : Reports"),
        ("select id from Contacts,Accounts;", f"{DENIED} for name : Contacts,Accounts"),
        (
            "select AccountName from Accounts;",
            "ACCESS_DENIED Permission to access '.AccountName.' attribute denied.",
        ),
        (
            "select label from Contacts;",
            "ACCESS_DENIED Permission to access '.label.' attribute denied.",
        ),
        (
            "select id from Contacts where nosuch = 1;",
            "ACCESS_DENIED Permission to access nosuch attribute denied.",
        ),
        (
            "select id from Contacts where ID = '12x1';",
            "ACCESS_DENIED Permission to access ID attribute denied.",
        ),
        (
            "select id from Contacts where 5 = cf_int_con;",
            "ACCESS_DENIED Permission to access 5 attribute denied.",
        ),
        (
            "select tax1 from Products;",
            "ACCESS_DENIED Permission to access '.tax1.' attribute denied.",
        ),
        (
            "select filename from Emails;",
            "ACCESS_DENIED Permission to access '.filename.' attribute denied.",
        ),
        (
            "select taxid from ProductTaxes;",
            "ACCESS_DENIED Permission to access '.id.' attribute denied.",
        ),
    ],
)
def test_denied(crm: Server, query: str, answer: str) -> None:
    assert crm.query(query) == answer


@pytest.mark.parametrize(
    "query",
    [
        "select id from Contacts order by nosuch limit 3;",
        "select id from Contacts order by 1;",
        "select id,lastname from Contacts order by birthday;",
        "select id from Contacts limit -1;",
        "select id from Contacts limit '5';",
        "select id from Contacts limit 1e2;",
        "select id from Contacts limit 10,-1;",
        "select id from Contacts where department = Sales;",
        "select count(*) from Contacts where department = Sales;",
        "select count(*) from Contacts order by birthday;",
        "select id from Contacts where lastname = 'trail\\';",
        "select id from Contacts where id = '407';",
        "select id from Contacts where id = '12x';",
        "select id from Contacts where id = 'abc';",
        "select id from Contacts where account_id = '11xabc';",
        "select id from Contacts where assigned_user_id = '1';",
        "select id from Contacts where assigned_user_id = 'admin';",
        "select id from Users where roleid = 'xH2';",
    ],
)
def test_silent_sql_error(crm: Server, query: str) -> None:
    """An SQL error is a success without rows; of count(*) too."""
    assert crm.query(query) == []


def test_id_is_always_returned(crm: Server) -> None:
    assert set(crm.query("select accountname from Accounts limit 1;")[0]) == {"accountname", "id"}


def test_count_forms(crm: Server) -> None:
    plain = crm.query("select count(*) from Contacts;")
    assert plain == [{"count": str(crm.count("Contacts"))}]
    for form in ("COUNT(*)", "count( * )", "count(*),lastname"):
        assert crm.query(f"select {form} from Contacts;") == plain
    assert crm.query("select count(*) from Contacts order by lastname limit 5;") == plain
    assert crm.query("select count(*) from Contacts limit 1,5;") == []


def test_in_without_brackets_swallows_what_follows(crm: Server) -> None:
    answer = crm.query("select id from Contacts where cf_int_con in 1,2 and lastname = 'x';")
    assert answer == (
        "QUERY_SYNTAX_ERROR Syntax Error on line 1: token 'lastname' Unexpected VALUE(lastname), "
        "expected one of: COLUMNNAME"
    )


def test_constants_and_columns(crm: Server) -> None:
    """Bare words are columns in the server's SQL; true, false and null its constants."""
    record = crm.contact(cf_int_con="7", cf_857="7", donotcall="1")["id"]
    assert crm.ids(f"select id from Contacts where id = '{record}' and cf_int_con = cf_857;")
    assert crm.ids(f"select id from Contacts where id = '{record}' and donotcall = true;")
    assert not crm.ids(f"select id from Contacts where id = '{record}' and donotcall = false;")
    assert crm.count("Contacts", "cf_int_con = null") == 0
    assert crm.count("Contacts", "cf_int_con != null") == 0


def test_large_statements(crm: Server) -> None:
    """2000 OR terms, 3000 IN values, all columns and 50 order-by names are taken."""
    ids = [f"12x{number}" for number in range(3000)]
    everything = crm.count("Contacts")
    terms = " or ".join(f"id = '{each}'" for each in ids[:2000])
    expected = crm.count("Contacts", "id < '12x2000'")
    assert crm.count("Contacts", terms) == expected
    values = ",".join(f"'{each}'" for each in ids)
    assert crm.count("Contacts", f"id in ({values})") == everything
    names = list(crm.query("select * from Contacts limit 1;")[0])
    listed = ",".join(names)
    ordered = ",".join(names[:50])
    rows = crm.query(f"select {listed} from Contacts order by {ordered} limit 3;")
    assert len(rows) == 3
    assert set(rows[0]) == set(names)


def test_upper_case_column_filters_but_never_returns(crm: Server) -> None:
    assert crm.count("Vehicles", "None = '1'") is not None
    rows = crm.query("select None,vehiclename from Vehicles limit 1;")
    assert set(rows[0]) == {"vehiclename", "id"}
    assert "None" not in crm.query("select * from Vehicles limit 1;")[0]
