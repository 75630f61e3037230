"""A column read in one go is what its values are one by one, or the same refusal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.values import reader
from vtiger_orm.values.whole_columns import whole_reader

WIRE: st.SearchStrategy[Any] = (
    st.sampled_from(["", " ", "  ", " a", "a ", "\x00", "a\x00 ", "0", "1", "11x5", "11x0", "x5"])
    | st.sampled_from(
        ["11x05", "2020-02-03", "0000-00-00", "2020-02-03 04:05:06", "1.50", "a|##|b"]
    )
    | st.sampled_from([None, True, False, 0, 1, 2.5, ["a"], {}, "12x5\x0012x6"])
    | st.text(max_size=4)
)


def told(read: Any, *arguments: Any) -> Any:
    try:
        found = read(*arguments)
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return "refused"
    return found, list(map(type, found))


@pytest.mark.parametrize("kind", list(Kind))
@given(column=st.lists(WIRE, max_size=6))
def test_as_one_by_one(kind: Kind, column: list[Any]) -> None:
    read = reader(kind)

    def each() -> list[Any]:
        return [None if value == "" else read(value) for value in column]

    assert told(whole_reader(kind), column) == told(each)
