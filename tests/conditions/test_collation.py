"""Text as the CRM compares it, evaluated in memory."""

from __future__ import annotations

import pytest

from tests.support.planned import KINDS, described
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.collation import compare, equality_key, matcher, sort_key
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.metadata.interpret import module_meta

META = module_meta(described("Things", "40", KINDS))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Sales", "sALES", True),
        ("Größe", "größe", True),
        ("Größe", "GRÖSSE", False),
        ("é", "e", True),
        ("umlaut", "ümlaut", True),
        ("i", "I", True),
        ("i", "İ", True),
        ("i", "ı", True),
        ("ß", "ss", False),
        ("straße", "strase", True),
        ("й", "Й", True),
        ("й", "и", False),
        ("trail space", "trail space ", True),
        (" lead", "lead", False),
        ("a", "a\t", False),
        ("", "   ", True),
        ("客", "客", True),
        ("客", "户", False),
        ("😀", "😁", True),  # beyond the basic plane all weigh the same, and none is stored
    ],
)
def test_equality(one: str, other: str, equal: bool) -> None:
    assert (equality_key(one) == equality_key(other)) is equal
    assert (compare(one, other) == 0) is equal
    row = {"id": "40x1", "name": one}
    if other.strip() and one.strip():
        for lookup, value in (("name", other), ("name__in", [other])):
            assert evaluate(resolve(META, [], {lookup: value}), row, Environment()) is equal


def test_order() -> None:
    """Case-insensitive, Cyrillic after Latin, characters below the blank before the end."""
    texts = ["a\t", "a", "A b", "ab", "b", "B c", "z", "я"]
    assert sorted(["z", "b", "ab", "я", "a", "A b", "B c", "a\t"], key=sort_key) == texts
    assert compare("a\t", "a") < 0 < compare("b", "A")


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("pct%lit", "PCTxLIT", True),
        ("pct\\%lit", "pct%lit", True),
        ("pct\\%lit", "pctXlit", False),
        ("under\\_lit", "under_lit", True),
        ("under\\_lit", "underxlit", False),
        ("back\\\\slash", "back\\slash", True),
        ("_", "x", True),
        ("_", "", False),
        ("new_line", "new\nline", True),
        ("%", "a\nb", True),
        (" ", " ", True),
        (" ", "  ", False),
        ("%é%", "CAFE", True),
        ("a.c", "abc", False),
        ("x\\", "x\\", True),
    ],
)
def test_like(pattern: str, text: str, matches: bool) -> None:
    assert matcher(pattern)(text) is matches


@pytest.mark.parametrize("text", ["", " ", "   "])
def test_blanks_satisfy_negations_only(text: str) -> None:
    row = {"id": "40x1", "name": text, "day": "", "parent": "", "whole": ""}
    env = Environment()
    for q in (Q(name="a"), Q(name__lt="z"), Q(name__contains="a"), Q(name__like="%"), Q(whole=0)):
        assert not evaluate(resolve(META, [q], {}), row, env)
        assert evaluate(resolve(META, [~q], {}), row, env)
    assert evaluate(resolve(META, [], {"name": None, "parent": None, "whole": None}), row, env)


def test_zero_is_not_blank_but_the_reference_zero_is() -> None:
    env = Environment()
    row = {"id": "40x1", "whole": "0", "flag": "0", "parent": "41x0", "day": "0000-00-00"}
    assert not evaluate(resolve(META, [Q(whole=None) | Q(flag=None)], {}), row, env)
    assert evaluate(resolve(META, [], {"parent": None, "day": None}), row, env)


def test_rows_with_numbers_null_and_missing_keys_are_read_as_text() -> None:
    env = Environment()
    row = {"id": "40x1", "whole": 5, "name": None}
    assert evaluate(resolve(META, [], {"whole": 5, "name": None, "note": None}), row, env)


def test_references_are_compared_by_number() -> None:
    """The server ignores the prefix."""
    row = {"id": "40x1", "parent": "41x7"}
    assert evaluate(resolve(META, [], {"parent__in": ["41x7", "41x9"]}), row, Environment())
