"""Recording real traffic and playing it back."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from generated.demo import Leads, Users, connect
from vtiger_orm.emulator import Crm
from vtiger_orm.testing import Cassette, Scrub, UnexpectedRequest, record, replay

KEY = "kEyOfAdmin123"
SESSION = "5e551017ab"
HASH = "$2y$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
ROW = {
    "id": "12x5",
    "firstname": "Ada",
    "lastname": "Secretname",
    "label": "Ada Secretname",
    "email": "ada@private.example",
    "description": "write to ada@private.example",
}


def server(request: httpx.Request) -> httpx.Response:
    params = dict(request.url.params)
    if request.content:
        params |= dict(httpx.QueryParams(request.content.decode()))
    operation = params.get("operation")
    result: Any
    if operation == "getchallenge":
        result = {"token": "ch4llenge", "serverTime": 1}
    elif operation == "login":
        result = {"sessionName": SESSION, "userId": "19x1", "username": "admin@corp.example"}
    elif operation == "describe":
        result = {"name": "Contacts", "label": "Contacts", "fields": []}
    elif operation == "users":
        result = [{"id": "19x1", "accesskey": KEY, "user_password": HASH, "note": HASH}]
    elif operation == "html":
        return httpx.Response(500, text=f"<b>no {SESSION}</b> {HASH}")
    elif operation == "lost":
        raise httpx.ReadError("gone", request=request)
    else:
        result = [ROW]
    return httpx.Response(200, json={"success": True, "result": result})


def client(transport: httpx.BaseTransport) -> httpx.Client:
    return httpx.Client(transport=transport, base_url="https://crm.corp.example/sub")


def log_in(http: httpx.Client) -> None:
    token = http.get(
        "/webservice.php", params={"operation": "getchallenge", "username": "admin@corp.example"}
    ).json()["result"]["token"]
    answer = hashlib.md5((token + KEY).encode()).hexdigest()
    form = {"operation": "login", "username": "admin@corp.example", "accessKey": answer}
    http.post("/webservice.php", data=form)


def ask(http: httpx.Client, operation: str, **params: str) -> Any:
    params = {"operation": operation, "sessionName": SESSION, **params}
    return http.get("/webservice.php", params=params).json()["result"]


SMITHS = "select id from Contacts where lastname = 'Secretname' or email = 'ada@private.example';"


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "cassette.json"
    with (
        record(path, scrub=Scrub(names=True, emails=True)) as recorder,
        client(recorder.transport(httpx.MockTransport(server))) as http,
    ):
        log_in(http)
        assert ask(http, "query", query=SMITHS) == [ROW]
        ask(http, "describe", elementType="Contacts")
        ask(http, "users")
        http.get("/webservice.php?operation=html")
        http.post(
            "/webservice.php",
            data={"operation": "create", "element": json.dumps({"lastname": "Secretname"})},
        )
        http.get(
            "/restapi/v1/vtiger/default/query",
            params={"query": "select id from Leads;"},
            auth=("admin@corp.example", KEY),
        )
        with pytest.raises(httpx.ReadError):
            ask(http, "lost")
    return path


def test_no_secret_and_no_person_gets_into_the_file(cassette: Path) -> None:
    text = cassette.read_text()
    basic = base64.b64encode(f"admin@corp.example:{KEY}".encode()).decode()
    challenge = hashlib.md5(f"ch4llenge{KEY}".encode()).hexdigest()
    for secret in (KEY, SESSION, HASH, basic, challenge, "ch4llenge"):
        assert secret not in text
    for private in ("Secretname", "Ada", "private.example", "corp.example"):
        assert private not in text
    assert '"label": "Contacts"' in text  # a module's label is nobody's name


def test_it_plays_for_any_address_user_and_session(cassette: Path) -> None:
    with (
        replay(cassette) as tape,
        httpx.Client(transport=tape.transport(), base_url="https://elsewhere.test") as http,
    ):
        for _ in range(2):  # logins repeat
            http.get("/webservice.php?operation=getchallenge&username=other")
        rows = http.get(
            "/webservice.php",
            params={"operation": "query", "sessionName": "another", "query": SMITHS},
        ).json()["result"]
    assert rows[0]["id"] == "12x5"
    assert rows[0]["lastname"].startswith("Name ")
    assert rows[0]["email"] in rows[0]["description"]


def test_broken_answers_are_played_as_they_were(cassette: Path) -> None:
    with replay(cassette) as tape, client(tape.transport()) as http:
        answer = http.get("/webservice.php?operation=html")
        assert (answer.status_code, answer.text[:5]) == (500, "<b>no")
        with pytest.raises(httpx.ReadError):
            ask(http, "lost")


async def test_it_plays_for_async_clients(cassette: Path) -> None:
    with replay(cassette) as tape:
        async with httpx.AsyncClient(transport=tape.transport(), base_url="https://x.test") as http:
            params = {"operation": "describe", "sessionName": "s", "elementType": "Contacts"}
            answer = await http.get("/webservice.php", params=params)
    assert answer.json()["result"]["label"] == "Contacts"


def test_an_unknown_request_is_refused_with_the_nearest_one(cassette: Path) -> None:
    with (
        replay(cassette) as tape,
        client(tape.transport()) as http,
        pytest.raises(UnexpectedRequest) as caught,
    ):
        ask(http, "query", query="select id from Contacts where lastname = 'Otherwise';")
    message = str(caught.value)
    assert "not in the cassette" in message
    assert "The nearest recorded one:\n  GET query query=select id from Contacts" in message
    assert "Otherwise" not in message
    assert SESSION not in message


def test_an_answer_is_given_once(cassette: Path) -> None:
    with replay(cassette) as tape, client(tape.transport()) as http:
        ask(http, "describe", elementType="Contacts")
        with pytest.raises(UnexpectedRequest, match="once more than the 1 time"):
            ask(http, "describe", elementType="Contacts")


def test_a_complete_replay_tells_what_was_not_asked(cassette: Path) -> None:
    with (
        pytest.raises(AssertionError, match="GET describe elementType=Contacts"),
        replay(cassette, complete=True) as tape,
        client(tape.transport()) as http,
    ):
        ask(http, "users")


def test_names_stay_when_nobody_asks_to_take_them_out(tmp_path: Path) -> None:
    with (
        record(tmp_path / "c.json") as recorder,
        client(recorder.transport(httpx.MockTransport(server))) as http,
    ):
        ask(http, "query", query=SMITHS)
    text = (tmp_path / "c.json").read_text()
    assert "Secretname" in text
    assert "ada@private.example" in text
    assert SESSION not in text


def test_further_fields_and_secrets(tmp_path: Path) -> None:
    scrub = Scrub(fields=frozenset({"firstname", "label"}), secrets=("Secretname",))
    with (
        record(tmp_path / "c.json", scrub=scrub) as recorder,
        client(recorder.transport(httpx.MockTransport(server))) as http,
    ):
        ask(http, "query", query=SMITHS)
    text = (tmp_path / "c.json").read_text()
    assert "Ada" not in text
    assert "Secretname" not in text


def test_nothing_is_written_when_recording_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), record(tmp_path / "c.json"):
        raise RuntimeError("the test failed")
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match="not a cassette of format 1"):
        Cassette.load(tmp_path / "c.json")
    with pytest.raises(FileNotFoundError):
        Cassette.load(tmp_path / "none.json")


def test_uploads_are_told_apart_by_their_content(tmp_path: Path) -> None:
    def upload(http: httpx.Client, content: bytes) -> httpx.Response:
        files = {"filename": ("a.txt", content, "text/plain")}
        return http.post("/webservice.php", data={"operation": "create"}, files=files)

    with record(tmp_path / "c.json") as recorder:
        mock = httpx.MockTransport(lambda _: httpx.Response(200, json={"success": True}))
        with client(recorder.transport(mock)) as http:
            upload(http, b"one")
    with replay(tmp_path / "c.json") as tape, client(tape.transport()) as http:
        with pytest.raises(UnexpectedRequest):
            upload(http, b"two")
        assert upload(http, b"one").json() == {"success": True}


# The API user, and what the CRM decrypts


@pytest.mark.parametrize("profile", ["stock-8.0-php8", "cloud"])
def test_nothing_of_the_api_user_and_nothing_decrypted_is_kept(
    tmp_path: Path, profile: str
) -> None:
    path = tmp_path / "c.json"
    cloud = profile == "cloud"
    with Crm(profile=profile) as crm:
        owner = crm.user().wire_id
        lead = {"lastname": "Zzyzx", "company": "C", "description": "Ada met ADA@example.com."}
        crm.create("Leads", lead | {"email": "admin@example.com", "assigned_user_id": owner})
        phones = {"phone_mobile": "+49 170 5550123", "id": owner, "title": "Queen of numbers"}
        if not cloud:
            crm.run("revise", element=json.dumps(phones))
        with (
            record(path) as recorder,
            connect(
                crm.url,
                *crm.credentials(),
                transport=recorder.transport(crm.transport()),
                dialect="cloud" if cloud else "webservice",
            ) as session,
        ):
            assert Leads.objects.filter(email="admin@example.com").count() == 1
            assert "Ada" in str(session.me)
            assert list(Users.objects.only("first_name", "last_name", "email1", "title")[:9])
            found = Leads.objects.get(lastname="Zzyzx")
            assert found.email == "admin@example.com"
            if cloud:
                assert found.crm.decrypt("company") == "C"
                assert found.crm.decrypt("lastname") == "Zzyzx"
    text = path.read_text()
    for hidden in ("Ada", "Administrator", "admin@example.com", "5550123", "Queen of"):
        assert hidden.casefold() not in text.casefold()
    calls = json.loads(text)["calls"]
    clear = [each["response"]["json"] for each in calls if "decrypt" in str(each["request"])]
    assert clear == [{"result": "<SECRET>", "success": True}] * (2 if cloud else 0)
    assert ("Zzyzx" in text) is not cloud
    with (
        replay(path) as tape,
        connect(
            "https://crm.test",
            "other",
            "key",
            transport=tape.transport(),
            dialect="cloud" if cloud else "webservice",
        ),
    ):
        # What stands for the person is whatever is asked for now.
        assert Leads.objects.filter(email="admin@example.com").count() == 1


def test_headers_that_tell_of_the_session_are_not_kept(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"X-RateLimit-Remaining": "7", "X-Session": SESSION, "X-User": "ada"}
        headers["Set-Cookie"] = f"PHPSESSID={SESSION}"
        return httpx.Response(200, json={"success": True, "result": []}, headers=headers)

    path = tmp_path / "c.json"
    with record(path) as recorder, client(recorder.transport(httpx.MockTransport(answer))) as http:
        ask(http, "query", query="select id from Leads;")
    headers = json.loads(path.read_text())["calls"][0]["response"]["headers"]
    assert headers == {"content-type": "application/json", "x-ratelimit-remaining": "7"}
