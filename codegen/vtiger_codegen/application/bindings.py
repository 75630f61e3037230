"""Where the names of one file come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import libcst as cst
from libcst import metadata as meta

from .class_bodies import Bound, bound, is_deleted
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
        self._bodies = {
            each.node: each for each in scopes.values() if isinstance(each, meta.ClassScope)
        }
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

    def class_here(self, name: str, node: cst.CSTNode) -> Bound:
        """Whether a name that stands in a node is that of a class of this file. Perhaps, where
        one of the package has it as well."""
        sources = [*self._sources(name, node)]
        classes = [each for each in sources if isinstance(each, cst.ClassDef)]
        if not classes:
            return Bound.NOT_YET
        if len(classes) == len(sources) or any(each.name is node for each in classes):
            return Bound.SURELY
        if self._scope(node) is self._scope(classes[0]):
            return bound(classes, node, self._parents)
        at_top = any(isinstance(self.parent(each), cst.Module) for each in classes)
        return Bound.SURELY if at_top else Bound.PERHAPS

    def is_bound_here(self, node: cst.Name) -> bool:
        """Whether it is where a class of this file gets, or loses, an attribute of that name."""
        scope = self._scope(node)
        parent = self.parent(node)
        if isinstance(parent, (cst.FunctionDef, cst.ClassDef)) and parent.name is node:
            return isinstance(self._scope(parent), meta.ClassScope)
        return isinstance(scope, meta.ClassScope) and (
            any(each is node for each in self._own(node.value, scope))
            or is_deleted(node, self._parents)
        )

    def is_in_class(self, node: cst.CSTNode) -> bool:
        """Whether what a statement binds is an attribute of a class."""
        return isinstance(self._scope(node), meta.ClassScope)

    def attribute(self, name: str, node: cst.CSTNode) -> Bound:
        """Whether a name that stands in the body of a class is the class's own there."""
        scope = self._scope(node)
        if not isinstance(scope, meta.ClassScope):
            return Bound.NOT_YET
        return bound(self._own(name, scope), node, self._parents)

    def _in_body(self, owner: cst.CSTNode, name: str) -> list[meta.Assignment]:
        """Where the body of a class binds a name."""
        scope = self._bodies.get(owner)
        return [
            each
            for each in (scope[name] if scope is not None else ())
            if isinstance(each, meta.Assignment) and each.scope is scope
        ]

    def _own(self, name: str, scope: meta.ClassScope) -> list[cst.CSTNode]:
        return [each.node for each in self._in_body(scope.node, name)]

    def _seen(self, name: str, node: cst.CSTNode, scope: meta.Scope | None) -> meta.Scope | None:
        """Where a name is looked up that stands in this scope: the names of a class body count
        after they are bound, and before it is the file's that is meant."""
        if not isinstance(scope, meta.ClassScope) or node not in self._parents:
            return scope
        own = self._own(name, scope)
        is_early = own and bound(own, node, self._parents) is Bound.NOT_YET
        return scope.globals if is_early else scope

    def _sources(self, name: str, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        scope = self._seen(name, node, self._scope(node))
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
