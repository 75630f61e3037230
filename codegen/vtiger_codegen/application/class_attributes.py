"""What the classes of a file are given besides their bodies: ``self.x = …``, ``Class.x = …``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import libcst as cst

from .trees import dotted_name

_OWN = frozenset({"self", "cls"})


class ClassAttributes(cst.CSTVisitor):
    """Of one file, read once."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self._heirs: dict[str, list[cst.ClassDef]] = defaultdict(list)
        self._values: dict[tuple[str, str], list[cst.BaseExpression]] = defaultdict(list)
        self._hints: dict[tuple[str, str], list[cst.BaseExpression]] = defaultdict(list)
        self._open: list[cst.ClassDef] = []
        module.visit(self)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        for each in node.bases:
            self._heirs[dotted_name(each.value).rpartition(".")[2]].append(node)
        self._open.append(node)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._open.pop()

    def visit_Assign(self, node: cst.Assign) -> None:
        for each in node.targets:
            for key in self._keys(each.target):
                self._values[key].append(node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        for key in self._keys(node.target):
            self._hints[key].append(node.annotation.annotation)

    def _keys(self, target: cst.BaseExpression) -> Iterator[tuple[str, str]]:
        """Name of the class and of what it gets; also of the classes around, whose `self` it may
        be."""
        owner, _, name = dotted_name(target).rpartition(".")
        if owner in _OWN:
            yield from ((each.name.value, name) for each in self._open)
        elif owner:
            yield owner.rpartition(".")[2], name

    def with_heirs(self, owner: cst.ClassDef) -> list[cst.ClassDef]:
        """A class, and those of this file that inherit from it."""
        found = [owner]
        for each in found:
            found += [heir for heir in self._heirs[each.name.value] if heir not in found]
        return found

    def values(self, owner: cst.ClassDef, name: str) -> list[cst.BaseExpression]:
        return self._values[owner.name.value, name]

    def hints(self, owner: cst.ClassDef, name: str) -> list[cst.BaseExpression]:
        return self._hints[owner.name.value, name]
