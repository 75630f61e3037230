"""What an answer is printed as does not depend on who prints it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine import EngineError, FoundRows
from vtiger_orm.emulator.printing import printed

ODD = "/\\\"'&<>\x00\x08\x09\x0a\x0c\x0d\x1b\x1f\x7f\x80\xa0é€\u2028\ufeff\uffff😀\ud83d\ude00"
TEXTS = st.one_of(
    st.text(st.one_of(st.characters(), st.sampled_from(ODD)), max_size=12),
    st.sampled_from(["", "0", "12x1", "2024-02-29 10:00:00", "null", "\\u00e9", "a/b", "ä" * 300]),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    LEAVES, lambda each: st.lists(each) | st.dictionaries(TEXTS, each), max_leaves=20
)


def as_php_prints_it(content: object, ascii_only: bool) -> bytes:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=ascii_only)
    return text.replace("/", "\\/").encode("utf-8", "replace")


@st.composite
def pages(draw: st.DrawFn) -> FoundRows:
    names = st.sampled_from(["id", "lastname", "cf_853", "count"]) | TEXTS
    keys = tuple(draw(st.lists(names, min_size=1, max_size=6)))
    row = st.tuples(*(st.none() | TEXTS for _ in keys))
    return FoundRows(keys, draw(st.lists(row, max_size=4)) * draw(st.sampled_from([1, 20])))


@given(pages(), st.booleans())
@example(FoundRows(("id", "lastname"), [("12x1", ODD[:-2])] * 9), True)
@example(FoundRows(("id", "lastname"), [("12x1", ODD[:-2])] * 9), False)
@example(FoundRows(("id", "lastname"), [("12x1", ODD)] * 9), True)
@example(FoundRows(("id", "lastname"), [("12x1", ODD)] * 9), False)
@example(FoundRows(("a", "b", "a"), [("1", None, "2")] * 9), True)
@example(FoundRows(('say "a/b"\n', "é"), [("1", None)] * 9), True)
def test_a_page_is_printed_like_its_rows(page: FoundRows, ascii_only: bool) -> None:
    rows = {"success": True, "result": page.rows(), "moreinfo": None}
    assert printed({**rows, "result": page}, ascii_only=ascii_only) == as_php_prints_it(
        rows, ascii_only
    )


@given(VALUES, st.booleans())
def test_any_other_answer_as_json_has_it(value: Any, ascii_only: bool) -> None:
    content = {"success": False, "result": value, "error": value}
    assert printed(content, ascii_only=ascii_only) == as_php_prints_it(content, ascii_only)


@pytest.mark.parametrize("profile", ["vtiger-8.0", "vtiger-8.3", "cloud", "stock-8.0-php8"])
def test_whatever_a_query_finds_is_text_or_null(profile: str) -> None:
    """Numbers would be printed in two ways."""
    kinds: set[type] = set()
    with Crm(profile=profile) as crm:
        for name in crm.engine.schema.modules:
            with suppress(EngineError):
                query = {"query": f"select * from {name};"}
                page = crm.engine.answer(crm.user(), "query", query).result
                if isinstance(page, FoundRows):
                    kinds.update(type(each) for row in page.cells for each in row)
    assert str in kinds
    assert kinds <= {str, type(None)}
