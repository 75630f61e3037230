"""What pickles are made of: public names, which stay when files and private names change.

A class is named as its package hands it out (``generated.demo``, ``Contacts``), and what puts an
object together again is a function of `vtiger_orm.pickling`, wherever its code lies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

DOOR: Final = "vtiger_orm.pickling"

_MOVED: Final = {("vtiger_orm.models.reading", "ValuesQuerySet"): "vtiger_orm"}
"""Where a class is found that earlier pickles name by a file it has left."""


def restores(function: F) -> F:
    """Pickles find the function in the door, which has to list it."""
    function.__module__ = DOOR
    return function


def public_name(kind: type[object]) -> tuple[str, str]:
    """The module and the dotted name by which the class is found.

    That is the nearest package around its module that hands the class out; of classes of this
    library, the library itself.
    """
    module, name = kind.__module__, kind.__qualname__
    library = __name__.partition(".")[0]
    package = library if module.startswith(f"{library}.") else module.rpartition(".")[0]
    while package:
        if _found(sys.modules.get(package), name) is kind:
            return package, name
        package = package.rpartition(".")[0]
    return module, name


def class_named(module: str, name: str, base: type[T]) -> type[T]:
    """The class that `public_name` told. Raises `pickle.UnpicklingError` for what is no `base`."""
    module = _MOVED.get((module, name), module)
    found = _found(import_module(module), name)
    if not isinstance(found, type) or not issubclass(found, base):
        from pickle import UnpicklingError

        raise UnpicklingError(
            f"{module}.{name} is no {base.__name__}. The pickle was made when it was; was the "
            "package generated anew since?"
        )
    return found


def _found(root: object, name: str) -> Any:
    return reduce(lambda owner, part: getattr(owner, part, None), name.split("."), root)
