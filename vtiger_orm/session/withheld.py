"""Writes that are not sent: a session that only reads, and one that only shows what it would do."""

from __future__ import annotations

import logging
from typing import Final

from .._writes import Withheld
from ..calls.operations import Call, Create, Delete, Operation, Revise, Update, alters
from ..errors import DryRun, ReadOnly

logger: Final = logging.getLogger("vtiger_orm.dry_run")
"""One line at INFO for each write that a dry run did not send; it holds the values."""


def withhold(call: Call[object], *, dry_run: bool, held: list[Withheld]) -> None:
    """Refuse a call that may change the CRM; what reads passes.

    Raises `ReadOnly`, or in a dry run `DryRun`, after it was logged and put on the list.
    """
    if not alters(call):
        return
    if not dry_run:
        raise ReadOnly(
            f"{call.operation} would write, and this session was opened with read_only=True. "
            "Nothing was sent."
        )
    write = _withheld(call)
    held.append(write)
    logger.info("would send: %s", write)
    raise DryRun(
        f"{call.operation} was not sent: this session is a dry run (dry_run=True). "
        "session.withheld lists what it would have sent.",
        write,
    )


def _withheld(call: Call[object]) -> Withheld:
    match call:
        case Create(module, values, file):
            return Withheld("create", module, None, values, file.filename if file else None)
        case Update(id_, values) | Revise(id_, values):
            return Withheld(call.operation, None, id_, values)
        case Delete(id_):
            return Withheld("delete", None, id_)
        case Operation(name, _, params):
            return Withheld(name, values=params)
        case _:
            return Withheld(call.operation)
