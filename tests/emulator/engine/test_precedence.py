"""AND binds tighter than OR. The experiment, repeated."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from .conftest import Server

FIELDS = ("street", "city", "state", "country")


def expressions(size: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [
        (fields, words)
        for fields in permutations(FIELDS, size)
        for words in product(("and", "or"), repeat=size - 1)
    ]


def expected(bits: dict[str, bool], fields: tuple[str, ...], words: tuple[str, ...]) -> bool:
    text = fields[0] + "".join(f" {word} {name}" for word, name in zip(words, fields[1:]))
    return bool(eval(text, {}, bits))  # Python's precedence is SQL's


@pytest.mark.parametrize("size", [3, 4])
def test_all_expressions(crm: Server, size: int) -> None:
    """288 expressions of three and four terms over 16 records with all combinations."""
    rows = crm.query(
        f"select vendorname,{','.join(FIELDS)} from Vendors where vendorname like 'Logic%';"
    )
    assert len(rows) == 16
    for fields, words in expressions(size):
        terms = [f"{name} = '{name} 1'" for name in fields]
        where = terms[0] + "".join(f" {word} {term}" for word, term in zip(words, terms[1:]))
        found = crm.ids(f"select id from Vendors where {where};")
        right = [
            row["id"]
            for row in rows
            if expected({name: row[name].endswith("1") for name in FIELDS}, fields, words)
        ]
        others = [each for each in found if each not in {row["id"] for row in rows}]
        assert sorted(found) == sorted(right + others), where
        assert not others


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("a or b and c", 10),
        ("a and b or c", 10),
        ("a and b or c and d", 7),
        ("a or b and c and d", 9),
        ("a or b and c or d", 13),
        ("a or b or c and d", 13),
    ],
)
def test_the_table(crm: Server, where: str, rows: int) -> None:
    names = dict(zip("abcd", FIELDS))
    terms = [
        f"{names[part]} = '{names[part]} 1'" if part in names else part for part in where.split()
    ]
    assert crm.count("Vendors", " ".join(terms)) == rows


def test_or_does_not_leak_deleted_records(crm: Server) -> None:
    record = crm.contact(lastname="Gone")["id"]
    crm.call("delete", id=record)
    assert crm.ids("select id from Contacts where lastname = 'x' or lastname = 'Gone';") == []
