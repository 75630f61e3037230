"""Keys, addresses, proxies and certificates: what is wrong is told at once, and nothing leaks."""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from generated import demo
from generated.demo import Contacts, connect
from tests.support.fake_server import FAST, KEY, USER, FakeServer
from vtiger_orm import warehouse
from vtiger_orm.calls.operations import Create, FilePart
from vtiger_orm.calls.plans import perform
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import DroppedConnection, Html, ServerError
from vtiger_orm.errors import ConfigError, ConnectionFailed, InvalidValue, MissingExtra, VtigerError
from vtiger_orm.session import Session, logs
from vtiger_orm.session.proxies import proxy_for

# What was given


@pytest.mark.parametrize("what", ["address", "user name", "access key"])
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "\n", "line end"),
        ("", "\r\n", "line end"),
        (" ", "", "blank"),
        ("", " ", "blank"),
        ("\ufeff", "", "byte order mark"),
        ("", "\u200b", "invisible"),
        ("", "\t", "blank"),
        ("", "\x00", "control character"),
        ("", "\xa0", "blank"),
        ("\u202a", "", "invisible"),
        ("", "\xad", "invisible"),
        ("", "\udcff", "half a character"),
    ],
)
def test_what_was_copied_with_more_is_told_at_once(
    what: str, before: str, after: str, told: str
) -> None:
    given = {"address": "https://crm.test", "user name": USER, "access key": KEY}
    given[what] = before + given[what] + after
    with pytest.raises(ConfigError, match=f"The {what} .*{told}") as caught:
        Session(*given.values())
    assert KEY not in str(caught.value)


def test_a_key_is_fetched_at_each_login() -> None:
    asked: list[str] = []

    def key() -> str:
        asked.append("key")
        return KEY

    server = FakeServer()
    transport = httpx.MockTransport(server.handle)
    session = Session("https://crm.test", USER, key, dialect="webservice", transport=transport)
    assert not asked
    session.identify()
    session.close()
    session.identify()
    assert len(asked) == 2


@pytest.mark.parametrize("returned", ["", None, 5, KEY + "\n"])
def test_a_key_that_is_none_is_told(returned: Any) -> None:
    server = FakeServer()
    transport = httpx.MockTransport(server.handle)
    session = Session(
        "https://crm.test", USER, lambda: returned, dialect="webservice", transport=transport
    )
    with pytest.raises(ConfigError, match=r"access[_ ]key") as caught:
        session.identify()
    assert KEY not in str(caught.value)
    assert server.logins == 0


def test_a_key_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("crm", USER): KEY}
    keyring = ModuleType("keyring")
    keyring.get_password = lambda *what: kept.get(what)  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    server = FakeServer()
    settings: dict[str, Any] = {
        "dialect": "webservice",
        "transport": httpx.MockTransport(server.handle),
    }
    Session("https://crm.test", USER, "keyring:crm", **settings).identify()
    with pytest.raises(ConfigError, match="keyring set other admin"):
        Session("https://crm.test", USER, "keyring:other", **settings).identify()
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match=r"vtiger-orm\[keyring\]"):
        Session("https://crm.test", USER, "keyring:crm", **settings).identify()


def test_a_key_from_a_real_keyring() -> None:
    """By the package itself, with a backend in memory."""
    import keyring
    from keyring.backend import KeyringBackend

    class Kept(KeyringBackend):
        priority = 1
        keys: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.keys.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.keys[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.keys[service, username]

    before, server = keyring.get_keyring(), FakeServer()
    keyring.set_keyring(Kept())  # type: ignore[no-untyped-call]  # keyring types no constructor
    try:
        keyring.set_password("crm", USER, KEY)
        transport = httpx.MockTransport(server.handle)
        Session(
            "https://crm.test", USER, "keyring:crm", dialect="webservice", transport=transport
        ).identify()
    finally:
        keyring.set_keyring(before)
    assert server.logins == 1


# Unencrypted


@pytest.mark.parametrize("dialect", ["cloud", "restfulapi"])
def test_the_key_itself_is_not_sent_unencrypted(
    monkeypatch: pytest.MonkeyPatch, dialect: Any
) -> None:
    settings: dict[str, Any] = {"dialect": dialect}
    with pytest.raises(ConfigError, match="allow_http=True"):
        connect("http://crm.test", USER, KEY, **settings)
    connect("http://crm.test", USER, KEY, allow_http=True, **settings)
    connect("http://127.0.0.1", USER, KEY, **settings)
    monkeypatch.setenv("VTIGER_ALLOW_HTTP", "1")
    connect("http://crm.test", USER, KEY, **settings)
    with pytest.raises(ConfigError):
        connect("http://crm.test", USER, KEY, allow_http=False, **settings)


def test_a_detected_cloud_gets_no_key_unencrypted() -> None:
    """Which dialect it is, is found out without the key."""
    sent: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(str(dict(request.headers)) + str(request.url))
        if "webservice.php" in request.url.path:
            return httpx.Response(404, content=b"<html>")
        return httpx.Response(401, json={"success": False, "error": {"code": "AUTH"}})

    session = Session("http://crm.test", USER, KEY, transport=httpx.MockTransport(handle))
    with pytest.raises(ConfigError, match="allow_http=True"):
        session.identify()
    assert sent
    assert not any("authorization" in each.lower() for each in sent)


def test_one_warning_for_what_can_be_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logs, "_warned", set())
    for _ in range(3):
        Session("http://crm.test", USER, KEY, dialect="webservice")
    Session("http://127.0.0.1", USER, KEY, dialect="webservice")
    assert [each.getMessage() for each in caplog.records] == [
        "http://crm.test is not encrypted: all records and the session's id can be read on the way"
    ]


# Certificates and hosts


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    text = tmp_path / "ca.pem"
    text.write_text("not a certificate")
    for path, told in (
        (tmp_path / "missing.pem", "no such file"),
        (text, "no certificate in PEM form"),
    ):
        with pytest.raises(ConfigError, match=told) as caught:
            Session("https://crm.test", USER, KEY, verify=str(path))
        assert str(path) in str(caught.value)


@pytest.fixture
def plain_port() -> Iterator[int]:
    with Crm() as crm, crm.serve() as server:
        yield int(server.url.rpartition(":")[2])


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://127.0.0.1:{port}", "should the address begin with http://"),
        ("https://nowhere.invalid", "name of the host is not known"),
        ("https://" + "a" * 70 + ".test", "name of the host is not known|failed"),
        ("https://-a..b-.test", "name of the host is not known|failed"),
    ],
)
def test_impossible_places_are_told_at_once(
    plain_port: int, url: str, told: str, asynchronous: bool
) -> None:
    """With the default patience: what cannot be different a moment later is not tried again."""
    try:
        session = Session(url.format(port=plain_port), USER, KEY, dialect="webservice")
    except ConfigError:
        return
    with pytest.raises(ConnectionFailed, match=told) as caught:
        asyncio.run(session.aidentify()) if asynchronous else session.identify()
    assert not caught.value.sent


# Proxies


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "left_out", "expected"),
    [
        ("http://crm.test:8080", "crm.test:8080", False),
        ("http://crm.test:8081", "crm.test:8080", True),
        ("https://crm.test", "crm.test:443", False),
        ("https://crm.test", ".test", False),
        ("https://crm.test", "*", False),
        ("https://crm.test", "other.test", True),
        ("https://[::1]:8080", "[::1]:8080", False),
        ("https://[::1]:8080", "::1", False),
        ("https://crm.test", "", True),
    ],
)
def test_hosts_are_left_out_with_their_port(
    no_proxies: pytest.MonkeyPatch, url: str, left_out: str, expected: bool
) -> None:
    no_proxies.setenv("ALL_PROXY", "proxy.test:3128")
    no_proxies.setenv("NO_PROXY", left_out)
    assert proxy_for(url) == ("http://proxy.test:3128" if expected else None)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HTTPS_PROXY", "::nonsense", "no address"),
        ("HTTPS_PROXY", "foo://x", "no kind of proxy"),
        ("https_proxy", "http://user:canary-password@[bad", "no address"),
        ("ALL_PROXY", "http://proxy:99999", "no address"),
        ("ALL_PROXY", "http://", "no address"),
        ("ALL_PROXY", "http://\udcff", "no address"),
        ("ALL_PROXY", "http://\u0661", "no address"),
    ],
)
def test_a_proxy_that_is_none_is_named(
    no_proxies: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    no_proxies.setenv(name, value)
    with pytest.raises(ConfigError, match=told) as caught:
        Session("https://crm.test", USER, KEY)
    assert name in str(caught.value)
    assert "canary" not in str(caught.value)


# Forms


@pytest.mark.parametrize("where", ["filename", "content_type"])
@pytest.mark.parametrize("odd", ["\r\nX-Injected: 1", "\n", "\x00", "\x7f"])
def test_headers_of_a_form_hold_no_control_characters(where: str, odd: str) -> None:
    server = FakeServer()
    session = server.session()
    session.identify()
    before = len(server.requests)
    facts = {"filename": "a.txt", "content_type": "text/plain"}
    facts[where] += odd
    file = FilePart("filename", content=b"x", **facts)
    with pytest.raises(InvalidValue, match="control character"):
        session.run(perform(Create("Documents", {"notes_title": "a"}, file)))
    assert len(server.requests) == before


# Every channel


def everything_of(error: BaseException) -> str:
    """A traceback as tools for errors print it: with the values of all variables."""
    parts = ["".join(traceback.format_exception(error))]
    own = error.__traceback__
    assert own is not None
    below = own.tb_next  # a test's own variables hold what it looks for
    told = traceback.TracebackException(type(error), error, below, capture_locals=True)
    parts.extend(told.format())
    parts.append(repr(error) + repr(error.__dict__))
    return "\n".join(parts)


@pytest.mark.parametrize("dialect", ["webservice", "cloud", "restfulapi"])
def test_no_secret_on_any_channel(
    monkeypatch: pytest.MonkeyPatch, dialect: Any, tmp_path: Path
) -> None:
    """DEBUG of every library, errors with their variables, pickles, notebooks, a warehouse and
    the process list."""
    secret = "canary-key-5d1f"
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    sessions: list[str] = []

    def remembered(*args: Any, **kwargs: Any) -> str:
        sessions.append(login(*args, **kwargs))
        return sessions[-1]

    try:
        profile = "restfulapi" if dialect == "restfulapi" else "cloud"
        with Crm(profile=profile) as crm, crm.serve() as server:
            issuer, name = (
                (crm.tokens, "open") if dialect == "restfulapi" else (crm.sessions, "login")
            )
            login = getattr(issuer, name)
            monkeypatch.setattr(issuer, name, remembered)
            crm.set_key("admin", secret)
            session = connect(server.url, "admin", secret, dialect=dialect, retry=FAST)
            with session:
                contact = Contacts.objects.all()[0]
                shown.write(repr(session) + repr(session.__dict__) + repr(contact.__dict__))
                shown.write(pickle.dumps(contact).decode("latin-1"))
                shown.write(Contacts.objects.all()[:2]._repr_html_() + contact._repr_html_())
                database = tmp_path / "crm.db"
                report = warehouse.sync(f"sqlite:///{database}", demo, modules=["Vendors"])
                shown.write(repr(report) + database.read_bytes().decode("latin-1"))
                for fault in (DroppedConnection(), Html(), ServerError()):
                    crm.faults.always(fault)
                    with pytest.raises(VtigerError) as caught:
                        list(Contacts.objects.filter(lastname="x"))
                    shown.write(Contacts.objects.filter(lastname="x")._repr_html_())
                    try:
                        lost = warehouse.sync(f"sqlite:///{database}", demo, modules=["Vendors"])
                        shown.write(repr(lost))
                    except VtigerError as error:
                        shown.write(everything_of(error))
                    shown.write(everything_of(caught.value))
                    shown.write(pickle.dumps(caught.value).decode("latin-1"))
                    crm.faults.clear()
            wrong = connect(server.url, "admin", secret + "-wrong", dialect=dialect, retry=FAST)
            with pytest.raises(VtigerError) as caught:
                wrong.identify()
            shown.write(everything_of(caught.value))
            shown.write(Path("/proc/self/cmdline").read_text() if sys.platform == "linux" else "")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    text = shown.getvalue()
    assert "logged in at" in text
    assert secret not in text
    assert bool(sessions) is (dialect != "cloud")
    assert not any(name in text for name in sessions)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://me:{}@127.0.0.1:1/crm",
        "postgresql+psycopg://127.0.0.1:1/crm?user=me&password={}",
        "postgresql+psycopg://me:{}@127.0.0.1:port/crm",
        "postgresql+nothing://me:{}@127.0.0.1/crm",
        "me:{}@127.0.0.1/crm",
    ],
)
def test_no_password_of_a_database_in_an_error(address: str) -> None:
    secret = "canary-9e41"
    with (
        Crm() as crm,
        connect(crm.url, *crm.credentials(), transport=crm.transport()),
        pytest.raises(VtigerError) as caught,
    ):
        warehouse.sync(address.format(secret), demo, modules=["Vendors"])
    assert secret not in everything_of(caught.value)


def test_redirects_are_neither_followed_nor_told_with_the_session() -> None:
    followed: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "evil.test":
            followed.append(str(request.url))
        answer = server.handle(request)
        if "operation=query" in str(request.url):
            location = f"http://evil.test/?{request.url.query.decode()}"
            return httpx.Response(302, headers={"Location": location})
        return answer

    server = FakeServer()
    session = server.session(transport=httpx.MockTransport(handle))
    with pytest.raises(VtigerError) as caught:
        session.call("query", {"query": "select id from Contacts;"})
    assert not followed
    assert not any(name in everything_of(caught.value) for name in server.sessions)


def test_a_handshake_that_never_ends_is_given_up() -> None:
    """TLS spoken to a port that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(listener.accept()[0]))
        thread.start()
        session = Session(
            f"https://127.0.0.1:{listener.getsockname()[1]}",
            USER,
            KEY,
            dialect="webservice",
            timeout=0.2,
            verify=ssl.create_default_context(),
            retry=FAST,
        )
        with pytest.raises(VtigerError, match="accepted no connection in time"):
            session.identify()
        thread.join()
        for each in held:
            each.close()
