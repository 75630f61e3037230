"""No verb shows a secret: not on its output, in logs, in files it writes, or in an error's frames.

Every verb of the command line has a row here, or this fails.
"""

from __future__ import annotations

import base64
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pytest
from vtiger_codegen.cli import cli

from tests.support.verbs import leaves
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response, text_response

ROOT: Final = Path(__file__).parents[3]
KEY: Final = "canary-key-7c2e9f"
WRONG: Final = "canary-wrong-41ab88"

CONNECTING: Final[dict[str, list[str]]] = {
    "whoami": [],
    "init": ["--schema", "fresh", "--output", "generated/fresh"],
    "pull": ["--include", "Contacts", "--allow-loss"],
    "check": ["--live"],
    "diff": ["--live"],
    "demo": ["--url", "URL"],
    "query": ["Contacts", "-n", "2"],
    "limits": ["--json"],
    "doctor": ["--json"],
    "export": ["Contacts", "--to", "out", "--format", "csv"],
    "sync": ["Vehicles", "--to", "sqlite:///warehouse.db"],
    "import": ["people.csv", "--module", "Contacts", "--key", "lastname", "--report", "report"],
    "shell": ["-c", "print(repr(crm), vars(crm), list(Contacts.objects.all()[:2]))"],
}
"""Verbs that know the key, and what they are given besides."""
REACHING: Final = {"url", "dialect", "ca", "insecure", "insecure_http"}
"""What each of them is told of the way to the CRM."""
LONG: Final = {"init", "demo", "check", "diff"}
"""Those that generate or describe everything when all goes well: only tried where it does not."""
TELLING: Final = {"doctor", "sync"}
"""Those that tell of a failure and go on."""
OFFLINE: Final = {
    *("generate", "names accept", "names find", "names list", "names set", "customise"),
    *("migrate", "docs", "guide", "completion", "serve"),
}
"""Verbs that open no session, and so are never told the key of one."""


def test_every_verb_has_a_row() -> None:
    verbs = dict(leaves(cli))
    assert sorted(verbs) == sorted([*CONNECTING, *OFFLINE])
    options = {verb: {each.name for each in command.params} for verb, command in verbs.items()}
    connecting = {verb for verb, given in options.items() if "insecure_http" in given}
    assert connecting == set(CONNECTING)
    missing = {
        verb: REACHING - options[verb] for verb in connecting if not options[verb] >= REACHING
    }
    assert missing == {}
    assert [verb for verb in OFFLINE if options[verb] & REACHING] == []


def test_the_key_is_read_in_one_place() -> None:
    sources = (ROOT / "codegen").rglob("*.py")
    named = [each.name for each in sources if '"VTIGER_ACCESS_KEY"' in each.read_text()]
    assert sorted(named) == ["credentials.py", "reference.py"]  # the second one documents it


@dataclass
class Place:
    crm: Crm
    url: str
    sessions: list[str]
    """Ids of all sessions so far."""

    def told_in(self, text: str) -> bool:
        keys = [KEY, WRONG]
        basic = [base64.b64encode(f"admin:{key}".encode()).decode() for key in keys]
        return any(each in text for each in (*keys, *basic, *self.sessions))


@pytest.fixture(scope="module")
def crm() -> Iterator[tuple[Crm, str]]:
    with Crm(profile="cloud") as crm, crm.serve() as server:
        crm.set_key("admin", KEY)
        yield crm, server.url


@pytest.fixture
def place(crm: tuple[Crm, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place(*crm, [])
    login = made.crm.sessions.login

    def remembered(*args: Any, **kwargs: Any) -> str:
        made.sessions.append(login(*args, **kwargs))
        return made.sessions[-1]

    monkeypatch.setattr(made.crm.sessions, "login", remembered)
    monkeypatch.chdir(tmp_path)
    for name, value in (("URL", made.url), ("USERNAME", "admin"), ("ACCESS_KEY", KEY)):
        monkeypatch.setenv(f"VTIGER_{name}", value)
    demo = ROOT / "vtiger_orm/emulator/demo"
    shutil.copytree(demo, "vtiger-schema", ignore=shutil.ignore_patterns("*.py"))
    shutil.copytree(ROOT / "generated/demo", "generated/crm")
    Path("people.csv").write_text("lastname,email\nCanary,a@canary.test\n")
    yield made
    made.crm.reset()


@dataclass(frozen=True)
class Echo:
    """A server that fails, and says with which headers and parameters it was asked."""

    def apply(self, exchange: Exchange) -> Response:
        call = exchange.call
        told = f"<pre>{call!r} sessionName={call.session} accessKey={KEY}</pre>"
        return text_response(told, status=500)


def shown_by(arguments: list[str], caplog: Any, capfd: Any) -> Iterator[tuple[str, str]]:
    """Where something is shown, and what."""
    caplog.set_level(logging.DEBUG)
    try:
        cli.main(args=[*arguments, "-vv"], standalone_mode=False)
    except Exception as error:
        yield "error", str(error) + repr(error) + repr(vars(error))
        yield from frames(error)
    out, err = capfd.readouterr()
    yield "stdout", out
    yield "stderr", err
    for record in caplog.records:
        yield f"log {record.name}", record.getMessage() + repr(record.__dict__)
    for file in Path().rglob("*"):
        if file.is_file():
            yield str(file), file.read_bytes().decode("latin-1")


def frames(error: BaseException | None) -> Iterator[tuple[str, str]]:
    """The variables of every frame, as tools for errors show them."""
    while error is not None:
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if frame.f_code.co_filename != __file__:
                place = f"{frame.f_code.co_filename}:{trace.tb_lineno}"
                for name, value in frame.f_locals.items():
                    yield f"{place} {name}", repr(value)
            trace = trace.tb_next
        error = error.__cause__ or error.__context__


HOWS: Final = ("well", "failing", "bug", "wrong key")
CASES: Final = [
    (verb, how)
    for number, verb in enumerate(CONNECTING)
    for how in ("well", "failing", HOWS[2 + number % 2])
    if how != "well" or verb not in LONG
]


@pytest.mark.parametrize(("verb", "how"), CASES)
def test_no_verb_shows_a_secret(
    place: Place, verb: str, how: str, caplog: Any, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    match how:
        case "wrong key":
            monkeypatch.setenv("VTIGER_ACCESS_KEY", WRONG)
        case "failing":
            place.crm.faults.always(Echo(), operation=("query", "describe", "me", "listtypes"))
        case "bug":
            monkeypatch.setattr("vtiger_orm.session.http._response", lambda *_: 1 // 0)
    given = [each.replace("URL", place.url) for each in (verb, *CONNECTING[verb])]
    shown = dict(shown_by(given, caplog, capfd))
    if (verb, how) == ("shell", "bug"):  # as what the lines it was given get wrong
        assert "ZeroDivisionError" in shown["stderr"]
    elif verb not in TELLING:
        assert ("error" in shown) is (how != "well"), shown["stderr"]
    assert place.sessions or how != "well"
    assert {where for where, text in shown.items() if place.told_in(text)} == set()
