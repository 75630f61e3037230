"""Which files a question and a save pass, in order, and which rooms stand on the way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

import vtiger_orm
from generated.demo import Contacts, connect
from vtiger_orm.emulator import Crm
from vtiger_orm.planner.plain import forget_forms

ROOT: Final = Path(vtiger_orm.__file__).parent
GUIDE: Final = ROOT.parent / ".github" / "CONTRIBUTING.md"
START: Final = "<!-- tour: python -m tests.tour -->"
END: Final = "<!-- end of tour -->"

VOCABULARY: Final = {"_lazy", "errors", "ids", "metadata", "values", "calls"}
"""Rooms of plain values, which every other one speaks of: using one is no step of a walk."""

VALUES_OF_A_SESSION: Final = {"facts", "environment"}
"""What plans read of the session that performs them: values as well."""


@dataclass
class Walk:
    """What one call of the public API did."""

    files: list[str] = field(default_factory=list)
    """In the order in which they were first entered, relative to the runtime's folder."""
    twice: set[tuple[str, ...]] = field(default_factory=set)
    """Rooms from the outside in, where one of them stands twice."""

    def enter(self, frame: FrameType) -> None:
        rooms: list[str] = []
        each: FrameType | None = frame
        while each is not None:
            file = _relative(each)
            if file is not None and _is_value(each, file):
                return
            if file is not None and room(file) not in VOCABULARY | set(rooms[-1:]):
                rooms.append(room(file))
            each = each.f_back
        if len(rooms) != len(set(rooms)):
            self.twice.add(tuple(reversed(rooms)))
        file = _relative(frame)
        if file is not None and file not in self.files:
            self.files.append(file)


def room(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def _relative(frame: FrameType) -> str | None:
    return _below(frame.f_code.co_filename)


@cache
def _below(file: str) -> str | None:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else None


def _is_value(frame: FrameType, file: str) -> bool:
    """The embedded CRM is the world outside; the others are no steps."""
    return room(file) == "emulator" or (
        room(file) == "session" and frame.f_code.co_name in VALUES_OF_A_SESSION
    )


def walked(call: Callable[[], object]) -> Walk:
    walk = Walk()

    def notice(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and _relative(frame) is not None:
            walk.enter(frame)

    sys.setprofile(notice)
    try:
        call()
    finally:
        sys.setprofile(None)
    return walk


def both() -> Iterator[tuple[str, Walk]]:
    """A question and a save, each once warm: files that are read once a process are left out, but
    for those that tell what is sent for a comparison."""
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        list(Contacts.objects.filter(lastname__startswith="S"))
        forget_forms()
        yield (
            'list(Contacts.objects.filter(lastname__startswith="S"))',
            walked(lambda: list(Contacts.objects.filter(lastname__startswith="S"))),
        )
        contact = Contacts.objects.order_by("id")[0]
        for department in ("Sales", "Support"):
            contact.department = department
            saved = walked(contact.save)
        yield "contact.save()", saved


def purpose(file: str) -> str:
    """The first sentence of the file's docstring."""
    text = ast.get_docstring(ast.parse((ROOT / file).read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def told(walks: Iterable[tuple[str, Walk]]) -> str:
    """The tour as CONTRIBUTING has it."""
    lines = [START]
    for call, walk in walks:
        lines += ["", f"`{call}`:", ""]
        lines += [f"1. `{file}`: {purpose(file)}" for file in walk.files]
    return "\n".join([*lines, "", END])


def written() -> str:
    """The tour as it stands in CONTRIBUTING."""
    text = GUIDE.read_text("utf-8")
    return text[text.index(START) : text.index(END) + len(END)]
