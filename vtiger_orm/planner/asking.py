"""Statements asked of the server, with silent SQL errors found out.

The server reports an SQL error as success with no rows. So the first empty answer of a shape of
statement is confirmed by a count of the same condition, which answers one row unless it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, perform, together
from ..errors import MalformedAnswer, SilentQueryError
from ..ids import is_id
from .statement import Statement

USUAL_PAGE: Final = 100
"""Rows of a full page of a stock server, however many were asked for."""


def ask(statement: Statement, env: Environment) -> Plan[list[Row]]:
    """The rows of a statement.

    Raises `SilentQueryError` when the answer is empty because the statement does not work.
    """
    rows = yield from _rows(statement)
    if rows:
        env.knowledge.verify(statement.shape)
        return rows
    if env.knowledge.is_verified(statement.shape):
        return rows
    return (yield from _confirmed(statement, env))


def _confirmed(statement: Statement, env: Environment) -> Plan[list[Row]]:
    found = yield from count(statement)
    if found <= statement.offset:
        if found == 0:
            env.knowledge.verify(statement.shape)
        return []
    if env.thinned_pages:
        return []
    rows = yield from _rows(statement)
    if not rows:
        if (yield from count(statement)) <= statement.offset:
            return []  # what was counted came and went meanwhile
        raise _silent(statement, f"it counts {found} rows for the same condition")
    env.knowledge.verify(statement.shape)
    return rows


def _rows(statement: Statement) -> Plan[list[Row]]:
    rows = yield from perform(statement.query)
    check_ids(rows)
    return rows


def check_ids(rows: Sequence[Row]) -> None:
    """Every row has its id, whatever was selected. Raises `MalformedAnswer` where one has not."""
    for row in rows:
        id = row.get("id")
        if not isinstance(id, str) or not is_id(id):
            raise MalformedAnswer(f"The CRM sent a row whose id is {id!r}, which is no record id.")


def stuck(module: str) -> MalformedAnswer:
    """The error for a server that answers every page alike, which would be read for ever."""
    return MalformedAnswer(
        f"The CRM does not move on through the pages of {module}: it sends rows that lie before "
        "the place it was asked to begin at. A cache between here and the CRM may answer instead."
    )


def is_last(rows: Sequence[Row], limit: int) -> bool:
    """Whether a page is the last one: shorter than asked for, and not as long as the pages that
    servers silently cut to, in case the page size that is believed has changed."""
    return len(rows) < limit and len(rows) != USUAL_PAGE


def count(statement: Statement) -> Plan[int]:
    """How many rows satisfy the statement's condition, its order and limit left aside."""
    (found,) = yield from counts([statement])
    return found


def counts(statements: Sequence[Statement]) -> Plan[list[int]]:
    """The counts of several conditions, asked side by side."""
    counting = [statement.counting for statement in statements]
    if not counting:
        return []
    replies = yield from together([perform(each.query) for each in counting])
    return [_number(each, reply) for each, reply in zip(counting, replies)]


def _number(statement: Statement, reply: list[Row]) -> int:
    if not reply:
        raise _silent(statement, "a count has one row unless the statement fails")
    return counted(reply[0])


def counted(row: Row) -> int:
    """The number in the one row of a ``count(*)``. Raises `MalformedAnswer`."""
    number = row["count"] if "count" in row else next(iter(row.values()), None)
    if isinstance(number, int | str) and str(number).isdecimal():
        return int(number)
    raise MalformedAnswer(f"The CRM answered a count with {number!r}, which is no number.")


def _silent(statement: Statement, why: str) -> SilentQueryError:
    return SilentQueryError(
        f"The CRM answers a query with no rows although {why}: this is how it reports an SQL "
        f"error. A field that the user may not see, or one the CRM cannot use in a condition, "
        f"is the usual cause. Pull the schema again, or leave out fields to find it. "
        f"Statement: {statement.text}",
        statement=statement.text,
        operation="query",
        module=statement.module,
    )
