"""Statements of users' own: an empty answer is believed only where it is proved."""

from __future__ import annotations

from typing import Any

import pytest

from generated.demo import Contacts
from tests.models.test_whole_reads import SwallowedError
from tests.support.kinds import Face
from vtiger_orm import SilentQueryError
from vtiger_orm.calls.operations import Query
from vtiger_orm.planner.statement import own_statement

STATEMENTS = [
    "select lastname from Contacts where lastname like 'S%' order by id limit 30",
    "SELECT id, lastname\nFROM Contacts\nWHERE lastname = 'order by x limit 3' LIMIT 5;",
    "select * from Contacts where lastname = 'it''s' and firstname = 'a' or lastname = 'B\\\\';",
    "select id from Contacts order by lastname desc limit 20, 10;",
    "select id from Contacts limit 5000, 10;",
    "select id from Contacts;",
    "select id from Services where id = '1x1';",
]


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
@pytest.mark.parametrize("text", STATEMENTS)
async def test_an_empty_answer_is_right_or_an_error(face: Face, text: str) -> None:
    async def ask() -> Any:
        return [str(each.id) for each in await face(Contacts.objects, "raw", text)]

    if "Services" in text:
        for id_ in face.crm.run("query", query="select id from Services limit 100;"):
            face.crm.run("delete", id=id_["id"])
    with face.crm.count_calls() as calls:
        truth = await ask()
    for position in range(calls.number):
        face.crm.faults.clear()
        face.crm.faults.next(SwallowedError(), after=position)
        try:
            found = await ask()
        except SilentQueryError:
            continue
        assert found == truth


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_what_fails_without_a_word_is_told(face: Face) -> None:
    """A server sorts by a field only where it is selected."""
    with pytest.raises(SilentQueryError, match="order that is not selected"):
        await face(Contacts.objects, "raw", "select id from Contacts order by birthday;")


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_an_empty_answer_to_another_language_is_not_believed(face: Face) -> None:
    face.crm.faults.always(SwallowedError(), operation="query")
    with pytest.raises(SilentQueryError, match="unusual form"):
        await face(Contacts.objects, "raw", "select id where 1 = 0")


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("select a , b from M;", "select a , b from M limit 1;"),
        (
            "Select a from M Where a = ' limit 3' Order  By a Desc Limit 3,4 ;",
            "select a from M where a = ' limit 3' or id > '0x0' order by a Desc limit 1;",
        ),
        (
            "select a from M where a='x''from \\' order by b' and b = 1",
            "select a from M where a='x''from \\' order by b' and b = 1 or id > '0x0' limit 1;",
        ),
        ("select a from M, N where a = 1", None),
        ("select a from M where a = 'x", "select a from M where a = 'x or id > '0x0' limit 1;"),
        ("select a from M group by a limit x", None),
    ],
)
def test_how_a_statement_is_taken_apart(text: str, proof: str | None) -> None:
    own = own_statement(Query(text, "M"))
    assert (own and own.or_any(1).text) == proof
