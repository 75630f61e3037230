"""Where the names of one file come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import libcst as cst
from libcst import metadata as meta

from .trees import module_of, star_imports
from .types import UNKNOWN, ExpressionType, ModelType, PackageType, Unknown, companion_type
from .vocabulary import Vocabulary


class Bindings:
    """The names of one file, and the parents of its nodes."""

    def __init__(
        self,
        words: Vocabulary,
        scopes: Mapping[cst.CSTNode, meta.Scope | None],
        parents: Mapping[cst.CSTNode, cst.CSTNode],
        module: cst.Module,
        folder: tuple[str, ...] = (),
    ) -> None:
        """`folder` are the parts of the path in which the file is."""
        self._words = words
        self._folder = folder
        self._scopes = scopes
        self._parents = parents
        self._stars = [
            inside for each in star_imports(module) if (inside := self.inside(each)) is not None
        ]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def inside(self, node: cst.ImportFrom) -> tuple[str, ...] | None:
        """What of the package is imported from; None where it is something else."""
        return self._words.inside(module_of(node, self._folder))

    def is_imported(self, node: cst.Name) -> bool:
        """Whether a name comes from the package, under its name there."""
        return any(
            isinstance(each, cst.ImportFrom)
            and self.inside(each) is not None
            and not isinstance(each.names, cst.ImportStar)
            and any(alias.evaluated_name == node.value for alias in each.names)
            for each in self._sources(node.value, node)
        )

    def is_class_here(self, name: str, node: cst.CSTNode) -> bool:
        """Whether a name that stands in a node is that of a class of this file."""
        return any(isinstance(each, cst.ClassDef) for each in self._sources(name, node))

    def is_attribute_here(self, node: cst.Name) -> bool:
        """Whether it is where a class of this file gets an attribute of that name."""
        parent = self.parent(node)
        gets = isinstance(parent, (cst.AssignTarget, cst.AnnAssign)) and parent.target is node
        return gets and isinstance(self._scope(node), meta.ClassScope)

    def _sources(self, name: str, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        scope = self._scope(node)
        bindings = scope[name] if scope is not None else ()
        return (each.node for each in bindings if isinstance(each, meta.Assignment))

    def _scope(self, node: cst.CSTNode) -> meta.Scope | None:
        for each in (node, *self.ancestors(node)):
            found = self._scopes.get(each)
            if found is not None:
                return found
        return None

    def _hint_scope(self, node: cst.CSTNode) -> meta.Scope | None:
        """Where the names in an annotation are looked up: for a function's, outside of it."""
        for each in (node, *self.ancestors(node)):
            function = self.parent(each)
            if isinstance(each, (cst.Param, cst.Annotation)) and isinstance(
                function, (cst.FunctionDef, cst.Parameters)
            ):
                outer = next(
                    one
                    for one in (function, *self.ancestors(function))
                    if isinstance(one, (cst.FunctionDef, cst.Lambda))
                )
                return self._scope(outer.name if isinstance(outer, cst.FunctionDef) else outer)
            if isinstance(each, cst.BaseSuite):
                break
        return self._scope(node)

    def _imported(self, node: cst.Import | cst.ImportFrom, name: str) -> ExpressionType:
        if isinstance(node.names, cst.ImportStar):
            return UNKNOWN
        for alias in node.names:
            given = alias.evaluated_alias
            if isinstance(node, cst.Import):
                dotted = alias.evaluated_name
                if given == name:
                    return self._found(dotted.split("."))
                if given is None and dotted.partition(".")[0] == name.partition(".")[0]:
                    return self._found(name.split(".") if "." in name else dotted.split(".")[:1])
            elif (given or alias.evaluated_name) == name:
                return self._found([*module_of(node, self._folder), alias.evaluated_name])
        return UNKNOWN

    def _imported_as(self, dotted: str, scope: meta.Scope | None) -> ExpressionType | None:
        """What ``src.crm`` is after ``import src.crm``; None where it is nothing imported so."""
        top, dot, _ = dotted.partition(".")
        if not dot or scope is None:
            return None
        nodes = [getattr(each, "node", None) for name in (top, dotted) for each in scope[name]]
        if not scope[dotted] or not all(isinstance(each, cst.Import) for each in nodes):
            return None
        found = self._found(dotted.split("."))
        return None if isinstance(found, Unknown) else found

    def _found(self, parts: Iterable[str]) -> ExpressionType:
        """What a dotted name means."""
        match self._words.inside(tuple(parts)):
            case None:
                return UNKNOWN
            case ():
                return PackageType()
            case (name,) if (words := self._words.of_class(name)) is not None:
                return ModelType(words.wire)
            case (name,) if self._words.of_file(name) is not None:
                return PackageType(name)
            case (*_, name) if (found := self._words.of_companion(name)) is not None:
                return companion_type(found[0].wire, found[1])
        return UNKNOWN
