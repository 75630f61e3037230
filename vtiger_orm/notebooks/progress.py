"""How far a bulk write is, as a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ..writing.report import BulkReport


def bar(what: str = "records", *, out: TextIO | None = None) -> Callable[[BulkReport[Any]], None]:
    """A callback for ``progress=`` of bulk writes that draws a bar: tqdm's where it is installed,
    which is at home in notebooks too, else one line that is rewritten.

    ::

        Contacts.objects.bulk_create(rows, progress=bar("contacts"))

    `out` is where lines go without tqdm; stderr unless told.
    """
    draw = _tqdm(what) or _line(what, out or sys.stderr)

    def progress(report: BulkReport[Any]) -> None:
        total = len(report)
        draw(sum(each.status != "pending" for each in report), total)

    return progress


def _tqdm(what: str) -> Callable[[int, int], None] | None:
    try:
        tqdm: Any = import_module("tqdm.auto").tqdm
    except ImportError:
        return None
    shown: list[Any] = []

    def draw(done: int, total: int) -> None:
        if not shown:
            shown.append(tqdm(total=total, desc=what))
        shown[0].update(done - shown[0].n)
        if done >= total:
            shown[0].close()

    return draw


def _line(what: str, out: TextIO) -> Callable[[int, int], None]:
    def draw(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        print(f"\r{what}: {done} of {total}", end=end, file=out, flush=True)

    return draw
