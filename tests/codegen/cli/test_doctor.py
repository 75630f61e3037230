"""`vtiger-orm doctor`: of each broken set-up it names the cause and the cure."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from vtiger_codegen.cli import run

from tests.support.tls_relay import relayed
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.clock import Clock
from vtiger_orm.emulator.faults import RateLimited

DEMO = Path(__file__).parents[3] / "vtiger_orm/emulator/demo"


@dataclass
class Setup:
    """A working set-up, for each test to break in one way."""

    crm: Crm
    url: str
    folder: Path
    environment: pytest.MonkeyPatch
    options: list[str] = field(default_factory=list)


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    with Crm() as crm, crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.chdir(tmp_path)
        for variable, value in (
            ("VTIGER_URL", server.url),
            ("VTIGER_USERNAME", name),
            ("VTIGER_ACCESS_KEY", key),
        ):
            monkeypatch.setenv(variable, value)
        shutil.copytree(DEMO, tmp_path / "vtiger-schema", ignore=shutil.ignore_patterns("*.py"))
        yield Setup(crm, server.url, tmp_path, monkeypatch)


def wrong(setup: Setup, capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, str]], int]:
    """What doctor finds wrong, and its exit code."""
    code = run(["doctor", "--json", *setup.options])
    found = json.loads(capsys.readouterr().out)
    return [each for each in found if each["level"] == "problem"], code


def test_nothing_is_wrong_with_a_set_up_that_works(
    setup: Setup, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wrong(setup, capsys) == ([], 0)
    assert run(["doctor"]) == 0
    told = capsys.readouterr().out
    for check in ("versions", "address", "login", "server", "clock", "time zone", "number format"):
        assert check in told
    for check in ("permissions", "limits", "page size", "text comparison", "snapshot"):
        assert check in told
    assert told.splitlines()[-1].endswith("0 problems, 1 note.")


def _no_address(setup: Setup) -> None:
    setup.environment.delenv("VTIGER_URL")


def _unknown_host(setup: Setup) -> None:
    setup.options = ["--url", "https://crm.invalid"]


def _odd_port(setup: Setup) -> None:
    setup.options = ["--url", "https://localhost:99999"]


def _nobody_listens(setup: Setup) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        setup.options = ["--url", f"http://127.0.0.1:{free.getsockname()[1]}"]


def _no_tls_there(setup: Setup) -> None:
    setup.options = ["--url", setup.url.replace("http://", "https://")]


def _no_crm_there(setup: Setup) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>It works!</html>")

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Not into the test's output."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    setup.options = ["--url", f"http://127.0.0.1:{server.server_port}"]


def _no_key(setup: Setup) -> None:
    setup.environment.delenv("VTIGER_ACCESS_KEY")


def _wrong_key(setup: Setup) -> None:
    setup.environment.setenv("VTIGER_ACCESS_KEY", "0123456789abcdef")


def _pasted_key(setup: Setup) -> None:
    setup.environment.setenv("VTIGER_ACCESS_KEY", "0123456789abcdef\n")


def _commas_for_decimals(setup: Setup) -> None:
    me = setup.crm.user().wire_id
    setup.crm.run("revise", element=json.dumps({"id": me, "currency_decimal_separator": ","}))


def _another_crm(setup: Setup) -> None:
    file = setup.folder / "vtiger-schema/instance.json"
    known = json.loads(file.read_text())
    for name, prefix in (("Contacts", "4"), ("Quotes", "12")):
        known["prefixes"][name] = prefix
        module = file.parent / "modules" / f"{name}.json"
        described = json.loads(module.read_text())
        described["describe"]["idPrefix"] = prefix
        module.write_text(json.dumps(described))
    file.write_text(json.dumps(known))


def _another_release(setup: Setup) -> None:
    file = setup.folder / "vtiger-schema/instance.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": "7.1.0"}))


def _damaged_snapshot(setup: Setup) -> None:
    (setup.folder / "vtiger-schema/instance.json").write_text("{")


def _wrong_settings(setup: Setup) -> None:
    (setup.folder / "pyproject.toml").write_text('[tool.vtiger-orm]\nurll = "x"\n')


def _limit_used_up(setup: Setup) -> None:
    setup.crm.faults.always(RateLimited(retry_after=9000))


BROKEN: tuple[tuple[Callable[[Setup], None], str, str], ...] = (
    (_no_address, "address", "VTIGER_URL"),
    (_unknown_host, "address", "name is not known"),
    (_odd_port, "address", "opens the CRM in a browser"),
    (_nobody_listens, "connection", "opens in a browser"),
    (_no_tls_there, "TLS", "http://"),
    (_no_crm_there, "address", "No Vtiger API was found"),
    (_no_key, "login", "Give both for this CRM"),
    (_wrong_key, "login", "access key anew"),
    (_pasted_key, "login", "access key anew"),
    (_commas_for_decimals, "number format", "'.' for decimals"),
    (_another_crm, "snapshot", "pull and generate"),
    (_another_release, "snapshot", "vtiger-orm pull"),
    (_damaged_snapshot, "snapshot", "vtiger-orm pull"),
    (_wrong_settings, "settings", "pyproject.toml"),
    (_limit_used_up, "limits", "vtiger-orm limits"),
)


@pytest.mark.parametrize(
    ("break_it", "check", "cure"), BROKEN, ids=[each[0].__name__[1:] for each in BROKEN]
)
def test_the_cause_of_a_broken_set_up_is_named(
    setup: Setup,
    capsys: pytest.CaptureFixture[str],
    break_it: Callable[[Setup], None],
    check: str,
    cure: str,
) -> None:
    break_it(setup)
    found, code = wrong(setup, capsys)
    assert [each["check"] for each in found] == [check], found
    assert cure in found[0]["found"] + found[0]["cure"]
    assert code == 1
    assert setup.crm.credentials()[1] not in json.dumps(found)


def test_a_clock_that_is_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = Clock()
    late.advance(hours=-1, minutes=-7)
    with Crm(clock=late) as crm, crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        found, _ = wrong(Setup(crm, server.url, tmp_path, monkeypatch), capsys)
    assert [each["check"] for each in found] == ["clock"]
    assert "NTP" in found[0]["cure"]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody signed but itself, for localhost, and its key."""
    chain, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_is_not_trusted_is_told_and_can_be_given(
    setup: Setup, certificate: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    chain, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with relayed(setup.url, context) as port:
        setup.options = ["--url", f"https://localhost:{port}"]
        found, code = wrong(setup, capsys)
        assert ([each["check"] for each in found], code) == (["TLS"], 1)
        assert "--ca FILE" in found[0]["cure"]
        setup.options += ["--ca", str(chain)]
        assert wrong(setup, capsys) == ([], 0)
        setup.options = [*setup.options[:2], "--insecure"]
        assert run(["doctor", "--json", *setup.options]) == 0
        assert "certificates are not checked" in capsys.readouterr().err
