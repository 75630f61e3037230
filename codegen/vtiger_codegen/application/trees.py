"""Small questions to syntax trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import libcst as cst
from libcst import matchers as m

Token: TypeAlias = cst.Name | cst.SimpleString
"""What can say a name."""


def module_of(node: cst.ImportFrom, folder: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The parts of the dotted name after ``from``. With dots in front they begin where the file
    is: in this `folder`, as far as it is known."""
    name = dotted_name(node.module) if node.module is not None else ""
    given = tuple(part for part in name.split(".") if part)
    return (*folder[: len(folder) - len(node.relative) + 1], *given) if node.relative else given


def star_imports(module: cst.Module) -> Iterator[cst.ImportFrom]:
    """``from x import *``, which may stand at the top level alone, or under an ``if`` there."""
    for node in m.findall(module, m.ImportFrom(names=m.ImportStar())):
        yield cst.ensure_type(node, cst.ImportFrom)


def dotted_name(node: cst.BaseExpression) -> str:
    """``a.b.c`` as text; empty for anything else."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(value=value, attr=cst.Name(value=name)):
            before = dotted_name(value)
            return f"{before}.{name}" if before else ""
    return ""


class Finder(cst.CSTVisitor):
    """Runs a function on every node below."""

    def __init__(self, see: Callable[[cst.CSTNode], Any]) -> None:
        super().__init__()
        self._see = see

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._see(node)
        return True


def returned(owner: cst.ClassDef, name: str, called: bool) -> list[cst.BaseExpression]:
    """The annotations of what a method of a class returns; of a property where it is not called."""
    found = []
    for each in owner.body.body:
        match each:
            case cst.FunctionDef(name=cst.Name(value=given), returns=cst.Annotation() as hint):
                of_properties = {"property", "cached_property", "functools.cached_property"}
                decorators = {dotted_name(one.decorator) for one in each.decorators}
                if given == name and called is decorators.isdisjoint(of_properties):
                    found.append(hint.annotation)
    return found


def text(token: Token) -> str:
    """What a token says; of a string what is between its quotes, as it is written."""
    return token.value if isinstance(token, cst.Name) else token.raw_value


def named_arguments(node: cst.Call) -> Iterator[tuple[Token, cst.BaseExpression]]:
    for each in node.args:
        if each.keyword is not None:
            yield each.keyword, each.value
        elif each.star == "**":
            match each.value:
                case cst.Dict(elements=elements):
                    for element in elements:
                        match element:
                            case cst.DictElement(key=cst.SimpleString() as key, value=value):
                                yield key, value
                case cst.Call(func=cst.Name(value="dict")) as made:
                    yield from named_arguments(made)


def keywords(node: cst.Call) -> Iterator[Token]:
    return (name for name, _ in named_arguments(node))


def strings(node: cst.Call) -> Iterator[cst.SimpleString]:
    """The texts among the arguments, also those of ``*["a", "b"]``."""
    for each in node.args:
        match each.value:
            case cst.SimpleString() as token if each.keyword is None:
                yield token
            case cst.List(elements=elements) | cst.Tuple(elements=elements) if each.star == "*":
                yield from (
                    one.value for one in elements if isinstance(one.value, cst.SimpleString)
                )


def strings_of_calls(node: cst.Call) -> Iterator[cst.SimpleString]:
    """The text that calls among the arguments are given first: ``f(Sum("amount"))``."""
    for each in node.args:
        if isinstance(each.value, cst.Call):
            yield from strings(each.value)


def last_name(node: cst.BaseExpression) -> cst.Name | None:
    match node:
        case cst.Name():
            return node
        case cst.Attribute(attr=attr):
            return attr
    return None


def is_class_name(function: cst.BaseExpression) -> bool:
    """Whether what is called is spelled as classes are, or as parameters that are given one."""
    name = last_name(function)
    return name is not None and (name.value[:1].isupper() or name.value in ("cls", "model"))


def is_q(function: cst.BaseExpression) -> bool:
    return dotted_name(function).rpartition(".")[2] == "Q"


def hint_strings(hint: cst.BaseExpression) -> Iterator[cst.SimpleString]:
    """The texts in an annotation."""
    match hint:
        case cst.SimpleString():
            yield hint
        case cst.Subscript(slice=slices):
            for each in slices:
                if isinstance(each.slice, cst.Index):
                    yield from hint_strings(each.slice.value)
        case cst.BinaryOperation(left=left, right=right):
            yield from hint_strings(left)
            yield from hint_strings(right)


def dotted_names(line: str) -> Iterator[tuple[int, list[str]]]:
    """The names in the text of an annotation, and where they begin."""
    for match in re.finditer(r"[^\W\d]\w*(\.[^\W\d]\w*)*", line):
        yield match.start(), match[0].split(".")


def given_names(node: cst.Call, nested: str) -> frozenset[str] | None:
    """The keywords of a call, and the keys of the dictionary that the keyword `nested` gives;
    None where something is given that is made elsewhere."""
    given: set[str] = set()
    if any(each.star and not isinstance(each.value, cst.Dict) for each in node.args):
        return None
    for name, value in named_arguments(node):
        if text(name) != nested:
            given.add(text(name))
        elif not isinstance(value, cst.Dict):
            return None
        else:
            for element in value.elements:
                match element:
                    case cst.DictElement(key=cst.SimpleString() as key):
                        given.add(text(key))
                    case _:
                        return None
    return frozenset(given)
