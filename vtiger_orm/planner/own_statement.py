"""Statements that users write themselves: sent as they are, and an empty answer is proved."""

from __future__ import annotations

from ..calls.environment import Environment
from ..calls.operations import Query, Row
from ..calls.plans import Plan, perform
from ..errors import SilentQueryError
from .asking import check_ids
from .statement import own_statement
from .unsendable import check_text


def own_rows(text: str, module: str, env: Environment) -> Plan[list[Row]]:
    """What the server answers to the statement; that there are no rows is proved.

    Raises `SilentQueryError` where it is not, which is the case for every empty answer to a
    statement of another form than the query language is known to have; `UnsupportedQuery` for one
    to which the server might answer other rows.
    """
    check_text(text, env)
    query = Query(text, module)
    rows = yield from _answer(query)
    if rows or env.knowledge.trusting:
        return rows
    own = own_statement(query)
    if own is None:
        raise _silent(query, "whether it works cannot be told, as it has an unusual form")
    limit = env.page_size if env.thins(module) else 1
    if (yield from _answer(own.or_any(limit))):
        return (yield from _answer(query))
    if (yield from _answer(own.every(limit))):
        raise _silent(query, "every record of the module was asked for, and there are some")
    return []


def _answer(query: Query) -> Plan[list[Row]]:
    rows = yield from perform(query)
    check_ids(rows)
    return list(rows)


def _silent(query: Query, why: str) -> SilentQueryError:
    return SilentQueryError(
        f"The CRM answers a statement with no rows although {why}: this is how it reports an SQL "
        "error. A field that the CRM cannot use in a condition, or one in the order that is not "
        f"selected, is the usual cause. Statement: {query.text}",
        statement=query.text,
        operation="query",
        module=query.module,
    )
