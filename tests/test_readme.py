"""The README is true: its set-up section has two commands, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

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


def test_its_links_and_its_picture_are_there() -> None:
    """The picture is recorded by ``python -m tests.picture`` and loads nothing from elsewhere."""
    root = Path(__file__).parents[1]
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert ".github/demo.svg" in links
    for link in links:
        assert (root / link).exists(), link
    picture = (root / ".github/demo.svg").read_text(encoding="utf-8")
    for words in ("pull", "generate", "mypy", "did you mean", "leadsource"):
        assert words in picture.replace("&#160;", " ")
    assert "url(http" not in picture
    assert "@font-face" not in picture


def test_it_is_one_screen_of_why() -> None:
    """The rest is in the guide."""
    assert len(README.splitlines()) <= 110
