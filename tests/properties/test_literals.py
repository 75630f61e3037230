"""The law of round trip: every text comes back from the literal and from the LIKE pattern, read
by the embedded CRM's own lexer, and no text changes what a statement is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import TEXTS
from vtiger_orm.calls.urls import quoted_length
from vtiger_orm.conditions.collation import (
    canonical_pattern,
    compare,
    like_literal,
    matcher,
    sort_key,
)
from vtiger_orm.emulator.engine import collation as engine
from vtiger_orm.emulator.engine.literals import literal
from vtiger_orm.emulator.engine.vtql import parse
from vtiger_orm.planner.branches import Comparison
from vtiger_orm.planner.packing import Packing
from vtiger_orm.planner.statement import Statement, quote

NASTY = [
    "'", "''", "\\", "\\'", "'\\", "trail\\", "\\\\", "; select", "';--", "' or 1=1 or id='1", "%",
    "_", "\\%", "\\_", "\n", "\r\n", "\t", "\x00", "\x1a", "12x0 or 1", '"', "`", "/*", "-- ", "é",
    "客", "😀", "\ufeff", "\u200b", "�", "O'Neil", "bs\\'quote", "a\\nb", "null", "0", "-1", "in (",
]  # fmt: skip
any_text = st.one_of(st.sampled_from(NASTY), st.sampled_from(TEXTS), st.text(min_size=1)).filter(
    lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
)


@given(any_text)
def test_a_literal_comes_back_equal(text: str) -> None:
    statement = Statement("Things", ("id",), ((Comparison("name", "=", text),),))
    (condition,) = parse(statement.text).conditions
    assert (condition.field, condition.operator) == ("name", "=")
    assert literal(condition.values[0]) == text


@given(st.lists(any_text, min_size=1, max_size=4), st.sampled_from(["=", "!=", "<", "like"]))
def test_no_value_changes_the_shape_of_a_statement(texts: list[str], operator: str) -> None:
    branch = tuple(Comparison("name", operator, text) for text in dict.fromkeys(texts))
    parsed = parse(Statement("Things", ("id", "name"), (branch,), limit=7).text)
    assert parsed.columns == ("id", "name")
    assert parsed.module == "Things"
    assert [each.field for each in parsed.conditions] == ["name"] * len(branch)
    assert [each.lower() for each in parsed.glue] == ["and"] * (len(branch) - 1)
    assert parsed.limit == ("7",)


@given(any_text, any_text)
def test_a_pattern_of_a_text_matches_that_text_alone(text: str, other: str) -> None:
    """Both the server's LIKE and the local one; case and accents aside."""
    pattern = like_literal(text)
    sent = literal(quote(pattern))
    assert isinstance(sent, str)
    assert engine.like(sent, text)
    assert matcher(pattern)(text)
    assert matcher(f"%{pattern}%")(other + text + other)
    same = len(text) == len(other) and all(compare(a, b) == 0 for a, b in zip(text, other))
    assert matcher(pattern)(other) == same


@given(st.text("a%_\\' ", max_size=8))
def test_canonical_patterns_mean_the_same(pattern: str) -> None:
    """On the server, which drops needless escapes, and here."""
    canonical = canonical_pattern(pattern)
    assert canonical_pattern(canonical) == canonical
    for text in ("", "a", "%", "_", "\\", "'", " ", "a%", "a_a", "\\a", "%%", "aa"):
        found = bool(engine.like(pattern, text))
        assert bool(engine.like(canonical, text)) == found
        assert matcher(canonical)(text) == found


@given(any_text, any_text)
def test_local_comparison_is_the_servers(one: str, other: str) -> None:
    """Up to characters that the database cannot hold."""
    if max(one + other) <= "\uffff":
        assert compare(one, other) == engine.compare(one, other)
        if "\t" not in one + other and "\n" not in one + other:
            order = compare(one, other)
            if min(one + other) >= " ":
                keys = sort_key(one), sort_key(other)
                assert (keys[0] > keys[1]) - (keys[0] < keys[1]) == order


@given(st.lists(any_text, min_size=1, max_size=5), st.booleans())
def test_packed_statements_fit_into_the_url(texts: list[str], known: bool) -> None:
    branches = tuple((Comparison("name", "=", text),) for text in dict.fromkeys(texts))
    room = 2000
    packing = Packing(room, 100, known)
    groups = packing.packed(branches)
    assert [branch for group in groups for branch in group] == list(branches)
    for group in groups:
        text = Statement("Things", (), group).text
        assert quoted_length(text) <= room + len("select count(*) from Things where ;") + 20
