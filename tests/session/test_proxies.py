"""Proxies that work, and proxies that answer what they should not."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from generated.demo import connect
from tests.support.socks_server import SocksServer
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.server import Server
from vtiger_orm.errors import ConnectionFailed, VtigerError
from vtiger_orm.session import RetryPolicy, Session
from vtiger_orm.session.proxies import proxy_for

ONCE = RetryPolicy(attempts=1)
MODES = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    return monkeypatch


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Crm, Server]]:
    with Crm() as crm, crm.serve(names=["*"]) as server:
        yield crm, server


def opened(crm: Crm, url: str) -> Session:
    settings: dict[str, Any] = {"dialect": "webservice", "timeout": 2.0, "retry": ONCE}
    return connect(url, *crm.credentials(), **settings)


def name_of(session: Session, asynchronous: bool) -> str:
    found = asyncio.run(session.aidentify()) if asynchronous else session.identify()
    session.close()
    return found.username


@MODES
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", ["", "user:pass%20word@"])
def test_a_crm_behind_socks(
    no_proxies: pytest.MonkeyPatch,
    served: tuple[Crm, Server],
    scheme: str,
    login: str,
    asynchronous: bool,
) -> None:
    """Names are left to the proxy: this machine may not know them."""
    crm, server = served
    with SocksServer(*(["user", "pass word"] if login else [])) as proxy:
        no_proxies.setenv("ALL_PROXY", f"{scheme}://{login}127.0.0.1:{proxy.port}")
        session = opened(crm, f"http://crm.inside.test:{server.port}")
        assert name_of(session, asynchronous) == "admin"
    assert set(proxy.asked) == {("crm.inside.test", server.port)}


@MODES
def test_a_socks_proxy_that_refuses_is_told_without_its_password(
    no_proxies: pytest.MonkeyPatch, served: tuple[Crm, Server], asynchronous: bool
) -> None:
    crm, server = served
    with SocksServer("user", "right") as proxy:
        no_proxies.setenv("ALL_PROXY", f"socks5://user:canary-wrong@127.0.0.1:{proxy.port}")
        session = opened(crm, f"http://crm.inside.test:{server.port}")
        with pytest.raises(ConnectionFailed) as caught:
            name_of(session, asynchronous)
    assert not caught.value.sent
    assert "canary" not in str(caught.value)
    gc.collect()  # a connection that was left open is a warning, and so an error


ANSWERS = {
    "a page": b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n<html>log in</html>",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://a.test/\r\nContent-Length: 0\r\n\r\n",
    "asks for a login": b"HTTP/1.1 407 No\r\nContent-Length: 19\r\n\r\n<html>log in</html>",
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
}


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port that says the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, suppress(OSError):
                        client.recv(65536)
                        client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@MODES
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_proxy_that_answers_itself(
    no_proxies: pytest.MonkeyPatch, crm_key: str, scheme: str, answer: str, asynchronous: bool
) -> None:
    """A page instead of a tunnel, or of the CRM's answer: our error, without the key."""
    with answering(ANSWERS[answer]) as port:
        no_proxies.setenv("ALL_PROXY", f"http://user:canary-word@127.0.0.1:{port}")
        settings: dict[str, Any] = {"dialect": "webservice", "timeout": 1.0, "retry": ONCE}
        session = Session(f"{scheme}://crm.test", "admin", crm_key, **settings)
        with pytest.raises(VtigerError) as caught:
            name_of(session, asynchronous)
    assert "canary" not in str(caught.value)


@pytest.fixture
def crm_key() -> str:
    return "canary-key"


def test_without_its_package_socks_is_refused(no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setattr("vtiger_orm.session.proxies.find_spec", lambda name: None)
    no_proxies.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(VtigerError, match=r"vtiger-orm\[socks\]"):
        proxy_for("https://crm.test")
