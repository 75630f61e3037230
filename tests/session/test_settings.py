"""Settings of a session that are none: told when it is made, not in the middle of a call."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_server import KEY, USER, FakeServer
from vtiger_orm.errors import ConfigError
from vtiger_orm.session import RetryPolicy, Session
from vtiger_orm.session.pools import certificates

_NO_SECONDS = [-1, 1e308, 10**400, float("nan"), float("inf"), "5", True]
_NO_COUNT = [0, -1, 1.5, 10**400, float("inf"), "5", True]
_NO_FLAG: list[Any] = [None, 0, 1, "0", "", []]
WRONG: dict[str, list[Any]] = {
    "timeout": [0, *_NO_SECONDS],
    "max_wait": _NO_SECONDS,
    "max_scan_rows": _NO_COUNT,
    "max_writes": _NO_COUNT,
    "page_size": _NO_COUNT,
    "parallel": [101, *_NO_COUNT],
    "read_only": _NO_FLAG,
    "dry_run": _NO_FLAG,
    "strict": _NO_FLAG,
    "allow_http": _NO_FLAG[1:],
    "consistency": ["Strict", "", None, 1, []],
    "missing_fields": ["", None, []],
    "retry": [5, "5", {}],
    "on_wait": [5, "print"],
    "capabilities": ["all", {}, 1],
    "timezone": [5, b"UTC", None, "a\0b", "\ud800", "../etc"],
    "server_timezone": [5, b"UTC", "a\0b"],
    "external_ids": ["cf_1", [], {"Contacts": 5}],
    "dependencies": ["x", [1]],
    "url": [5, b"https://crm.test"],
    "username": [5, b"admin"],
    "access_key": [5, b"key"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, each, id=f"{name} {each!r:.20}") for name in WRONG for each in WRONG[name]],
)
def test_a_setting_that_is_none_is_told_at_once(name: str, value: Any) -> None:
    given: dict[str, Any] = {"url": "https://crm.test", "username": USER, "access_key": KEY}
    with pytest.raises(ConfigError) as caught:
        Session(**(given | {name: value}))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", RetryPolicy.__dataclass_fields__)
@pytest.mark.parametrize("value", _NO_SECONDS, ids=lambda value: f"{value!r:.20}")
def test_a_policy_of_other_numbers_is_told(name: str, value: Any) -> None:
    policy: Any = RetryPolicy
    with pytest.raises(ConfigError, match=f"RetryPolicy.{name}"):
        policy(**{name: value})


def test_the_most_that_may_be_set_works() -> None:
    server = FakeServer()
    session = server.session(parallel=100, timeout=1e6, max_wait=0, page_size=1)
    assert session.identify().username


@pytest.mark.parametrize("value", [5, None, 0, b"ca.pem", Path("ca.pem"), "", "missing", "a\0b"])
def test_what_certificates_are_not_checked_by(value: Any) -> None:
    with pytest.raises(ConfigError, match="verify"):
        certificates(value)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("file", ["missing.pem", "none.pem"])
def test_certificates_of_the_environment_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, file: str
) -> None:
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    (tmp_path / "none.pem").write_text("no certificate")
    monkeypatch.setenv(name, str(tmp_path / file))
    with pytest.raises(ConfigError, match=f"{name}=.*{file}.*cannot be used"):
        certificates(True)
    assert isinstance(certificates(False), ssl.SSLContext)
