"""One meaning a name: no two files call two things by one public name, no word of the glossary is
told twice; no file is too long."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SOURCES = ("vtiger_orm", "codegen/vtiger_codegen")

LONGEST = 450
"""Lines of a file."""

SHARED = {
    "Activation": "the protocol of the class of that name, for the rooms below it",
    "Package": "the protocol of the class of that name, for the rooms below it",
    "CallCount": "calls that were counted, by the session or by the embedded CRM",
    "Crm": "the CRM: `record.crm` asks it, and the embedded one is it",
    "Exchange": "one request and its answer, at either end",
    "RateLimited": "the error, and the fault of the embedded CRM that causes it",
    "Server": "the server of an address: what is known of it, and the embedded one",
    "ServerError": "the error, and the fault of the embedded CRM that causes it",
    "Statement": "a statement of the query language, as it is written and as it is parsed",
    "UnknownOperation": "that a server has no such operation, where it is said and understood",
    "User": "a user of the CRM, as it is told and as it is kept",
}
"""Names of one meaning that two files give to two classes, and why."""


def sources() -> list[Path]:
    return [file for top in SOURCES for file in sorted((ROOT / top).rglob("*.py"))]


def declared(file: Path) -> Iterator[str]:
    """The public classes of a file, and its public names for types."""
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(name), annotation=ast.Name("TypeAlias")):
                yield name


def places() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sources():
        for name in declared(file):
            if not name.startswith("_"):
                found[name].append(str(file.relative_to(ROOT)))
    return found


def test_a_name_means_one_thing() -> None:
    twice = {name: files for name, files in places().items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if name not in SHARED} == {}
    assert SHARED.keys() == twice.keys(), "names that are shared no longer"


@pytest.mark.parametrize("top", ["vtiger_orm", "codegen", "tests"])
def test_no_file_is_too_long(top: str) -> None:
    sizes = {str(file): file.read_text().count("\n") for file in (ROOT / top).rglob("*.py")}
    assert {file: lines for file, lines in sizes.items() if lines > LONGEST} == {}


def test_every_word_is_explained_once_and_in_order() -> None:
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("\n## Words\n")[1].split("\n## ")[0]
    words = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE)[1:]
    assert len(words) > 30
    assert words == sorted(set(words))
