"""Python types as values: each knows how it is written and what it imports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

RUNTIME: Final = "vtiger_orm"
"""Where stubs import from."""

MODELS: Final = "vtiger_orm.models"
"""Where model files import from."""

ROOT: Final = "."
"""The generated package itself; how far up it lies is for the printer to say."""


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """``from module import name``, `as` something else where the name is taken."""

    module: str
    name: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Type:
    """A type expression: either one text, or a base with arguments, or a union."""

    text: str
    imports: frozenset[Import] = frozenset()
    base: str = ""
    """``Iterable`` of ``Iterable[str]``."""
    arguments: tuple[Type, ...] = ()
    operands: tuple[str, ...] = ()
    """The members of a union, in the order they are written."""


def builtin(name: str) -> Type:
    return Type(name)


@lru_cache(maxsize=4096)
def named(name: str, module: str) -> Type:
    """A name that is imported from `module`; ``Contacts.LeadSource`` imports ``Contacts``."""
    return Type(name, frozenset({Import(module, name.partition(".")[0])}))


def generic(base: Type, *arguments: Type) -> Type:
    """``base[arguments]``"""
    return Type(
        f"{base.text}[{', '.join(each.text for each in arguments)}]",
        base.imports.union(*(each.imports for each in arguments)),
        base=base.text,
        arguments=arguments,
    )


def union(*types: Type) -> Type:
    """``a | b | None``: each member once, in the order given, ``None`` last."""
    members = dict.fromkeys(text for each in types for text in each.operands or (each.text,))
    texts = tuple(sorted(members, key=lambda text: text == "None"))
    imports = imports_of(types)
    if len(texts) == 1:
        return replace(types[0], imports=imports)
    return Type(" | ".join(texts), imports, operands=texts)


def imports_of(types: Iterable[Type]) -> frozenset[Import]:
    """Everything that has to be imported for these; most of many are the same few."""
    different = {id(each.imports): each.imports for each in types}
    return frozenset[Import]().union(*different.values())


NONE: Final = builtin("None")
STR: Final = builtin("str")
BOOL: Final = builtin("bool")
INT: Final = builtin("int")
FLOAT: Final = builtin("float")
"""Whole numbers included, as for every type checker."""
DECIMAL: Final = named("Decimal", "decimal")
DATE: Final = named("date", "datetime")
DATETIME: Final = named("datetime", "datetime")
TIME: Final = named("time", "datetime")
TEXTS: Final = named("Texts", MODELS)
"""Several texts, which one text is not."""
ITERABLE: Final = named("Iterable", "collections.abc")
TUPLE: Final = builtin("tuple")


@lru_cache(maxsize=4096)
def optional(type_: Type) -> Type:
    return union(type_, NONE)
