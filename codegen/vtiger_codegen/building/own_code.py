"""Which classes of a package an application writes itself, and where they are.

A module's file below ``custom`` in the package says so by the classes that it defines; classes
elsewhere are named by the settings. Custom files are read, never run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from vtiger_orm.errors import ConfigError, suggest

from ..naming.lock import ModuleNames, NamesLock

FOLDER: Final = "custom"
"""Where in the package own code is."""

_ADDRESS: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class OwnClass(NamedTuple):
    """Where a class is defined."""

    module: str
    """Dotted; with a dot in front it lies in the package."""
    name: str

    @property
    def address(self) -> str:
        """As the package is told at run time."""
        inside = self.module.startswith(".")
        return self.module[1:] if inside else f"{self.module}:{self.name}"


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The own classes of one module; None where the generated one is handed out."""

    model: OwnClass | None = None
    queryset: OwnClass | None = None

    def __bool__(self) -> bool:
        return self.model is not None or self.queryset is not None


def parse_own_class(text: str, where: str) -> OwnClass:
    """``shop.people:Contacts``. Raises `ConfigError`."""
    if _ADDRESS.fullmatch(text) is None:
        raise ConfigError(
            f"{where} = {text!r}: write the module and the class, for example "
            '"shop.people:Contacts".'
        )
    return OwnClass(*text.split(":"))


def custom_file(names: ModuleNames) -> PurePosixPath:
    """The file of a module's own code, in the package."""
    return PurePosixPath(FOLDER, f"{names.python_module}.py")


def own_code(
    modules: Iterable[str],
    names: NamesLock,
    settings: Mapping[str, OwnCode],
    read: Callable[[PurePosixPath], str | None],
) -> dict[str, OwnCode]:
    """The own code of those modules that have some; `read` gives the text of a file of the
    package.

    Raises `ConfigError` for a custom file that is no Python, for settings of a module that is not
    there, and where both file and settings have a class.
    """
    modules = list(modules)
    for name in settings:
        if name not in modules:
            close = suggest(name, modules)
            hint = f' Did you mean "{close}"?' if close else ""
            raise ConfigError(f"modules.{name}: there is no module {name!r} here.{hint}")
    found = {}
    for name in modules:
        of = names.modules[name]
        own = _joined(name, settings.get(name, OwnCode()), _in_file(of, read(custom_file(of))))
        if own:
            found[name] = own
    return found


def _in_file(names: ModuleNames, text: str | None) -> OwnCode:
    if text is None:
        return OwnCode()
    file = custom_file(names)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in it is for its own tools to say
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"{file} cannot be read as Python: {error}") from error
    classes = {each.name for each in tree.body if isinstance(each, ast.ClassDef)}

    def place(name: str) -> OwnClass | None:
        return OwnClass(f".{FOLDER}.{names.python_module}", name) if name in classes else None

    return OwnCode(place(f"{names.class_name}"), place(f"{names.class_name}QuerySet"))


def _joined(module: str, told: OwnCode, written: OwnCode) -> OwnCode:
    for what, one, other in (
        ("model", told.model, written.model),
        ("queryset", told.queryset, written.queryset),
    ):
        if one is not None and other is not None:
            file = other.module.lstrip(".").replace(".", "/")
            raise ConfigError(
                f"modules.{module}.{what} says {one.module}:{one.name}, and {file}.py has a class "
                f"{other.name} as well. Keep one of them."
            )
    return OwnCode(told.model or written.model, told.queryset or written.queryset)
