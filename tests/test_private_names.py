"""A name that begins with ``_`` belongs to the class that has it: other files have no use for it.

Records keep every public name free for the fields of a CRM, so their private names are many;
`vtiger_orm.records.handle` is the door for whoever needs more than the fields.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

DOORS = {
    "vtiger_orm/records/handle.py": "the door itself",
    "vtiger_orm/_lazy.py": "asks the interpreter which modules it is importing just now",
}
"""Files that read private names of a class in another file, and why."""

PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_getframe"}
"""Documented in spite of their look: of named tuples, and of `sys`."""


def is_private(name: str) -> bool:
    """``_name``; not ``__name__``, and not the ``_name_`` that an enum documents."""
    return name.startswith("_") and not name.endswith("_") and name not in PUBLIC


def own_names(tree: ast.AST) -> set[str]:
    """What the classes of the file declare: methods, attributes, slots, what `self` is given."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node):
            names.add(node.attr)
        for each in node.body if isinstance(node, ast.ClassDef) else ():
            names |= declared(each)
    return names


def declared(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
            constants = [each for each in ast.walk(value) if isinstance(each, ast.Constant)]
            return {str(each.value) for each in constants}
        case ast.Assign(targets=targets):
            return {each.id for each in targets if isinstance(each, ast.Name)}
        case ast.If(body=body, orelse=orelse):
            return {name for each in (*body, *orelse) for name in declared(each)}
        case _:
            return set()


def is_self(node: ast.Attribute) -> bool:
    """An attribute of `self`, `cls` or `super()`."""
    owner = node.value.func if isinstance(node.value, ast.Call) else node.value
    return isinstance(owner, ast.Name) and owner.id in ("self", "cls", "super")


def foreign_reads(source: str) -> Iterator[str]:
    """Private names that the file takes from an object whose class it does not define."""
    tree = ast.parse(source)
    own = own_names(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if not is_self(node):
                pass
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr" | "delattr"),
                args=[owner, ast.Constant(value=str(name)), *_],
            ) if not (isinstance(owner, ast.Name) and owner.id in ("self", "cls")):
                pass
            case _:
                continue
        if is_private(name) and name not in own:
            yield f"line {node.lineno}: {ast.unparse(node)}"


@cache
def all_foreign_reads(folder: str) -> tuple[tuple[str, str], ...]:
    """File and read, of every file of the folder."""
    return tuple(
        (path.relative_to(ROOT).as_posix(), read)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for read in foreign_reads(path.read_text("utf-8"))
    )


@pytest.mark.parametrize("package", ["vtiger_orm", "codegen", "generated"])
def test_private_names_stay_in_their_file(package: str) -> None:
    wrong = [f"{name} {read}" for name, read in all_foreign_reads(package) if name not in DOORS]
    assert wrong == []


def test_the_lists_hold_what_they_must() -> None:
    assert set(DOORS) <= {name for name, _ in all_foreign_reads("vtiger_orm")}


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("record._state", 1),
        ("record._state.extra\nself._record._saved_id", 2),
        ("getattr(record, '_runner', None)", 1),
        ("self._state, cls._made, super()._with()", 0),
        ("getattr(self, '_made')", 0),
        ("row._replace(a=1), member._name_, record.__dict__", 0),
        ("class A:\n    _made = 1\n    def same(self, other):\n        return other._made", 0),
        ("class A:\n    def __init__(self):\n        self._x = 1\ndef x(a):\n    return a._x", 0),
        ("class A:\n    __slots__ = ('_x',)\ndef x(a):\n    return a._x, a._y", 1),
        ("def _made():\n    pass\nother._made", 1),
    ],
)
def test_they_are_found(source: str, number: int) -> None:
    assert len(list(foreign_reads(source))) == number


def test_each_is_counted_once() -> None:
    assert Counter(foreign_reads("a._x.y")) == {"line 1: a._x": 1}
