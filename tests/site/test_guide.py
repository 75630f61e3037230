"""The guide is true: its Python runs, its plans are the planner's, its tables those of the code."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
import types
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.cli import cli, run
from vtiger_codegen.config import Config
from vtiger_codegen.site import reference
from vtiger_codegen.site.chapters import ORDER, Chapter, chapter, chapters
from vtiger_codegen.site.facts import CrmFacts
from vtiger_codegen.site.queries import plan_of

import vtiger_orm
from generated import demo
from tests.api import outside
from vtiger_orm import Q, Session
from vtiger_orm import errors as raised
from vtiger_orm.conditions.lookups import Lookup
from vtiger_orm.emulator import Crm

CHAPTERS = chapters(cli)


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def template() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def served(template: Crm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with template.copy() as crm, crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        yield crm


@pytest.mark.parametrize("each", CHAPTERS, ids=lambda each: each.name)
def test_the_python_of_a_chapter_runs_as_it_stands(
    each: Chapter, served: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All blocks of it in one namespace, top to bottom, against the embedded CRM over HTTP."""
    module = types.ModuleType("guide_chapter")  # as a program is one: dataclasses look for it
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names: dict[str, Any] = vars(module)
    for number, block in enumerate(blocks("python", each.text), start=1):
        code = compile(block, f"<{each.name} block {number}>", "exec", dont_inherit=True)
        with contextlib.redirect_stdout(None):
            exec(code, names)


@pytest.mark.parametrize("each", CHAPTERS, ids=lambda each: each.name)
def test_a_plan_is_that_of_the_real_queryset(each: Chapter, facts: CrmFacts) -> None:
    names = {**{name: getattr(demo, name) for name in demo.__all__}, "Q": Q, "date": date}
    for text in blocks("plan", each.text):
        assert str(eval(text, names).explain()) == str(plan_of(text, facts))


def test_chapters_are_those_of_the_folder() -> None:
    folder = Path(__file__).parents[2] / "templates/guide"
    found = {each.name.removesuffix(".md") for each in folder.iterdir()}
    assert found == set(ORDER)


def test_each_chapter_begins_with_what_it_is_about() -> None:
    for each in CHAPTERS:
        assert each.title
        assert len(each.summary) > 30, each.name


def test_a_chapter_is_in_the_names_of_the_users_package(facts: CrmFacts) -> None:
    from dataclasses import replace

    text = chapter("first-hour", cli, replace(facts, package="shop.crm")).text
    assert "from shop.crm import Contacts, connect" in text
    assert "generated.demo" not in text


# Tables of the code


def test_every_setting_verb_variable_error_and_lookup_is_there() -> None:
    settings, commands = chapter("settings", cli).text, chapter("command-line", cli).text
    for name, each in Config.model_fields.items():
        row = next(line for line in settings.splitlines() if f"| `{each.alias or name}` |" in line)
        assert row.split("|")[3].strip(), f"{name} is not explained"
    for name in inspect.signature(Session.__init__).parameters.keys() - {"self", "package"}:
        row = next(line for line in settings.splitlines() if f"| `{name}` |" in line)
        assert row.split("|")[3].strip(), f"{name} is not explained"
    for verb in cli.commands or cli.list_commands(None):  # type: ignore[arg-type]
        assert f"## {verb}\n" in commands
    for name, each in vars(raised).items():
        if inspect.isclass(each) and issubclass(each, raised.VtigerError):
            assert f"`{name}`" in chapter("errors", cli).text
    for lookup in Lookup:
        assert f"| `{lookup.value}` |" in chapter("reading", cli).text


def test_every_environment_variable_is_explained() -> None:
    read = {re.match(r"\w+", each)[0] for each in outside.environment_variables()}  # type: ignore[index]
    assert {name for name in read if name.startswith("VTIGER_")} == set(reference.VARIABLES)


def test_every_public_name_is_in_the_reference() -> None:
    text = "\n".join(reference.api().values())
    for name in vtiger_orm.__all__:
        assert f"## {name}\n" in text


def test_the_table_of_operations_is_the_one_of_the_code() -> None:
    from vtiger_orm.calls.support import table

    assert table() in chapter("operations", cli).text


# In the terminal


def test_a_chapter_is_shown_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["guide"]) == 0
    assert "first-hour" in capsys.readouterr().out
    assert run(["guide", "reading"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Every lookup" in shown
    assert "from Contacts where lastname = 'muller'" in shown
    assert run(["guide", "readin"]) == 1
    assert "Did you mean 'reading'?" in capsys.readouterr().err
