"""Whether own classes can stand for those of the package: checkers see them inside of its stubs,
where mypy is told to say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final

import libcst as cst

from vtiger_orm.models.queryset import QuerySet
from vtiger_orm.models.related_manager import RelatedManager

from ..building.own_code import OwnClass, OwnCode
from .sources import SourceFile
from .trees import dotted_name
from .vocabulary import Vocabulary

_OF_RELATIONS: Final = frozenset(dir(RelatedManager)) - frozenset(dir(QuerySet))
"""What `record.related.contacts` has before an own queryset is asked."""

_NO_MODELS: Final = frozenset({"object", "ABC", "Generic", "Protocol", "Record", "QuerySet"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """A line of own code that has to be changed."""

    file: File
    line: int
    what: str


def possible_files(place: OwnClass) -> list[File]:
    """Where a class that the settings name may be."""
    path = place.module.replace(".", "/")
    return [
        root / f"{path}{end}" for root in (File(), File("src")) for end in (".py", "/__init__.py")
    ]


def class_misfits(
    source: SourceFile, words: Vocabulary, own: Mapping[str, OwnCode], package: File
) -> Iterator[Misfit]:
    """Own classes that surely are none of their module's, and methods that relations hide."""
    classes = {
        each.name.value: each for each in source.module.body if isinstance(each, cst.ClassDef)
    }
    for wire, of in own.items():
        for place, end in ((of.model, "Base"), (of.queryset, "QuerySetBase")):
            if place is None or not _is_there(source.file, place, package):
                continue
            node = classes.get(place.name)
            if node is None:
                continue
            if _is_another(node, classes, words, (wire, end)):
                base = f"{words.modules[wire].class_name}{end}"
                what = (
                    f"{place.name} does not inherit from {base}, in whose place it is used: "
                    f"write class {place.name}({base})"
                )
                yield Misfit(source.file, source.line_of(node.name), what)
            if place is of.queryset:
                yield from _hidden(source, node)


def _is_there(file: File, place: OwnClass, package: File) -> bool:
    if place.module.startswith("."):
        inside = package / f"{place.module[1:].replace('.', '/')}.py"
        return file.resolve() == inside.resolve()
    return any(each.resolve() == file.resolve() for each in possible_files(place))


def _is_another(
    node: cst.ClassDef,
    classes: Mapping[str, cst.ClassDef],
    words: Vocabulary,
    wanted: tuple[str, str],
) -> bool:
    """Whether all that a class inherits is known, and the wanted one is not among it."""
    asked, seen = [node], {node.name.value}
    for each in asked:
        for base in each.bases:
            value = base.value.value if isinstance(base.value, cst.Subscript) else base.value
            name = dotted_name(value).rpartition(".")[2]
            if name in _NO_MODELS:
                continue
            found = words.of_companion(name)
            if name in classes and name not in seen:
                seen.add(name)
                asked.append(classes[name])
            elif found is None or (found[0].wire, found[1]) == wanted:
                return False
    return True


def _hidden(source: SourceFile, node: cst.ClassDef) -> Iterator[Misfit]:
    for name, where in defined_in(node):
        if name in _OF_RELATIONS:
            what = f"{name} is hidden by what every relation has: choose another name"
            yield Misfit(source.file, source.line_of(where), what)


def defined_in(node: cst.ClassDef) -> Iterator[tuple[str, cst.CSTNode]]:
    """The names that the body of a class defines."""
    for each in statements_of(node.body):
        match each:
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                yield name.value, name
            case cst.Assign(targets=targets):
                yield from (
                    (one.target.value, one.target)
                    for one in targets
                    if isinstance(one.target, cst.Name)
                )
            case cst.AnnAssign(target=cst.Name(value=value) as target):
                yield value, target


def statements_of(body: cst.BaseSuite | Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Statements that run when the block does; not those for checkers only."""
    for each in body.body if isinstance(body, cst.BaseSuite) else body:
        match each:
            case cst.SimpleStatementLine(body=small):
                yield from small
            case cst.If(test=test, body=inner, orelse=other):
                if dotted_name(test).rpartition(".")[2] != "TYPE_CHECKING":
                    yield from statements_of(inner)
                if other is not None:
                    yield from statements_of(other.body if isinstance(other, cst.Else) else [other])
            case cst.Try(body=inner, handlers=handlers):
                yield from statements_of(inner)
                for handler in handlers:
                    yield from statements_of(handler.body)
            case cst.With(body=inner):
                yield from statements_of(inner)
            case _:
                yield each
