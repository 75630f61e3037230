"""The README is true: its set-up section has two commands, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vtiger_orm.calls.support import table
from vtiger_orm.emulator import Crm

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_set_up_is_two_single_command_lines() -> None:
    (section,) = re.findall(r"^## Set up$(.*?)(?=^## )", README + "\n## ", re.DOTALL | re.MULTILINE)
    commands = blocks("sh", section)
    assert len(commands) == 2
    for command in commands:
        assert len(command.strip().splitlines()) == 1
    assert commands[0].rstrip().endswith("vtiger-orm demo")
    assert commands[1].rstrip().endswith("pytest")


def test_the_python_of_the_readme_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks in one namespace, top to bottom, against the embedded CRM over real HTTP."""
    with Crm() as crm, crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        names: dict[str, Any] = {"__name__": "readme"}
        code = blocks("python")
        assert code
        for number, block in enumerate(code, start=1):
            exec(compile(block, f"<README block {number}>", "exec"), names)


def test_the_table_of_operations_is_the_one_of_the_code() -> None:
    """To renew it: put `vtiger_orm.calls.support.table()` between the two marks."""
    _, found = README.split("<!-- operations -->\n")
    shown, _ = found.split("<!-- end of operations -->")
    assert shown.strip() == table().strip()
