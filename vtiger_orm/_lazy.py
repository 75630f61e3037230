"""Public names of a package that are imported when first used (PEP 562), and whole modules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, where: Mapping[str, str | Callable[[], object]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for the package whose public names live in its modules.

    `where` maps each public name to the submodule that defines it, in dotted form relative to
    the package; or to ``module:name`` for what is defined elsewhere; or to what makes it, which
    raises `AttributeError` where there is none. Each module is imported on the first use of one
    of its names.
    """

    def __getattr__(name: str) -> Any:
        try:
            address = where[name]
        except KeyError:
            raise AttributeError(_unknown(package, name, where)) from None
        value = _imported(package, name, address) if isinstance(address, str) else address()
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        public = (name for name in vars(sys.modules[package]) if not name.startswith("_"))
        return sorted({*where, *public})

    return __getattr__, __dir__


class LateModule:
    """In the place of a module that is imported by the first use of something in it."""

    def __init__(self, package: str, name: str) -> None:
        self._address = (f".{name}", package)

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(*self._address), name)


def _imported(package: str, name: str, address: str) -> Any:
    """Raises `ImportError` for what its module is still on the way to define."""
    outside, _, given = address.partition(":")
    module = import_module(outside) if given else import_module(f".{address}", package)
    try:
        return getattr(module, given or name)
    except AttributeError:
        if not getattr(module.__spec__, "_initializing", False):
            raise
    raise ImportError(
        f"{package}.{name} is defined in {module.__name__}, which is being imported just now: "
        f"it imports {name} itself, or something that does. Import models of {package!r} there "
        "under `if TYPE_CHECKING:`, or inside the function that uses them.",
        name=module.__name__,
    )


def _unknown(package: str, name: str, names: Iterable[str]) -> str:
    text = f"module {package!r} has no attribute {name!r}"
    if name.startswith("_"):
        return text
    from .errors import suggest

    meant = suggest(name, names)
    return f"{text}. Did you mean {meant!r}?" if meant else text
