"""Whatever a request holds, it gets an answer: never an error of the emulator's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from vtiger_orm.emulator import Crm, Request
from vtiger_orm.emulator.faces.operations import OPERATIONS
from vtiger_orm.testing.factory import fill

from .conftest import Wire, basic

DEEP = "[" * 5000 + "]" * 5000
MODULES = ["Contacts", "Accounts", "Quotes", "LineItem", "Users", "Groups", "Events", "Documents"]
ODD = [
    *("", "x", "0", "-1", "5", "1.5", "1e999", "nan", "null", "true", "'", "''", "\\", "*", "%"),
    *("12x1", "12x", "x1", "12x²", "12x١٢", "١٢x1", "²", "١", "12x1 or 1=1", "12x1x1"),
    *("9" * 18, "9" * 19, "9" * 5000, "12x" + "9" * 18, "12x" + "9" * 19, "12x" + "9" * 5000),
    *("[]", "{}", "[[1]]", "[5]", "[null]", '{"a":5}', '["Contacts"]', '{"Contacts":5}'),
    *('{"Contacts":["email"]}', '{"Contacts":{"a":1}}', DEEP, "[" * 100_000, '{"a":' * 5000),
    *('"\\ud800"', "\x00", "a\x00b", "😀", "0000-00-00", "2020-02-30", "99:99:99", "1700000000"),
    *("²²²", "1" * 14, "admin", "Contacts", "contacts", "NaN", "Infinity", '{"a":NaN}'),
]
odd = st.sampled_from(ODD)
values = st.one_of(
    odd,
    st.none(),
    st.booleans(),
    st.sampled_from(
        [10**30, 1e308, -(2**63) - 1, ["x"], {"a": "x"}, [[1]], [{}], {"a": {"b": []}}]
    ),
    st.sampled_from(["11x1", "12x1", "14x1", "19x1"]),
)
elements = st.dictionaries(
    st.sampled_from(
        [
            *("id", "lastname", "assigned_user_id", "account_id", "birthday", "cf_855", "cf_877"),
            *("subject", "productid", "quotestage", "bill_street", "ship_street", "hdnTaxType"),
            *("LineItems", "leadId", "entities", "fieldname", "values", "current_value"),
            *("new_value", "delete_values", "replace_with", "quantity", "user_name", "parent_id"),
        ]
    ),
    values,
    max_size=8,
).map(json.dumps)


def parameter(name: str) -> st.SearchStrategy[str]:
    if name == "element":
        return st.one_of(elements, odd)
    if name in {"elementType", "relatedType", "module"}:
        return st.one_of(st.sampled_from(MODULES), odd)
    if name == "query":
        pasted = st.builds(
            "select * from {} where {} {} '{}' order by id limit {};".format,
            st.sampled_from(MODULES),
            st.sampled_from(["id", "lastname", "assigned_user_id", "cf_855", "birthday"]),
            st.sampled_from(["=", "<", "like", "!="]),
            odd,
            odd,
        )
        return st.one_of(pasted, odd)
    return odd


calls = st.sampled_from(sorted(OPERATIONS)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.fixed_dictionaries(
            {}, optional={each: parameter(each) for each in OPERATIONS[name].parameters}
        ),
    )
)


@pytest.fixture(scope="module")
def crms() -> Iterator[dict[str, Crm]]:
    def some(crm: Any) -> None:
        fill(crm, 2, modules=("Accounts", "Contacts", "Products", "Quotes", "Leads"))

    made = {name: Crm(profile=name, data=some) for name in ("cloud", "stock-7")}
    yield made
    for crm in made.values():
        crm.close()


def form(method: str, path: str, params: dict[str, str], *headers: tuple[str, str]) -> Request:
    text = urlencode(params, errors="surrogatepass")
    if method in {"GET", "DELETE"}:
        return Request(method, f"{path}?{text}", headers)
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    return Request(method, path, (kind, *headers), text.encode())


def ask(crm: Crm, request: Request) -> None:
    status = crm.handle(request).status
    # 501: what was not measured on such a server is said to be so.
    assert status in {200, 201, 400, 401, 404, 405, 406, 414, 500, 501}
    assert not crm.engine.store.connection.in_transaction


@given(call=calls, profile=st.sampled_from(["cloud", "stock-7"]))
@examples(120)
def test_any_call_of_webservice_php(
    crms: dict[str, Crm], call: tuple[str, dict[str, str]], profile: str
) -> None:
    crm, (name, params) = crms[profile], call
    known = {"operation": name, "sessionName": crm.sessions.open("admin")}
    with crm.rolled_back():
        ask(crm, form(OPERATIONS[name].method, "/webservice.php", {**params, **known}))


@given(call=calls)
@examples(120)
def test_any_call_of_the_cloud(crms: dict[str, Crm], call: tuple[str, dict[str, str]]) -> None:
    crm, (name, params) = crms["cloud"], call
    path = f"/restapi/v1/vtiger/default/{name}"
    access = next(iter(basic(*crm.credentials()).items()))
    with crm.rolled_back():
        ask(crm, form(OPERATIONS[name].method, path, params, access))


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    module=st.sampled_from(MODULES),
    as_json=st.booleans(),
    params=st.dictionaries(
        st.sampled_from(
            [
                *("id", "start", "length", "criteria", "order", "picklist", "picklistdep"),
                *("action", "params", "items", "lastname", "account_id", "assigned_user_id"),
            ]
        ),
        odd,
        max_size=6,
    ),
)
@examples(120)
def test_any_call_of_restfulapi(
    crms: dict[str, Crm], method: str, module: str, as_json: bool, params: dict[str, str]
) -> None:
    crm = crms["stock-7"]
    given = {**params, "module": module, "token": crm.tokens.open(crm.user().number, "127.0.0.1")}
    request = form(method, "/modules/RestfulApi/index.php", given)
    if as_json and method == "POST":
        kind = ("Content-Type", "application/json")
        target = f"/modules/RestfulApi/index.php?{urlencode({'module': module})}"
        request = Request("POST", target, (kind,), json.dumps(given).encode())
    with crm.rolled_back():
        ask(crm, request)


TEXT = st.text(alphabet='a=&[]%+. "é;/:x1{}\x00\r\n-', max_size=40)


@given(
    path=st.sampled_from(
        [
            "/webservice.php",
            "/restapi/v1/vtiger/default/create",
            "/modules/RestfulApi/",
            "/modules/RestfulApi/Auth/x/",
        ]
    ),
    query=TEXT,
    boundary=TEXT | st.just("XX") | st.just("a" * 300),
    access=TEXT | st.sampled_from(["Basic é", "Basic /w==", "basic YTpi"]),
    body=st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                b"--XX\r\n",
                b"--XX--\r\n",
                b'Content-Disposition: form-data; name="a"; filename="b"\r\n',
                b"Content-Disposition: \x00\r\n",
                b"\r\n",
                b"x\r\n",
            ]
        ),
        max_size=8,
    ).map(b"".join),
)
@examples(120)
def test_any_head_and_body(
    crms: dict[str, Crm], path: str, query: str, boundary: str, access: str, body: bytes
) -> None:
    headers = (
        ("Content-Type", f"multipart/form-data; boundary={boundary}"),
        ("Authorization", access),
        ("Cookie", query),
    )
    for crm in crms.values():
        ask(crm, Request("POST", f"{path}?{query}", headers, body))


@pytest.mark.parametrize("depth", [100, 5000, 100_000])
def test_json_nested_without_end(wire: Wire, depth: int) -> None:
    """Read like any other JSON while it is bearable, and like none beyond."""
    deep = "[" * depth + "]" * depth
    element = f'{{"lastname": "x", "assigned_user_id": "19x1", "nosuch": {deep}}}'
    answer = wire.logged_in().tell("create", elementType="Contacts", element=element)
    assert answer["success"] is (depth == 100)
    if depth > 100:
        assert answer["error"]["code"] == "MANDATORY_FIELDS_MISSING"


@pytest.mark.parametrize("number", ["²", "١", "１", "1" * 5000])
def test_digits_that_are_none(wire7: Wire, number: str) -> None:
    session = wire7.logged_in()
    assert session.ask("retrieve", id=f"12x{number}")["error"]["code"] == "ACCESS_DENIED"
    asked = session.ask("query", query=f"select id from Contacts order by id limit {number};")
    assert asked.get("result", []) == []
    if not number.isascii():
        sync = {"operation": "sync", "sessionName": session.session, "elementType": "Contacts"}
        assert session.get("/webservice.php", **sync, modifiedTime=number).status == 500
    element = {"lastname": "x", "assigned_user_id": f"19x{number}"}
    made = {"operation": "create", "sessionName": session.session, "elementType": "Contacts"}
    answer = session.post("/webservice.php", **made, element=json.dumps(element))
    # No owner has that number; the record is written all the same.
    assert answer.status == 200


ROOT = "/restapi/v1/vtiger/default"


class TestMultipart:
    WHOLE = (
        b'--XX\r\nContent-Disposition: form-data; name="filename"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--XX--\r\n"
    )

    def upload(self, cloud: Crm, body: bytes) -> int:
        element = {"notes_title": "T", "filelocationtype": "I", "assigned_user_id": "19x1"}
        params = urlencode({"elementType": "Documents", "element": json.dumps(element)})
        kind = ("Content-Type", "multipart/form-data; boundary=XX")
        headers = (kind, *basic(*cloud.credentials()).items())
        return cloud.handle(Request("POST", f"{ROOT}/create?{params}", headers, body)).status

    def test_one_without_its_last_boundary_is_refused(self, cloud: Crm) -> None:
        for cut in range(4, len(self.WHOLE)):  # without its last two dashes, and less and less
            assert self.upload(cloud, self.WHOLE[:-cut]) == 400
        assert cloud.engine.backdoor.ids("Documents") == []
        assert self.upload(cloud, self.WHOLE) == 200
        assert len(cloud.engine.backdoor.ids("Documents")) == 1

    def test_on_every_door(self, crm: Crm) -> None:
        kind = ("Content-Type", "multipart/form-data; boundary=XX")
        for path in ("/webservice.php", "/modules/RestfulApi/index.php"):
            assert crm.handle(Request("POST", path, (kind,), self.WHOLE[:-8])).status == 400

    def test_thousands_of_parts(self, cloud: Crm) -> None:
        part = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        assert self.upload(cloud, part * 1000 + self.WHOLE[-8:]) != 400
        assert self.upload(cloud, part * 1001 + self.WHOLE[-8:]) == 400


def test_more_variables_and_deeper_arrays_than_php_takes(wire: Wire) -> None:
    many = "&".join(f"v{number}=1" for number in range(5000))
    assert len(Request("GET", f"/?{many}").query) == 1000
    assert Request("GET", f"/?a{'[x]' * 64}=1&b=2").query.keys() == {"a", "b"}
    assert Request("GET", f"/?a{'[x]' * 65}=1&b=2").query.keys() == {"b"}
    assert Request("GET", f"/?{'&'.join(['a[]=1'] * 3)}").query == {
        "a": {"0": "1", "1": "1", "2": "1"}
    }
