"""What the type checkers say about application code, with no plugin.

`pass/` holds programs that must be clean in strict mode. `fail/` holds programs whose errors
are written beside the line::

    Contacts.objects.filter(lastnme="x")  # mypy: did you mean "lastname"  # pyright: "lastnme"

Each marker is a piece of text that the checker's message must contain; an error on a line with
no marker, or a marker without its error, fails the test. Every checker runs once for all files.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from vtiger_codegen.cli import cli
from vtiger_codegen.site.chapters import chapters

from tests.typing.checkers import HERE, ROOT, WRONG, Errors, marked, of_mypy, run

PASS = sorted((HERE / "pass").glob("*.py"))
FAIL = sorted((HERE / "fail").glob("*.py"))
MARKER = re.compile(r"# (mypy|pyright): (.*?)(?=\s+# (?:mypy|pyright): |$)")


@pytest.fixture(scope="session")
def guide(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The Python blocks of each chapter, as one program: so it is read, top to bottom."""
    folder, files = tmp_path_factory.mktemp("guide"), []
    for each in chapters(cli):
        blocks = re.findall(r"^```python\n(.*?)^```$", each.text, re.DOTALL | re.MULTILINE)
        files.append(folder / f"chapter_{each.name.replace('-', '_')}.py")
        files[-1].write_text("\n# next block\n".join(blocks))
    return files


@pytest.fixture(scope="session")
def mypy_errors(mypy_cache: Path, guide: list[Path]) -> Errors:
    files = [str(path) for path in (*PASS, *FAIL, *WRONG, *guide)]
    output = run(
        sys.executable,
        *("-m", "mypy", "--strict", "--output=json", f"--cache-dir={mypy_cache}"),
        *("--config-file=", "--explicit-package-bases"),
        *("--no-error-summary", "--scripts-are-modules", "--ignore-missing-imports", *files),
    )
    return of_mypy(output)


def pyright(mode: str, include: list[Path], config: Path) -> Errors:
    settings = {
        "include": [str(path) for path in include],
        "extraPaths": [str(ROOT), str(ROOT / "codegen")],
        "typeCheckingMode": mode,
        "pythonVersion": "3.11",
    }
    config.write_text(json.dumps(settings))
    output = run(
        sys.executable,
        *("-m", "basedpyright", "--outputjson", "--level=error"),
        *("--project", str(config), "--pythonpath", sys.executable),
    )
    found: Errors = defaultdict(lambda: defaultdict(list))
    for error in json.loads(output)["generalDiagnostics"]:
        if error["severity"] == "error":
            line = error["range"]["start"]["line"] + 1 if "range" in error else 0
            found[Path(error["file"])][line].append(error["message"])
    return found


@pytest.fixture(scope="session")
def pyright_errors(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    config = tmp_path_factory.mktemp("pyright") / "pyrightconfig.json"
    return pyright("strict", [HERE / "pass", HERE / "fail", HERE / "wrong"], config)


def expected(path: Path, checker: str) -> dict[int, list[str]]:
    wanted: dict[int, list[str]] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        texts = [text for name, text in MARKER.findall(line) if name == checker]
        if texts:
            wanted[number] = texts
    return wanted


def compare(path: Path, checker: str, found: Errors) -> None:
    wanted, got = expected(path, checker), found.get(path, {})
    problems = []
    for line in sorted({*wanted, *got}):
        for text in wanted.get(line, []):
            if not any(text in message for message in got.get(line, [])):
                problems.append(f"line {line}: no error with {text!r}; got {got.get(line)}")
        if line not in wanted:
            problems.append(f"line {line}: unexpected {got[line]}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("path", PASS, ids=lambda path: path.stem)
def test_mypy_accepts(path: Path, mypy_errors: Errors) -> None:
    assert not mypy_errors.get(path)


def test_mypy_accepts_the_guide(guide: list[Path], mypy_errors: Errors) -> None:
    assert sum("connect" in each.read_text() for each in guide) > 10
    assert {each.stem: mypy_errors[each] for each in guide if mypy_errors.get(each)} == {}


@pytest.mark.parametrize("path", PASS, ids=lambda path: path.stem)
def test_pyright_accepts(path: Path, pyright_errors: Errors) -> None:
    assert not pyright_errors.get(path)


@pytest.mark.checkers
def test_the_defaults_of_basedpyright_accept_programs_and_generated_package(tmp_path: Path) -> None:
    """Its default mode knows more rules than pyright's strict one."""
    config = tmp_path / "pyrightconfig.json"
    assert not pyright("recommended", [HERE / "pass", ROOT / "generated" / "demo"], config)


@pytest.mark.parametrize("path", FAIL, ids=lambda path: path.stem)
def test_mypy_refuses(path: Path, mypy_errors: Errors) -> None:
    assert expected(path, "mypy"), "a file in fail/ without a marker proves nothing"
    compare(path, "mypy", mypy_errors)


@pytest.mark.parametrize("path", FAIL, ids=lambda path: path.stem)
def test_pyright_refuses(path: Path, pyright_errors: Errors) -> None:
    assert expected(path, "pyright"), "a file in fail/ without a marker proves nothing"
    compare(path, "pyright", pyright_errors)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_wrong_programs_are_found(path: Path, mypy_errors: Errors, pyright_errors: Errors) -> None:
    """The other checkers are asked in `test_other_checkers.py`."""
    assert sum(len(marked(each)) for each in WRONG) >= 373
    assert mypy_errors[path].keys() == marked(path)
    assert pyright_errors[path].keys() == marked(path)


def test_every_refused_filter_is_refused_by_exclude_too() -> None:
    """pyright forgets the narrowed signature on an alias unless the base has the same one."""
    for path in FAIL:
        text = path.read_text()
        assert text.count(".filter(") == text.count(".exclude("), path.name
