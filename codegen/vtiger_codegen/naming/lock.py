"""`names.lock`: every name that generated code has, so that none changes by itself.

A label that is edited in the CRM, a second field of the same label, a newer transliteration
table: none of them renames what applications already use. The file is JSON, sorted, one name a
line, meant to be committed beside the snapshot.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vtiger_orm.errors import SchemaError

from ..text.literals import json_text

FORMAT: Final = 1
FILE_NAME: Final = "names.lock"

_MARKER: Final = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?= |\r?$)", re.MULTILINE)
_CURE: Final = (
    "where both name one thing, keep the line whose name your code uses. Mind the commas. Then run "
    "`vtiger-orm names accept`, which tells what does not fit."
)


class NamesError(SchemaError):
    """Names are missing from the lock, or lock and settings contradict each other."""


class ModuleNames(BaseModel):
    """The names of one module. As a part of the settings it holds wishes instead."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    class_name: str | None = Field(default=None, alias="class")
    python_module: str | None = Field(default=None, alias="file")
    fields: dict[str, str] = {}
    """Wire name -> attribute."""
    picklists: dict[str, str] = {}
    """Wire name of the field -> class nested in the model."""
    members: dict[str, dict[str, str]] = {}
    """Wire name of the field -> stored value -> member."""
    relations: dict[str, str] = {}
    """Label, or ``label (module)`` where several have it -> attribute under `record.related`."""


class Renamed(BaseModel):
    """What the CRM renamed, as somebody said: former name -> new one, or None where what looks
    like it was said to be another thing. What has a new name keeps its name in Python.

    Everything is below the module's new name, and a value below its field's.
    """

    model_config = ConfigDict(extra="forbid")

    modules: dict[str, str | None] = {}
    fields: dict[str, dict[str, str | None]] = {}
    members: dict[str, dict[str, dict[str, str | None]]] = {}
    relations: dict[str, dict[str, str | None]] = {}


class NamesLock(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    modules: dict[str, ModuleNames] = {}
    """By the CRM's own module name."""
    renamed: Renamed = Renamed()

    def to_text(self) -> str:
        """The bytes of the file: the same names always give the same text."""
        content = self.model_dump(by_alias=True)
        modules: Mapping[str, Any] = content["modules"]
        content["modules"] = {name: _told(names) for name, names in modules.items()}
        content["renamed"] = _told(content["renamed"])
        if not content["renamed"]:
            del content["renamed"]
        return json_text(content)


def _told(content: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in content.items() if value}


def _refuse_conflicts(file: Path, text: str) -> None:
    """Two branches that both chose names leave both their lines, and markers around them."""
    found = next((match for match in _MARKER.finditer(text)), None)
    if found is not None:
        raise NamesError(
            f"{file} has the markers of a merge conflict, the first in line "
            f"{text.count(chr(10), 0, found.start()) + 1}: two branches have chosen names. Keep "
            f"the lines of both sides and take the markers away; {_CURE}"
        )


def _mapping(file: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NamesError(f"{file} names {key!r} twice, as after a merge: {_CURE}")
        found[key] = value
    return found


def lock_text(file: Path) -> str:
    """What the file holds now, with the line ends that were written; empty without a file."""
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""


def save_lock(file: Path, lock: NamesLock) -> None:
    """Write a lock, all or nothing; one that says the same is not touched."""
    text = lock.to_text()
    if text == lock_text(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        staged.write_bytes(text.encode("utf-8"))
        staged.replace(file)
    finally:
        staged.unlink(missing_ok=True)


def load_lock(file: Path) -> NamesLock:
    """Read a lock; a missing file is an empty one.

    Raises `NamesError` when it is damaged or was written by a newer release.
    """
    if not file.exists():
        return NamesLock()
    try:
        text = file.read_text(encoding="utf-8")
        _refuse_conflicts(file, text)
        content = json.loads(text, object_pairs_hook=lambda pairs: _mapping(file, pairs))
        if not isinstance(content, dict) or not isinstance(content.get("format"), int):
            raise ValueError("it tells no format")
    except (OSError, ValueError, RecursionError) as error:
        raise NamesError(
            f"{file} cannot be read: {error}. Restore it from version control; without it, names "
            "that applications use may change."
        ) from error
    found = content["format"]
    if found != FORMAT:
        raise NamesError(
            f"{file} has format {found}; this release reads format {FORMAT}. Update vtiger-orm."
        )
    try:
        return NamesLock.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NamesError(
            f"{file}: {where}: {first['msg']}. Restore it from version control."
        ) from error
