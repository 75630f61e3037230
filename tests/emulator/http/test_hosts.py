"""Under which names a CRM answers, and whose keys are known where others can reach it."""

from __future__ import annotations

import socket

import httpx
import pytest

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import default_key
from vtiger_orm.emulator.hosts import Hosts


@pytest.mark.parametrize(
    ("header", "answered"),
    [
        ("127.0.0.1:80", True),
        ("127.0.0.1", True),
        ("192.0.2.7:8000", True),
        ("[::1]:8000", True),
        ("[fe80::1%eth0]:80", True),
        ("localhost", True),
        ("LocalHost.:8000", True),
        ("crm.localhost:8000", True),
        ("mine.test:8000", True),
        ("MINE.test.", True),
        ("evil.test", False),
        ("evil.test:80", False),
        ("127.0.0.1.evil.test", False),
        ("localhost.evil.test", False),
        ("xlocalhost", False),
        ("", False),
        ("[evil.test]", False),
        ("*", False),
    ],
)
def test_names(header: str, answered: bool) -> None:
    assert (header in Hosts(["mine.test"])) is answered
    assert header in Hosts(["*"])


def test_a_page_that_calls_itself_127_0_0_1_gets_nothing() -> None:
    with Crm(data=None) as crm, crm.serve(names=["crm.example"]) as server:
        ask = {"operation": "getchallenge", "username": "admin"}
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            for host in (None, "crm.example", f"localhost:{server.port}", socket.gethostname()):
                headers = {} if host is None else {"Host": host}
                answer = client.get("/webservice.php", params=ask, headers=headers)
                assert answer.json()["success"] is True
            with crm.count_calls() as calls:
                answer = client.get(
                    "/webservice.php", params=ask, headers={"Host": "rebound.evil.test"}
                )
        assert answer.status_code == 421
        assert "--allow-host" in answer.text
        assert len(calls) + calls.logins == 0


class TestKeys:
    def test_on_this_machine_they_stay(self) -> None:
        with Crm(data=None) as crm, crm.serve(host="localhost") as server:
            assert server.is_local
            assert crm.credentials() == ("admin", default_key("admin"))

    def test_beyond_it_nobody_keeps_one_that_everybody_knows(self) -> None:
        with Crm() as crm:
            crm.set_key("restricted", "a-key-of-my-own")
            with crm.serve(host="0.0.0.0") as server:
                assert not server.is_local
                keys = {user.name: user.access_key for user in crm.users()}
                assert keys.pop("restricted") == "a-key-of-my-own"
                assert not any(key == default_key(name) for name, key in keys.items())
                assert len(set(keys.values())) == len(keys) > 1
            with crm.serve(host="0.0.0.0"):
                assert crm.credentials() == ("admin", keys["admin"])

    def test_nobody_gets_in_without_one(self) -> None:
        with Crm(data=None, profile="cloud") as crm:
            crm.engine.backdoor.set(crm.user().wire_id, accesskey="")
            crm.engine.store.touch_accounts()
            transport = crm.transport()
            with httpx.Client(base_url=crm.url, transport=transport, auth=("admin", "")) as client:
                assert client.get("/restapi/v1/vtiger/default/me").status_code == 401
            assert crm.user_with_password("admin", "") is None
