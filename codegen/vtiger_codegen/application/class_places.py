"""Where a file names a class or a file of the package: imports, names, annotations in quotes."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst
from libcst import metadata as meta

from .class_bodies import Bound
from .inference import Inference
from .methods import Access
from .places import Doubtful, Places
from .trees import dotted_names, hint_strings, last_name, text
from .types import InputType, ModelType, PackageType, QueryType, RowType
from .vocabulary import Vocabulary


class ClassPlaces(Places):
    """Those that a visitor finds."""

    def __init__(
        self,
        words: Vocabulary,
        types: Inference,
        scopes: Mapping[cst.CSTNode, meta.Scope | None],
        doubtful: Doubtful,
        own_code: bool,
    ) -> None:
        super().__init__(doubtful)
        self._own_code = own_code
        self._words = words
        self._types = types
        self._scopes = scopes

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        inside = self._types.inside(node)
        if isinstance(node.names, cst.ImportStar):
            return
        if inside is None:
            for alias in node.names:
                if isinstance(alias.name, cst.Name):
                    self._doubt(alias.name, Access.NAME)
            return
        if inside and isinstance(node.module, (cst.Name, cst.Attribute)):
            self._file(node.module if isinstance(node.module, cst.Name) else node.module.attr)
        for alias in node.names:
            if isinstance(alias.name, cst.Name):
                if alias.asname is None and self._types.is_in_class(node):
                    self._doubt(alias.name, Access.NAME)  # others read it as an attribute
                    continue
                self._class(alias.name)
                if not inside:
                    self._file(alias.name)

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            inside = self._words.inside(tuple(alias.evaluated_name.split(".")))
            if inside and isinstance(alias.name, cst.Attribute):
                self._file(alias.name.attr)

    def visit_Name(self, node: cst.Name) -> None:
        if node not in self._scopes or self._types.is_bound_here(node):
            return
        match self._means(node.value, node):
            case Bound.SURELY:
                return
            case Bound.PERHAPS:
                self._doubt(node, Access.NAME)
                return
        if self._types.is_imported(node) or self._own_code:
            self._class(node)
        elif isinstance(found := self._types.of(node), ModelType):
            self._class(node, found.module)

    def visit_NameItem(self, node: cst.NameItem) -> None:
        """``global Contacts``"""
        if self._types.is_imported(node.name):
            self._class(node.name)

    # In quotes

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._quoted(node.annotation)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """``People: TypeAlias = "list[Contacts]"``"""
        name = last_name(node.annotation.annotation)
        if name is not None and name.value == "TypeAlias" and node.value is not None:
            self._quoted(node.value)

    def visit_Call(self, node: cst.Call) -> None:
        """``cast("Contacts", x)``, ``TypeVar("T", bound="Contacts")``"""
        name = last_name(node.func)
        if name is not None and name.value in ("cast", "TypeVar"):
            hints = node.args[:1] if name.value == "cast" else node.args[1:]
            for each in hints:
                self._quoted(each.value)

    def visit_Assign(self, node: cst.Assign) -> None:
        """``__all__ = ["Contacts"]``"""
        match node:
            case cst.Assign(
                targets=[cst.AssignTarget(target=cst.Name(value="__all__"))],
                value=cst.List(elements=elements) | cst.Tuple(elements=elements),
            ):
                for each in elements:
                    self._quoted(each.value)

    def _quoted(self, hint: cst.BaseExpression) -> None:
        """Names in the text of an annotation."""
        for token in hint_strings(hint):
            for start, parts in dotted_names(text(token)):
                self._dotted(token, start, parts)

    def _dotted(self, token: cst.SimpleString, start: int, parts: list[str]) -> None:
        """A class, or what goes with it, and the package's file that it is named by."""
        match self._means(parts[0], token):
            case Bound.SURELY:
                return
            case Bound.PERHAPS:
                self._doubt(token, Access.NAME, (start, start + len(parts[0])))
                return
        for number, part in enumerate(parts, start=1):
            end = start + len(part)
            match self._types.of_hint(parts[:number], token):
                case PackageType(file) if file == part:
                    words = self._words.of_file(file)
                    if words is not None:
                        path = ("module", words.wire, "file")
                        self._add(path, Access.NAME, token, (start, end))
                case (
                    ModelType(module)
                    | QueryType(module=module)
                    | RowType(module)
                    | InputType(module=module)
                ):
                    found = self._words.of_companion(part)
                    if found is not None and found[0].wire == module:
                        span = (start, start + len(found[0].class_name))
                        self._add(("module", module), Access.NAME, token, span)
            start = end + 1

    def _means(self, name: str, node: cst.CSTNode) -> Bound:
        """Whether a name means something of the application's own."""
        attribute = self._types.attribute(name, node)
        if self._own_code or attribute is not Bound.NOT_YET:
            return attribute
        return self._types.class_here(name, node)

    def _class(self, token: cst.Name, module: str = "") -> None:
        """A class of the package, or one of the types beside it (`ContactsQuerySet`); of this
        module only, if one is given."""
        found = self._words.of_companion(token.value)
        if found is not None and module in ("", found[0].wire):
            stem = len(found[0].class_name)
            self._add(("module", found[0].wire), Access.NAME, token, (0, stem))

    def _file(self, token: cst.Name) -> None:
        words = self._words.of_file(token.value)
        if words is not None:
            self._add(("module", words.wire, "file"), Access.NAME, token)
