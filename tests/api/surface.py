"""The public classes and functions as text, read from the source and not from the interpreter.

What is printed is what the source says: the same on every Python, and without a word about the
file that something is defined in, so that moving files changes nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import black
import griffe

SOURCES: Final = Path(__file__).parents[2]
PACKAGE: Final = "vtiger_orm"

DOORS: Final = (
    "vtiger_orm",
    "vtiger_orm.models",
    "vtiger_orm.package",
    "vtiger_orm.emulator",
    "vtiger_orm.emulator.faults",
    "vtiger_orm.frames",
    "vtiger_orm.importing",
    "vtiger_orm.testing",
    "vtiger_orm.warehouse",
)
"""The modules that programs import from."""

INSIDE: Final = frozenset(
    {
        # What a session and a queryset tell plans; the plans are ours.
        *("Environment", "ServerFacts", "Node", "Plan", "QueryState", "RowStream", "Selection"),
        # What the embedded CRM is made of.
        *("Delivery", "RateLimits", "Schema", "Sessions", "Tokens"),
    }
)
"""Reached from public names, yet nothing that a program outside takes hold of."""

SPECIAL: Final = frozenset(
    f"__{name}__"
    for name in (
        *("init", "init_subclass", "call", "getattr", "get", "eq", "hash", "bool", "str"),
        *("iter", "aiter", "next", "anext", "await", "len", "contains", "reversed"),
        *("getitem", "setitem", "delitem", "and", "or", "invert"),
        *("enter", "exit", "aenter", "aexit"),
    )
)
"""Special methods that are a way of using an object."""

DECORATORS: Final = frozenset(
    {"abstractmethod", "asynccontextmanager", "classmethod", "contextmanager", "staticmethod"}
)
"""Those that change how a function is called."""

MODE: Final = black.Mode(line_length=100, is_pyi=True)

_TEXT_OR_MODULE: Final = re.compile(
    r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\b(?:[a-z_]\w*\.)+(?=[A-Za-z])"""
)
_VARIABLES: Final = ("TypeVar(", "ParamSpec(", "TypeVarTuple(")


class OneDataclass(griffe.Extension):
    """`_dataclass` is the standard library's to all that reads source; griffe follows no import."""

    def on_alias_instance(self, *, alias: griffe.Alias, **_: Any) -> None:
        if alias.target_path == f"{PACKAGE}._dataclass.dataclass":
            alias.target_path = "dataclasses.dataclass"


@cache
def tree() -> griffe.ModulesCollection:
    """The whole package, parsed; nothing of it is imported."""
    extensions = griffe.load_extensions(OneDataclass())
    loader = griffe.GriffeLoader(search_paths=[SOURCES], extensions=extensions)
    loader.load(PACKAGE)
    return loader.modules_collection


def named(path: str) -> griffe.Object:
    """The object at a dotted path, wherever it is really defined."""
    found = tree()[path]
    return found.final_target if isinstance(found, griffe.Alias) else found


@cache
def exported(door: str) -> dict[str, griffe.Object]:
    """What one module offers: name -> object, in the order of the names.

    `__all__` and what is imported for checkers alone; without `__all__`, what it defines.
    """
    module = tree()[door]
    listed = [str(name) for name in module.exports or ()]
    others = [
        name
        for name, member in module.members.items()
        if name[0] != "_" and (_is_for_checkers(member) if listed else not member.is_alias)
    ]
    return {name: named(f"{door}.{name}") for name in sorted({*listed, *others})}


def _is_for_checkers(member: griffe.Object | griffe.Alias) -> bool:
    return (
        isinstance(member, griffe.Alias)
        and not member.runtime
        and member.target_path.startswith(f"{PACKAGE}.")
    )


# What belongs to it


@cache
def definitions() -> dict[str, griffe.Object]:
    """Every public object by its path: exported, or reached from what is exported through the
    types of attributes, parameters and results."""
    found: dict[str, griffe.Object] = {}
    waiting = [each for door in DOORS for each in exported(door).values()]
    while waiting:
        each = waiting.pop()
        if each.path not in found:
            found[each.path] = each
            waiting += (one for one in mentioned(each) if one.name not in INSIDE)
    return found


def mentioned(each: griffe.Object) -> Iterator[griffe.Object]:
    """Classes, functions and types of the package that the text of a definition names."""
    if isinstance(each, griffe.Class):
        for member in every_member(each).values():
            yield from mentioned(member)
    elif isinstance(each, griffe.Function):
        for one in each.overloads or [each]:
            for expression in (one.returns, *(taken.annotation for taken in one.parameters)):
                yield from _ours(expression)
    elif isinstance(each, griffe.Attribute):
        yield from _ours(each.value if _is_type(each) else type_of(each))


def _ours(expression: str | griffe.Expr | None) -> Iterator[griffe.Object]:
    for name in _names(expression):
        found = target_of(name)
        if found is None or found.is_module or name.name[0] == "_":
            continue
        variable = str(found.value) if isinstance(found, griffe.Attribute) else ""
        if not variable.startswith(_VARIABLES) and "class-attribute" not in found.labels:
            yield found


def _names(expression: str | griffe.Expr | None) -> Iterator[griffe.ExprName]:
    if isinstance(expression, griffe.ExprName):
        yield expression
    elif isinstance(expression, griffe.Expr):
        yield from (each for each in expression.iterate() if isinstance(each, griffe.ExprName))


def target_of(name: griffe.ExprName) -> griffe.Object | None:
    """The package's own object of this name; None for others and for local names."""
    path = name.canonical_path
    try:
        return named(path) if path.startswith(f"{PACKAGE}.") else None
    except (KeyError, griffe.AliasResolutionError):
        return None


def bases(cls: griffe.Class) -> Iterator[tuple[griffe.Expr, griffe.Class | None]]:
    """Each base as it is written, with its class where that is one of the package."""
    for base in cls.bases:
        assert isinstance(base, griffe.Expr)
        last = [each for each in _names(base) if each.canonical_path == base.canonical_path][-1]
        found = target_of(last)
        yield base, found if isinstance(found, griffe.Class) else None


def every_member(cls: griffe.Class) -> dict[str, griffe.Object]:
    """Public members and ways of use, inherited ones too."""
    return {
        name: member.final_target if isinstance(member, griffe.Alias) else member
        for name, member in cls.all_members.items()
        if (name in SPECIAL or name[0] != "_") and (member.is_function or member.is_attribute)
    }


def own_members(cls: griffe.Class) -> dict[str, griffe.Object]:
    """Those that the bases of the same text do not show already."""
    shown_elsewhere = {
        (name, member.path)
        for base in cls.mro()
        if base.path in definitions()
        for name, member in every_member(base).items()
    }
    return {
        name: member
        for name, member in every_member(cls).items()
        if (name, member.path) not in shown_elsewhere
    }


def type_of(attribute: griffe.Attribute) -> str | griffe.Expr | None:
    """The declared type, or what the constructor's source tells about the first value."""
    value, declared = attribute.value, attribute.annotation
    if declared is not None and str(declared) != "Final":
        return declared
    if isinstance(value, griffe.ExprCall) and str(value.function)[:1].isupper():
        return value.function
    scope = attribute.parent
    if isinstance(value, griffe.ExprName) and isinstance(scope, griffe.Class):
        given: dict[str, str | griffe.Expr | None] = {
            parameter.name: parameter.annotation for parameter in scope.parameters
        }
        return given.get(value.name) or declared
    return declared


def _is_type(attribute: griffe.Attribute) -> bool:
    """`Data: TypeAlias = ...` or `Row = ...`: a name for a type."""
    return "module-attribute" in attribute.labels and str(attribute.annotation) in (
        "TypeAlias",
        "None",
    )


# Text


@cache
def text() -> str:
    """The doors with their names, then each definition once: a stub, one name a line."""
    doors = [f"from {door} import ({', '.join(exported(door))},)" for door in DOORS]
    ordered = sorted((each.name, _definition(each)) for each in definitions().values())
    parts = [*doors, *(definition for _, definition in ordered)]
    return black.format_str("\n\n".join(parts), mode=MODE)


def _definition(each: griffe.Object) -> str:
    if not isinstance(each, griffe.Class):
        return "\n".join(_member(each))
    lines = [f"    {line}" for line in _body(each)]
    return "\n".join([f"class {each.name}({', '.join(_shown_bases(each))}):", *lines])


def _body(cls: griffe.Class) -> Iterator[str]:
    own = own_members(cls)
    ordered = "NamedTuple" in map(str, cls.bases)
    for name in own if ordered else sorted(own, key=lambda name: (name[:2] != "__", name)):
        yield from _member(own[name], defaults="dataclass" not in cls.labels)
    if not own:
        yield "..."


def _shown_bases(cls: griffe.Class) -> dict[str, None]:
    """Bases that a program can name; others are replaced by their own bases."""
    found: dict[str, None] = {}
    for base, target in bases(cls):
        if target is None or target.path in definitions():
            found[shown(base)] = None
        else:
            found |= _shown_bases(target)
    keywords = {name: value for name, value in cls.keywords.items() if name != "metaclass"}
    return found | {f"{name}={shown(value)}": None for name, value in keywords.items()}


def _member(each: griffe.Object, *, defaults: bool = True) -> Iterator[str]:
    if isinstance(each, griffe.Function):
        used = [shown(one.value).partition("(")[0] for one in each.decorators]
        for one in each.overloads or [each]:
            yield from (f"@{name}" for name in used if name in DECORATORS)
            if each.overloads:
                yield "@overload"
            prefix = "async def" if "async" in each.labels else "def"
            yield f"{prefix} {_call(one)}: ..."
        return
    assert isinstance(each, griffe.Attribute)
    if "property" in each.labels:
        yield "@property"
        yield f"def {each.name}(self) -> {shown(each.annotation)}: ..."
        return
    kind = type_of(each)
    line = each.name if kind is None else f"{each.name}: {shown(kind)}"
    fixed = "class-attribute" in each.labels or "module-attribute" in each.labels
    if fixed and defaults and each.value is not None and each.name != "__version__":
        line += f" = {shown(each.value)}"
    yield line


def _call(function: griffe.Function) -> str:
    first = function.parameters[0].name if len(function.parameters) else ""
    told = shown(function.signature(return_type=True))
    if first not in ("self", "cls"):
        return told
    alone = told.startswith(f"{function.name}()")
    return told.replace("(", f"({first}" if alone else f"({first}, ", 1)


def shown(expression: object) -> str:
    """An annotation, without the modules that its names are taken from."""
    return _TEXT_OR_MODULE.sub(lambda found: found[1] or "", str(expression))
