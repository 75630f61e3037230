"""Shapes: classes of the application that records are read into (`people.into(Person)`).

Their fields are called like those of the module, and whatever asks them says so too: to call them
otherwise is left to somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import libcst as cst

from .trees import Finder

_INTO: Final = re.compile(r"\.into\(\s*(?:\w+\s*\.\s*)*(\w+)")


def shapes_named(files: Iterable[Path]) -> frozenset[str]:
    """The names of the classes that the files read records into."""
    return frozenset[str]().union(
        *(_INTO.findall(file.read_bytes().decode("utf-8", "replace")) for file in files)
    )


def shapes_of(module: cst.Module, named: frozenset[str]) -> frozenset[str]:
    """The names of the shapes of a file: those that are `named`, or that it reads records into, and
    those that are in the types of their fields."""
    classes: dict[str, set[str]] = {}

    def see(node: cst.CSTNode) -> None:
        if isinstance(node, cst.ClassDef):
            classes[node.name.value] = {
                name for _, hint in shape_fields(node) for name in _names(hint)
            }

    module.visit(Finder(see))
    found: set[str] = set()
    ahead: set[str] = {*named, *_INTO.findall(module.code)} & classes.keys()
    while ahead:
        found |= ahead
        ahead = {name for each in ahead for name in classes[each] & classes.keys()} - found
    return frozenset(found)


def shape_fields(node: cst.ClassDef) -> Iterator[tuple[cst.Name, cst.BaseExpression]]:
    """The fields of a class, each with its type."""
    for line in node.body.body:
        for each in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            match each:
                case cst.AnnAssign(target=cst.Name() as name, annotation=annotation):
                    yield name, annotation.annotation


def _names(hint: cst.BaseExpression) -> set[str]:
    found: set[str] = set()

    def see(node: cst.CSTNode) -> None:
        match node:
            case cst.Name(value=name):
                found.add(name)
            case cst.SimpleString():
                found.update(re.findall(r"\w+", node.raw_value))

    hint.visit(Finder(see))
    return found
