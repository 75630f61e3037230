"""Statements are written in one file, so that every literal and id passes its quoting function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vtiger_orm

RUNTIME = Path(vtiger_orm.__file__).parent
THE_FILE = RUNTIME / "planner" / "statement.py"

LOOKS_LIKE_A_STATEMENT = re.compile(
    r"\bselect\b.*\bfrom\b|^\s*select |\bselect (id|count)\b|\bwhere ({}|\w+ [=<>!])|\blimit ({}|$)"
    r"|\border by (id|{})|[\w}] (=|!=|<>|<|<=|>|>=|like|in) \(?'",
    re.IGNORECASE | re.DOTALL,
)

FOR_PEOPLE = {
    "conditions/tree.py: order by {}",  # how a selection is shown
    "conditions/tree.py:{} where {}{}{}",
}
IN_AN_ERROR = {
    "planner/list_pages.py:The records of {} move faster than they can be read in this order. Order by id.",  # noqa: E501
}
OF_A_LOGIN = {
    "dialects/restfulapi_login.py:select id from {}{} order by id limit {};",
    "dialects/restfulapi_login.py: where id > '{}'",
    "dialects/restfulapi_login.py:select {} from Users where id = '{}';",
    "dialects/restfulapi_login.py:select conversion_rate from Currency where id = '{}';",
}
"""What a login asks before there is a session to plan for; nothing but checked ids stands in it."""
OF_A_LOCAL_FILE = {
    "session/budget.py:DELETE FROM spent WHERE host = ?",
    "session/budget.py:SELECT span, part, calls FROM spent WHERE host = ?",
}
"""SQL for a database of this machine, with its values beside it."""


def texts(code: str) -> Iterator[str]:
    """Text constants, docstrings left out; what is put into an f-string is shown as ``{}``."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    statements = [each.value for each in nodes if isinstance(each, ast.Expr)]
    docstrings = {id(each) for each in statements if isinstance(each, ast.Constant)}
    parts = {id(part) for each in nodes if isinstance(each, ast.JoinedStr) for part in each.values}
    for each in nodes:
        if isinstance(each, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in each.values
            )
        elif (
            isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and id(each) not in docstrings | parts
        ):
            yield each.value


def suspicious(code: str) -> list[str]:
    return [text for text in texts(code) if LOOKS_LIKE_A_STATEMENT.search(text)]


def test_no_other_file_of_the_runtime_writes_statements() -> None:
    """The emulator is left out: it reads statements."""
    files = [path for path in RUNTIME.rglob("*.py") if "emulator" not in path.parts]
    assert THE_FILE in files
    found = {
        f"{path.relative_to(RUNTIME).as_posix()}:{text}"
        for path in files
        if path != THE_FILE
        for text in suspicious(path.read_text("utf-8"))
    }
    assert found == FOR_PEOPLE | OF_A_LOCAL_FILE | OF_A_LOGIN | IN_AN_ERROR


def test_the_file_itself_would_be_found() -> None:
    assert suspicious(THE_FILE.read_text("utf-8"))


@pytest.mark.parametrize(
    "code",
    [
        "f'select id from {module}'",
        "'select ' + names + ' from ' + module",
        "f' where id > {last}'",
        "f'order by {names} limit {size}'",
        "f\"{name} like '%'\"",
        "f\"id = '{id}' and {rest}\"",
        "f\"{field} in ('{first}')\"",
        "'SELECT id FROM Contacts'",
    ],
)
def test_statements_are_found(code: str) -> None:
    assert suspicious(f"text = {code}")


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    'select id from Contacts'",
        "'Read them where they are, and limit them'",
        "'Group by city, order by name, and so on'",
    ],
)
def test_other_text_is_left_alone(code: str) -> None:
    assert suspicious(code) == []
