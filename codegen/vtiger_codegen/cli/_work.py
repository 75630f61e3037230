"""What a verb does, imported when it is done and not for its help: `work.py` beside its options."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, TypeAlias

from vtiger_orm.errors import MissingExtra

Given: TypeAlias = Any
"""What click hands over for an option, as the option's type says."""

_EXTRAS: Final = {
    "rich": "codegen",
    "jinja2": "codegen",
    "black": "codegen",
    "anyascii": "codegen",
    "libcst": "codegen",
    "pyarrow": "arrow",
    "sqlalchemy": "warehouse",
    "lark": "emulator",
    "python_multipart": "emulator",
    "mypy": "all",
}


def do_work(verb: str, given: Mapping[str, Given], part: str = "") -> int:
    """Do what `work.py` of the verb's folder says, by the function of the verb's own name, or of
    the `part` of it that was asked for; the exit code. Raises `MissingExtra`."""
    name = part or verb.rpartition(".")[2]
    try:
        module = import_module(f"{verb}.work")
    except ImportError as error:
        raise explained(name.rstrip("_"), error) from error
    code: int | None = getattr(module, name)(**given)
    return code or 0


def explained(verb: str, error: ImportError) -> Exception:
    """The extra that brings what could not be imported; else the error itself."""
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    return MissingExtra(f"vtiger-orm {verb}", extra) if extra else error
