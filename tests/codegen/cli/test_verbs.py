"""The command line as a whole: help, wrong usage, missing extras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from vtiger_codegen import __version__
from vtiger_codegen.cli import cli, run

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "vtiger_orm/emulator/demo"


def test_help_lists_verbs_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; from vtiger_codegen.cli import run; run(['--help']); print(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "codegen")))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    told, _, loaded = done.stdout.partition("{'sys'")
    assert "Print the typed package" in told.replace("print the", "Print the")
    assert "check" in told
    for heavy in ("'jinja2'", "'black'", "'rich'", "'httpx'", "'vtiger_codegen.cli.generate'"):
        assert heavy not in loaded


def test_help_of_a_verb_imports_nothing_costly() -> None:
    """So that it comes at once: within 150 ms on an idle machine."""
    code = (
        "import sys\n"
        "from vtiger_codegen.cli import cli, run\n"
        "costly = {'pydantic', 'jinja2', 'black', 'rich', 'httpx', 'libcst', 'sqlalchemy'}\n"
        "for verb in cli.list_commands(None):\n"
        "    assert run([verb, '--help']) == 0\n"
        "    found = costly.intersection(sys.modules) or [\n"
        "        each for each in sys.modules if each.endswith('.work')\n"
        "    ]\n"
        "    print('verb:', verb, *found)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "codegen")))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    told = [each.split()[1:] for each in done.stdout.splitlines() if each.startswith("verb:")]
    assert len(told) > 20
    assert [each for each in told if len(each) > 1] == []


def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "--lokced"]) == 2
    assert "--locked" in capsys.readouterr().err
    assert run(["generte"]) == 2
    assert "generate" in capsys.readouterr().err


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("generate", "check", "diff", "names", "migrate", "pull"):
        assert run([verb, "--help"]) == 0
        assert "Usage: vtiger-orm" in capsys.readouterr().out


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_a_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['click'] = None\nfrom vtiger_codegen.__main__ import main\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "codegen")))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "pip install 'vtiger-orm[codegen]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("query Con", ["Contacts"]),
        ("export Contacts Acc", ["Accounts"]),
        ("guide read", ["reading"]),
    ],
)
def test_a_shell_completes_modules_and_chapters(words: str, offered: list[str]) -> None:
    from click.shell_completion import ShellComplete

    *before, typed = words.split()
    before[1:1] = ["--schema", str(DEMO)] if before[0] != "guide" else []
    found = ShellComplete(cli, {}, "vtiger-orm", "_X").get_completions(before, typed)
    assert [each.value for each in found] == offered
