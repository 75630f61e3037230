"""Quoting, LIKE, and comparison of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.emulator.engine import collation

from .conftest import Server

AWKWARD = [
    "O'Neil",
    "it''s",
    "\\'",
    "'",
    "semi;colon",
    "question?",
    "100%",
    "under_score",
    'quote "q"',
    "back\\slash",
    "two\\\\slashes",
    "trail\\",
    "bs\\'quote",
    "new\nline",
    "tab\there",
    "-- dash",
    "/* c */",
    "$1 #2",
    "zero\u200bwidth",
    "nb\u00a0sp",
    "客户",
    "&amp; <b>",
    "null",
]


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def piece(text: str) -> str:
    """A piece of text for a LIKE pattern, before the literal's own quoting."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@pytest.mark.parametrize("text", AWKWARD)
def test_quoting_finds_every_value(crm: Server, text: str) -> None:
    record = crm.contact(title=text)
    assert record["title"] == text
    assert crm.ids(f"select id from Contacts where title = {literal(text)};") == [record["id"]]


@pytest.mark.parametrize("text", AWKWARD)
def test_like_escaping_finds_every_piece(crm: Server, text: str) -> None:
    record = crm.contact(title=f"a{text}z")
    other = crm.contact(title="a...z")
    pattern = literal(f"%{piece(text)}%")
    found = crm.ids(f"select id from Contacts where title like {pattern};")
    assert record["id"] in found
    assert other["id"] not in found


def test_quote_alone(crm: Server) -> None:
    record = crm.contact(title="'")
    assert crm.ids("select id from Contacts where title = '''';") == [record["id"]]


def test_single_backslash_is_eaten(crm: Server) -> None:
    record = crm.contact(title="back\\slash")
    assert crm.ids("select id from Contacts where title = 'back\\slash';") == []
    assert crm.ids("select id from Contacts where title = 'back\\\\slash';") == [record["id"]]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("pct%lit", {"pct%lit", "pctXlit"}),
        ("pct\\%lit", {"pct%lit"}),
        ("under\\_lit", {"under_lit"}),
        ("under_lit", {"under_lit", "underXlit"}),
        ("back\\\\slash", set()),
        ("back\\\\\\\\slash", {"back\\slash"}),
        ("%\\\\\\\\%", {"back\\slash"}),
        ("new_line", {"new line", "new\nline"}),
        ("_", {"x", " "}),
        (" ", {" "}),
        ("PCT%", {"pct%lit", "pctXlit"}),
    ],
)
def test_like(empty: Server, pattern: str, matched: set[str]) -> None:
    for text in (
        *("pct%lit", "pctXlit", "under_lit", "underXlit", "back\\slash", "new line", "new\nline"),
        *("x", " ", ""),
    ):
        empty.contact(title=text)
    rows = empty.query(f"select title from Contacts where title like '{pattern}';")
    assert {row["title"] for row in rows} == matched


def test_like_percent_is_not_null(empty: Server) -> None:
    empty.contact(title="")
    null = empty.contact()["id"]
    empty.backdoor.set(null, title=None)
    assert empty.count("Contacts", "title like '%'") == 1
    assert empty.count("Contacts") == 2


@pytest.mark.parametrize(
    ("literal", "stored", "equal"),
    [
        ("Größe", "größe", True),
        ("Größe", "GRÖSSE", False),
        ("é", "e", True),
        ("umlaut", "ümlaut", True),
        ("i", "İ", True),
        ("i", "ı", True),
        ("strase", "straße", True),
        ("strasse", "straße", False),
        ("й", "Й", True),
        ("й", "и", False),
        ("trail", "trail  ", True),
        ("trail  ", "trail", True),
        ("lead", " lead", False),
    ],
)
def test_equality(literal: str, stored: str, equal: bool) -> None:
    assert (collation.compare(literal, stored) == 0) is equal


def test_picklist_ignores_case(crm: Server) -> None:
    before = crm.count("Contacts", "cf_869 = 'abc'") or 0
    crm.contact(cf_869="abc")
    crm.contact(cf_869="ABC")
    assert crm.count("Contacts", "cf_869 = 'abc'") == before + 2


def test_shorter_text_is_padded() -> None:
    assert collation.compare("a\t", "a") == -1
    assert collation.compare("a!", "a") == 1
    assert collation.compare("a", "a\t") == 1
    assert collation.compare("", "  ") == 0


@given(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
def test_order_is_total(a: str, b: str, c: str) -> None:
    assert collation.compare(a, b) == -collation.compare(b, a)
    if collation.compare(a, b) <= 0 and collation.compare(b, c) <= 0:
        assert collation.compare(a, c) <= 0


@given(st.text(alphabet="ab%_\\é ", max_size=8))
def test_a_text_matches_its_own_escaped_pattern(text: str) -> None:
    assert collation.like(piece(text), text)
    assert collation.like("%" + piece(text) + "%", f"x{text}y")


def test_order_by_text(empty: Server) -> None:
    for name in ("b", "A", "ä", "Я", "Z", "a!"):
        empty.contact(lastname=name)
    rows = empty.query("select lastname from Contacts order by lastname,id;")
    assert [row["lastname"] for row in rows] == ["A", "ä", "a!", "b", "Z", "Я"]


def test_emoji_is_stored_as_question_marks(crm: Server) -> None:
    record = crm.contact(title="x😀")
    assert record["title"] == "x????"
    assert crm.ids("select id from Contacts where title = 'x😀';") == []


def test_injection_through_ids(crm: Server) -> None:
    """The number of an id is pasted without quotes: a client must validate ids."""
    assert crm.count("Contacts", "id = '12x0 or 1'") == crm.count("Contacts")
    assert crm.count("Contacts", "id = '12x0 or sleep(1)'") is None
