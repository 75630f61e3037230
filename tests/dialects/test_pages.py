"""Pages of queries are read in two ways, and in neither of them otherwise than in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.calls.operations import Call, Query
from vtiger_orm.dialects import pages
from vtiger_orm.dialects.base import Dialect, HttpResponse
from vtiger_orm.dialects.cloud import Cloud
from vtiger_orm.dialects.webservice import Webservice
from vtiger_orm.errors import VtigerError
from vtiger_orm.values.uniform_rows import UniformRows

DIALECTS: list[Dialect] = [
    Webservice("https://crm.example.com"),
    Cloud("https://crm.example.com"),
]
QUERY = Query("select id, lastname from Contacts order by id limit 100;")

KEYS = (
    st.sampled_from(["id", "lastname", "cf_1", "c0", "", "é", 'a"b', "a\\b", "a\nb", "\x7f", "😀"])
    | st.text(max_size=3)
).filter(str.isprintable) | st.sampled_from(["a\tb", "\x00"])
TEXTS = st.text(max_size=5) | st.sampled_from(["", "1", "11x5", '"', "\\", "😀", "é"])
VALUES: st.SearchStrategy[Any] = (
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just([])
    | st.just({"a": 1})
)
BREAKS = st.sampled_from(
    [b"", b"\xef\xbb\xbf", b" ", b"<br />\nWarning: x\n", b"\xff", b'"', b",", b"}", b"]", b"\x00"]
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows with mostly the same keys, mostly of texts."""
    keys = draw(st.lists(KEYS, min_size=1, max_size=4, unique=True))
    odd = draw(st.sampled_from([TEXTS, TEXTS, TEXTS | st.none(), VALUES]))
    rows = [{key: draw(odd) for key in keys} for _ in range(draw(st.integers(1, 4)))]
    if draw(st.integers(0, 4)) == 4:
        del rows[-1][keys[0]]
    if draw(st.integers(0, 4)) == 4:
        rows[-1]["more"] = "x"
    if draw(st.booleans()):
        rows[-1] = dict(reversed(rows[-1].items()))
    return rows


def nested(depth: int) -> list[Any]:
    """Deeper than anything of the API, which is refused."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Answers to queries, some of them damaged."""
    result: Any = draw(tables())
    shape = draw(st.integers(0, 15))
    answer: dict[str, Any] = {"success": True, "result": result}
    if shape == 9:
        answer["result"] = dict(enumerate(result))
    elif shape == 10:
        answer["success"] = draw(st.sampled_from([1, "1", "true", False, None]))
    elif shape == 11:
        answer["moreinfo"] = {"a": [1]}
    elif shape == 12:
        answer["moreinfo"] = {"totalrows": draw(TEXTS)}
    elif shape == 13:
        answer["debug"] = nested(300)
    elif shape == 14:
        answer["moreinfo"] = nested(300)
    elif shape == 15:
        answer = {"success": False, "error": {"code": "ACCESS_DENIED", "message": "no"}}
    text = json.dumps(
        answer, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1]))
    )
    body = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 3)) == 3:
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(BREAKS) + body[place + draw(st.integers(0, 2)) :]
    return body


@pytest.fixture(autouse=True)
def nothing_expected() -> Iterator[None]:
    pages._expected.clear()
    yield
    pages._expected.clear()


def told(dialect: Dialect, body: bytes, call: Call[Any] = QUERY) -> object:
    """What is read, or how it is refused."""
    try:
        rows: Any = dialect.result(call, HttpResponse(200, body=body))
    except VtigerError as error:
        return type(error), str(error)
    return with_types(rows)


def with_types(rows: list[dict[str, Any]]) -> object:
    first = [*rows[0]] if rows else []
    return first, [{key: (type(value), value) for key, value in row.items()} for row in rows]


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other) if "nan" in repr(one) else one == other


@pytest.mark.parametrize("dialect", DIALECTS, ids=["webservice", "cloud"])
@given(before=st.lists(bodies(), max_size=3), body=bodies())
def test_the_pages_before_do_not_matter(dialect: Dialect, before: list[bytes], body: bytes) -> None:
    pages._expected.clear()
    alone = told(dialect, body)
    pages._expected.clear()
    for each in before:
        told(dialect, each)
    for _ in range(3):
        assert same(told(dialect, body), alone)


@pytest.mark.parametrize("dialect", DIALECTS, ids=["webservice", "cloud"])
@given(rows=tables(), others=tables())
def test_a_page_like_the_one_before_it(
    dialect: Dialect, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    pages._expected.clear()
    for each in (rows, others, rows, rows):
        body = json.dumps({"success": True, "result": each}).encode()
        assert same(told(dialect, body), with_types(each))


def page(*rows: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, body=json.dumps({"success": True, "result": rows}).encode())


ROW = {"id": "12x1", "lastname": "Smith"}


def test_the_second_page_is_read_to_columns() -> None:
    dialect = Webservice("https://crm.example.com")
    assert not isinstance(dialect.result(QUERY, page(ROW)), UniformRows)
    assert isinstance(dialect.result(QUERY, page(ROW, ROW)), UniformRows)


def test_other_statements_of_the_same_columns_too() -> None:
    dialect = Webservice("https://crm.example.com")
    dialect.result(QUERY, page(ROW))
    behind = Query("select id, lastname from Contacts where id > '12x1' order by id limit 100;")
    assert isinstance(dialect.result(behind, page(ROW)), UniformRows)
    other = Query("select id, lastname from Leads order by id limit 100;")
    assert not isinstance(dialect.result(other, page(ROW)), UniformRows)


def test_pages_that_never_look_as_expected_are_not_tried_for_ever() -> None:
    dialect = Webservice("https://crm.example.com")
    for _ in range(30):
        dialect.result(QUERY, page({"id": "12x1", "number": 1}))
    (expected,) = pages._expected.values()
    assert expected.misses == pages._MOST_MISSES + 1


def test_keys_that_no_reader_can_be_made_for() -> None:
    dialect = Webservice("https://crm.example.com")
    for _ in range(3):
        assert dialect.result(QUERY, page({'a"\\\n': "x"})) == [{'a"\\\n': "x"}]


def test_very_wide_pages() -> None:
    dialect, wide = Webservice("https://crm.example.com"), {f"cf_{n}": str(n) for n in range(3000)}
    for _ in range(3):
        assert dialect.result(QUERY, page(wide, wide)) == [wide, wide]


def test_the_statements_known_are_bounded() -> None:
    dialect = Webservice("https://crm.example.com")
    for number in range(200):
        dialect.result(Query(f"select id, cf_{number} from Contacts;"), page(ROW))
    assert len(pages._expected) <= pages._MOST_STATEMENTS


def test_the_keys_are_in_the_order_of_their_own_page() -> None:
    """Another CRM may answer the same keys, which is the same statement, in another order."""
    dialect = Webservice("https://crm.example.com")
    for number in (1, 2):
        for keys in [*permutations(("id", "a", "b", "ab")), *permutations(("id", "a", "b", "ab"))]:
            row: dict[str, Any] = dict.fromkeys(keys, "a")
            for _ in range(3):
                rows: Any = dialect.result(QUERY, page(*[row] * number))
                assert [*rows[0]] == [*keys]
        pages._expected.clear()


def test_texts_that_look_like_rows() -> None:
    dialect = Webservice("https://crm.example.com")
    for text in ("x", '[{"id":"1","lastname":', '"lastname":', "lastname", '\\"id":', "\\", "x"):
        row = {**ROW, "lastname": text}
        assert dialect.result(QUERY, page(row, ROW)) == [row, ROW]


@pytest.mark.parametrize("key", ["debug", "moreinfo"])
def test_what_stands_beside_the_rows_is_not_passed_over(key: str) -> None:
    dialect = Webservice("https://crm.example.com")
    assert dialect.result(QUERY, page(ROW)) == [ROW]
    body = json.dumps({"success": True, "result": [ROW], key: nested(300)}).encode()
    with pytest.raises(VtigerError):
        dialect.result(QUERY, HttpResponse(200, body=body))


def test_pages_of_corebos_too() -> None:
    dialect = Webservice("https://crm.example.com")
    answer = {"success": True, "result": [ROW], "moreinfo": {"totalrows": "1"}}
    response = HttpResponse(200, body=json.dumps(answer).encode())
    dialect.result(QUERY, response)
    assert isinstance(dialect.result(QUERY, response), UniformRows)


def test_users_who_see_other_fields_may_take_turns() -> None:
    """A reader costs more than a page, so none is made twice."""
    dialect, other = Webservice("https://crm.example.com"), {**ROW, "firstname": "Ann"}
    pages._reader.cache_clear()
    for row in (ROW, ROW, other, other) * 5:
        assert dialect.result(QUERY, page(row)) == [row]
    assert pages._reader.cache_info().misses == 2
