"""Statements asked of the server, and what an answer proves.

The server reports an SQL error as success with no rows. So a page with rows shows that its
statement works, but an empty answer is never believed by itself. Where rows came before it, the
last of them is asked for again (`pages_by_id`); else the condition is counted, which answers one
row unless it fails. A server that cannot count is asked for ``... or id > '0x0'``, which answers
a row in every module that has one, and then for the statement once more.

A first page shorter than asked for is the only one, unless the server may have cut it: pages may
be smaller than was believed. With `consistency="strict"` that is not believed either. Behind a page
that was full a short one proves nothing: the next is asked for, one call more at the end of a long
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, perform, together
from ..errors import MalformedAnswer, SilentQueryError, UnsupportedQuery
from ..ids import is_id, whole_number
from ..values.uniform_rows import UniformRows, column_or_none
from .branches import ALWAYS, ANY_ID, Comparison
from .statement import Statement
from .unsendable import check_text

QUERY: Final = "query"
"""The operation whose pages are meant where no other is named."""
_SMALL_PAGE: Final = 20
_ROUND: Final = 5
"""Pages are cut to round sizes, except where they are believed to be tiny."""
_PATIENCE: Final = 200
"""Pages at most that a count by pages takes, on data that moves all the time."""


def ask(statement: Statement, env: Environment) -> Plan[Sequence[Row]]:
    """The rows of a statement; that there are none is proved.

    Raises `SilentQueryError` when the answer is empty because the statement does not work.
    """
    rows = yield from answer(statement, env)
    if rows or env.knowledge.trusting:
        env.knowledge.verify(statement.shape)
        return rows
    return (yield from _proved(statement, env))


def _proved(statement: Statement, env: Environment) -> Plan[Sequence[Row]]:
    """What a statement has that answered no rows."""
    if not counts_rows(env):
        return (yield from _without_counting(statement, env))
    found = yield from count(statement, env)
    if found <= statement.offset:
        return []
    rows = yield from answer(statement, env)
    if rows or env.thins(statement.module):
        return rows
    if (yield from count(statement, env)) <= statement.offset:
        return []  # what was counted came and went meanwhile
    raise _silent(statement, f"it counts {found} rows for the same condition")


def _without_counting(statement: Statement, env: Environment) -> Plan[Sequence[Row]]:
    """The rows of a statement that is shown to work without a count."""
    knowledge, shape = env.knowledge, statement.shape
    if not knowledge.is_verified(shape) and not (yield from _works(statement, env, statement)):
        return []
    knowledge.verify(shape)
    return (yield from answer(statement, env))


def _works(statement: Statement, env: Environment, asked: Statement) -> Plan[bool]:
    """Whether a statement is shown to work without a count; not where its module has no records
    to show it by. Raises `SilentQueryError`, about what was asked, where it has some."""
    # Rows that the user may not see are taken out of a page: of a whole one some may be left.
    thins = env.thins(statement.module)
    limit = env.page_size if thins else 1
    if (yield from answer(statement.or_else(ANY_ID, limit), env)):
        return True
    every = Statement(statement.module, ("id",), ALWAYS, order=("id",), limit=limit)
    seen = yield from answer(every, env)
    if not seen:
        return False
    if thins:
        # The first page in the statement's own order may be hidden as a whole: one that is not.
        one = Comparison("id", "=", str(seen[0]["id"]))
        if (yield from answer(statement._replace(bounds=(one,)).or_else(one), env)):
            return True
    raise _silent(asked, "every record of the module was asked for, and there are some")


def answer(statement: Statement, env: Environment) -> Plan[Sequence[Row]]:
    """What the server answers; that there are no rows is not proved.

    Raises `MalformedAnswer` for anything but rows that have an id."""
    query = statement.query
    check_text(query.text, env)
    rows = yield from perform(query)
    check_ids(rows)
    env.knowledge.page_holds(len(rows), QUERY)
    return rows


def check_rows(rows: object) -> None:
    """Raise `MalformedAnswer` for anything but a list of rows: null, an empty object or no result
    at all do not say that there are none."""
    if isinstance(rows, UniformRows):
        return
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedAnswer(
            f"The CRM answered a query with {type(rows).__name__} instead of a list of rows."
        )


def check_ids(rows: Sequence[Row]) -> None:
    """Every row has its id, whatever was selected. Raises `MalformedAnswer` where one has not,
    and for anything but a list of rows."""
    check_rows(rows)
    for id in column_or_none(rows, "id"):
        if not isinstance(id, str) or not is_id(id):
            raise MalformedAnswer(
                f"The CRM sent a row whose id is {id!r:.60}, which is no record id."
            )


def stuck(module: str) -> MalformedAnswer:
    """The error for a server that answers every page alike, which would be read for ever."""
    return MalformedAnswer(
        f"The CRM does not move on through the pages of {module}: it sends rows that lie before "
        "the place it was asked to begin at. A cache between here and the CRM may answer instead."
    )


def is_last(
    length: int, limit: int, env: Environment, operation: str = QUERY, *, first: bool
) -> bool:
    """Whether a page of so many rows is certainly the last one: the first of all, shorter than
    asked for, and not cut. One behind others may be cut at any row, so what it leaves out is
    asked for. That there is no row is another question, see `ask`."""
    if not first or length >= limit:
        return False
    return not length or not (env.consistency == "strict" or may_be_cut(length, env, operation))


def may_be_cut(length: int, env: Environment, operation: str = QUERY) -> bool:
    """Whether the server's pages may be no longer than this one, although longer ones are
    believed: no longer one was seen yet, and it is a size that somebody may have chosen."""
    if length < env.knowledge.known_page(operation) or length < 2:
        return False
    return length % _ROUND == 0 or env.page_size < _SMALL_PAGE


def count(statement: Statement, env: Environment) -> Plan[int]:
    """How many rows satisfy the statement's condition, its order and limit left aside."""
    (found,) = yield from counts([statement], env)
    return found


def countable(module: str, env: Environment) -> bool:
    """Whether the server can be made to tell how many records satisfy a condition."""
    return counts_rows(env) or not env.thins(module)


def uncounted(module: str) -> UnsupportedQuery:
    """The refusal for a module whose end cannot be told."""
    return UnsupportedQuery(
        f"Where the records of {module} end cannot be told: this server takes records that the "
        "user may not see out of its pages afterwards, and it does not count, so an empty page "
        "may be followed by others. Ask for records by id, take a slice that is found before the "
        "end, or use a user who sees all records (a profile with 'view all')."
    )


def counts(statements: Sequence[Statement], env: Environment) -> Plan[list[int]]:
    """The counts of several conditions, asked side by side."""
    if not counts_rows(env):
        return (yield from _counts_by_pages(statements, env))
    if not statements:
        return []
    counting = [statement.counting.query for statement in statements]
    for query in counting:
        check_text(query.text, env)
    replies = yield from together([perform(query) for query in counting])
    for reply in replies:
        check_rows(reply)
    if all(replies):
        return [counted(reply[0]) for reply in replies]
    # A count has one row unless it fails: either the condition does not work or counting does not.
    failed = next(each for each, reply in zip(statements, replies) if not reply)
    ids = failed.uncounted._replace(order=("id",))
    if (yield from _works(ids, env, failed.counting)):
        # The CRM is another release than was believed.
        env.knowledge.counts = False
    return (yield from _counts_by_pages(statements, env))


def _counts_by_pages(statements: Sequence[Statement], env: Environment) -> Plan[list[int]]:
    for each in statements:
        if env.thins(each.module):
            raise uncounted(each.module)
    return (yield from together([_counted_by_pages(each, env) for each in statements]))


def counts_rows(env: Environment) -> bool:
    """Whether the server answers ``count(*)``, as far as is known and was seen."""
    return env.can_count and env.knowledge.counts


def counted(row: Row) -> int:
    """The number in the one row of a ``count(*)``. Raises `MalformedAnswer`."""
    # Some servers name the column otherwise, and a record's id is no count.
    named = [name for name in row if "count" in name.lower()] or [*{*row} - {"id"}]
    told = row[named[0]] if len(named) == 1 else None
    number = whole_number(told)
    if number is None:
        raise MalformedAnswer(f"The CRM answered a count with {told!r:.60}, which is no number.")
    return number


def _counted_by_pages(statement: Statement, env: Environment) -> Plan[int]:
    """The count of a server that has none: pages of ids further and further on, until one is
    neither full nor empty. Then the last row must be the last when it is asked for again."""
    ids = statement._replace(columns=("id",), order=("id",), descending=False)
    size, low, at = env.page_size, 0, 0
    high: int | None = None
    for _ in range(_PATIENCE):
        rows = yield from _page_at(ids, at, size, env)
        if not at and not rows:
            rows = yield from _without_counting(ids._replace(limit=size, offset=0), env)
            if not rows:
                return 0
        if not at and may_be_cut(len(rows), env):
            size = len(rows)
        low, high = (at + len(rows), high) if rows else (low, at)
        if 0 < len(rows) < size or low == high:
            behind = yield from _page_at(ids, low - 1, 2, env)
            if len(behind) == 1:
                return low
            low, high, at = (low, None, low) if behind else (0, None, 0)  # rows came or went
        elif high is None or high < low:
            high, at = None, max(low, 2 * at)
        else:
            at = (low + high) // 2
    raise stuck(statement.module)


def _page_at(ids: Statement, offset: int, limit: int, env: Environment) -> Plan[Sequence[Row]]:
    return (yield from answer(ids._replace(limit=limit, offset=offset), env))


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
