"""Nothing that a CRM says reaches a terminal as a command to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.cli.serve import _print_call
from vtiger_codegen.text.terminal import escaped, escaped_lines

from tests.codegen.snapshots import field, module, recorded_modules, snapshot
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.http import Request

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\x00\r"
COMMANDS = re.compile(r"[^\n -~\u00a0-\u200d\u2010-\u2027\u2030-\uffff]")
"""Anything a terminal might obey: controls of both sets, and marks that turn the direction."""


def test_escapes() -> None:
    assert escaped("a\x1b[1mb\nc") == "a\\x1b[1mb\\nc"
    assert escaped_lines("a\x1b\nb\ud800") == "a\\x1b\nb\\ud800"
    assert escaped_lines("Größe 客户 😀") == "Größe 客户 😀"


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """A CRM of evil texts, with its snapshot, and the environment of somebody who reaches it."""
    schema = snapshot(
        recorded_modules()["Users"],
        module(
            "Things",
            field("name", label=EVIL, default=EVIL),
            field("stage", "picklist", values={EVIL: EVIL, f"{EVIL}2": EVIL}),
            field("odd", f"type{EVIL}", label=EVIL),
            label=EVIL,
            labelFields="name",
            relations=[{"name": "Users", "label": EVIL}],
        ),
    )
    schema.save(tmp_path / "vtiger-schema")
    monkeypatch.chdir(tmp_path)
    with (
        Crm(schema, data={"Things": [{"name": EVIL, "stage": EVIL}]}) as crm,
        crm.serve() as server,
    ):
        username, access_key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", username)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
        yield crm


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    both = capsys.readouterr()
    text = re.sub(r"\x1b\[[0-9;]*m", "", both.out + both.err)  # our own colours
    assert not COMMANDS.search(text), ascii(COMMANDS.findall(text))
    return text


@pytest.mark.filterwarnings("default::vtiger_orm.metadata.interpret.UnknownFieldType")
@pytest.mark.parametrize("terminal", [False, True])
def test_no_verb_passes_on_what_a_terminal_would_obey(
    evil: Crm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    verbs: list[list[str]] = [
        ["whoami"],
        ["generate"],
        ["check", "--diff"],
        ["query", "Things"],
        ["query", "Things", "--format", "json"],
        ["query", "Things", "--where", f"name={EVIL}", "--explain"],
        ["query", "Things", "--where", f"nmae={EVIL}"],
        ["query", f"Things{EVIL}"],
        ["check", "--live"],
        ["pull"],
    ]
    for verb in verbs:
        run(verb)
        shown(capsys)
    run(["query", "Things", "--format", "csv"])
    out = capsys.readouterr().out
    assert (EVIL in out) is not terminal, "a pipe gets the data, a terminal what can be shown"


@pytest.mark.filterwarnings("default::vtiger_orm.metadata.interpret.UnknownFieldType")
def test_what_a_server_says_is_shown_harmlessly(
    evil: Crm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    evil.faults.always(faults.PlainAnswer(f"Sorry {EVIL}"), operation="describe", module="Things")
    assert run(["pull", "--schema", "other"]) == 0
    assert "skipped   Things" in shown(capsys)
    evil.faults.clear()
    evil.faults.always(faults.PlainAnswer(f"Sorry {EVIL}"), operation="query")
    assert run(["query", "Things"]) == 1
    assert "Sorry" in shown(capsys)


def test_served_calls_are_one_harmless_line(evil: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    evil.listeners.append(_print_call)
    capsys.readouterr()
    for target in (
        "/webservice.php?operation=%1b[2J%0aquery&query=select%1b[2J&sessionName=%1b",
        "/webservice.php?operation=getchallenge&username=%1b]0;x%07%0a12:00:00 admin",
    ):
        evil.handle(Request("GET", target, ()))
    text = shown(capsys)
    assert text.count("\n") == 2


@pytest.mark.parametrize("text", ["a b", "$(id)", "x; rm -rf /", "it's", "`id`"])
def test_what_serve_prints_for_a_shell_is_one_word(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    from vtiger_codegen.cli import serve

    def credentials(self: Crm, user: str | None = None) -> tuple[str, str]:
        return text, text

    monkeypatch.setattr(Crm, "credentials", credentials)
    monkeypatch.setattr(serve, "_wait", lambda: None)
    assert run(["serve", "--data", "none"]) == 0
    words: list[Any] = shlex.split(capsys.readouterr().out)
    assert words[2:] == ["export", f"VTIGER_USERNAME={text}", "export", f"VTIGER_ACCESS_KEY={text}"]
