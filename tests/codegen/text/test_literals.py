"""Text of a CRM as Python literals and docstrings: nothing but data."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import black
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.text.literals import docstring, literal, one_line


@given(st.text() | st.text(st.sampled_from("\"'\\\n\r\t\0{}\u2028\u202e\ud800é客😀")))
def test_literals_come_back_as_they_were(text: str) -> None:
    printed = literal(text)
    assert ast.literal_eval(printed) == text
    assert printed.isprintable() or not printed.isascii()
    assert black.format_str(f"x = {printed}\n", mode=black.Mode(line_length=10_000)) == (
        f"x = {printed}\n"
    )


@given(st.text() | st.text(st.sampled_from("\"'\\\n\r\t\0{}\u2028\u202e\ud800é客😀")))
def test_docstrings_say_what_was_said(text: str) -> None:
    line = one_line(text)
    printed = docstring(f"{line}.")
    assert ast.literal_eval(printed) == f"{line}."
    source = f"{printed}\n"
    assert black.format_str(source, mode=black.Mode(line_length=10_000)) == source


def test_literals_of_other_values() -> None:
    values: Mapping[str, object] = {"a": None, "b": [1, True], "c": ("x",), "d": {}}
    assert ast.literal_eval(literal(values)) == values
    with pytest.raises(TypeError):
        literal(object())
