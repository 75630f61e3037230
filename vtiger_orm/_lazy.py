"""Public names of a package that are imported when first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, where: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for the package whose public names live in its modules.

    `where` maps each public name to the submodule that defines it, in dotted form relative to
    the package. Each module is imported on the first use of one of its names.
    """

    def __getattr__(name: str) -> Any:
        try:
            module = where[name]
        except KeyError:
            raise AttributeError(_unknown(package, name, where)) from None
        value = getattr(import_module(f".{module}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        public = (name for name in vars(sys.modules[package]) if not name.startswith("_"))
        return sorted({*where, *public})

    return __getattr__, __dir__


def _unknown(package: str, name: str, names: Iterable[str]) -> str:
    text = f"module {package!r} has no attribute {name!r}"
    if name.startswith("_"):
        return text
    from .errors import suggest

    meant = suggest(name, names)
    return f"{text}. Did you mean {meant!r}?" if meant else text
