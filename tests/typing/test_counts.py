"""What checkers are not told: every `Any`, cast and `# type: ignore` of the sources. The numbers
only fall, and a line that is ignored says why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

MOST: Final = {"vtiger_orm": (848, 20), "codegen/vtiger_codegen": (72, 3)}
"""Of each: `Any` in annotations and aliases, casts."""

UNTYPED: Final = {
    # Values of fields, whose types the generated classes know.
    *("Backdoor.get", "BaseRecord.__getattr__", "Crm.copy", "ExtraFields.__getitem__"),
    *("InputModel.__getitem__", "Ref.__getattr__", "WritingQuerySet.upload"),
    *("WritingQuerySet.aupload", "BaseRecord.__init__", "Crm.__getattr__"),
    *("Accounts.add_user", "Backdoor.insert", "Backdoor.set"),
    # JSON, as a CRM answers it or is sent it.
    *("Answer.__init__", "Answer.moreinfo", "Answer.result", "Engine.call", "Installation.run"),
    *("FieldType.default_value", "RecordedResponse.__init__", "RecordedResponse.json"),
    *("Response.json", "Scrub.value"),
    # A record of a class that only the program knows, or its querysets.
    *("Factory.__call__", "OutcomeUnknown.record", "Record.objects", "ValuesAdjusted.record"),
}
"""What is public and takes, gives or is anything at all. Methods of querysets that the generated
stubs narrow, ``(self, *args: Any, **kwargs: Any)``, are none of them."""


@pytest.mark.parametrize("top", MOST)
def test_no_more_than_before(top: str) -> None:
    anything = casts = 0
    for file in (ROOT / top).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Name("Any"):
                    anything += 1
                case ast.Call(func=ast.Name("cast")):
                    casts += 1
    most_anything, most_casts = MOST[top]
    assert anything <= most_anything
    assert casts <= most_casts


@pytest.mark.parametrize("top", MOST)
def test_every_ignore_has_its_reason(top: str) -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in sorted((ROOT / top).rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"# type: ignore(?!\[[\w, -]+\]  # \w)", line)
    ]
    assert bare == []


def untyped(body: list[ast.stmt], owner: str = "") -> Iterator[str]:
    """What is annotated with `Any` and nothing around it."""
    for node in body:
        match node:
            case ast.ClassDef():
                yield from untyped(node.body, f"{node.name}.")
            case ast.AnnAssign(target=ast.Name(name), annotation=ast.Name("Any")):
                yield f"{owner}{name}"
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                given = node.args
                taken = [*given.posonlyargs, *given.args, *given.kwonlyargs]
                if given.vararg is None or given.kwarg is None:
                    taken += [each for each in (given.vararg, given.kwarg) if each is not None]
                said = (node.returns, *(each.annotation for each in taken))
                if any(isinstance(each, ast.Name) and each.id == "Any" for each in said):
                    yield f"{owner}{node.name}"
            case _:
                pass


def test_what_is_public_has_a_type_of_its_own() -> None:
    written = (ROOT / "tests/api/python.txt").read_text(encoding="utf-8")
    assert set(untyped(ast.parse(written).body)) == UNTYPED
