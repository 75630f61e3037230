"""Reading the rows of a selection, the whole of it, from condition to columns; and one record."""

from __future__ import annotations

from dataclasses import replace

from ..calls.environment import Environment
from ..calls.operations import Retrieve, Row
from ..calls.plans import Plan, RowStream, collect_rows, perform
from ..conditions.tree import Equal, Order, Selection
from ..dialects.restfulapi_columns import ITEM_MODULES
from ..errors import AccessDenied, NotFound, UnsupportedQuery
from ..metadata.module import ModuleMeta
from .compiled import Compiled, at_once
from .doubts import as_stored
from .in_order import in_order
from .lists import record_with_items, selected_from_lists
from .orders import check_order, is_by_id, normalised
from .semijoin import answered
from .sending import widened
from .streams import ahead, project
from .windows import all_rows


def plan_rows(selection: Selection, env: Environment) -> RowStream:
    """Exactly the rows that satisfy the selection, page by page, in its order.

    Every row holds the columns asked for and `id`, and whatever the server adds by itself.
    While the plan runs it raises `SilentQueryError` for a statement that does not work, and
    `ScanTooLarge` when an exact answer needs reading more rows than allowed.
    """
    return ahead(selected(selection, env))


def plan_counted_rows(selection: Selection, number: int | None, env: Environment) -> RowStream:
    """`plan_rows` by id of a selection of which another call told the number of rows, where it
    did: once so many were read, and the server had room for more, no call proves the end."""
    return ahead(_counted(selection, number, env))


def _counted(selection: Selection, number: int | None, env: Environment) -> RowStream:
    if number is not None and env.lists is None and is_by_id(normalised(selection.order)):
        what = yield from answered(selection, env, selected)
        groups = what.groups if what.is_exact else []
        if len(groups) == 1:
            stream = all_rows(what, groups[0], expected=number)
            yield from widened(stream, what) if what.later else stream
            return
    yield from selected(selection, env)


def selected(selection: Selection, env: Environment) -> RowStream:
    """`plan_rows` for use inside other plans."""
    if env.lists is not None:
        yield from selected_from_lists(selection, env)
        return
    start, stop = selection.start, selection.stop
    if stop is not None and stop <= start:
        return
    module = selection.module
    if not module.id.selectable:
        raise UnsupportedQuery(
            f"The records of {module.name} cannot be read: the CRM refuses every query that names "
            "their id, and it adds the id to each. count() works."
        )
    order = normalised(selection.order)
    check_order(module, order)
    what = at_once(selection, env) or (yield from answered(selection, env, selected))
    if not what.branches:
        return
    if not is_by_id(order):
        what = _joined_later(what)
    stream = in_order(what, order, start, stop)
    if what.later:
        stream = widened(stream, what)
    if env.consistency == "strict":
        stream = as_stored(stream, what)
    hidden = _hidden(what, order)
    yield from project(stream, hidden) if hidden else stream


def _hidden(what: Compiled, order: tuple[Order, ...]) -> set[str]:
    """Columns that are read only to decide or to sort."""
    if what.is_exact and not order:
        return set()
    extra = {each.field.wire for each in order}
    if not what.is_exact:
        extra.update(what.decided_by)
    return extra.difference(what.columns, *what.later)


def _joined_later(what: Compiled) -> Compiled:
    """References to several records are read by id afterwards: pages by offset would count
    each of the records."""
    if not what.joined_columns:
        return what
    columns = tuple(wire for wire in what.columns if wire not in what.joined_columns)
    return replace(what, columns=columns, later=(*what.later, ("id", *what.joined_columns)))


def read_row(meta: ModuleMeta, id_: str, env: Environment) -> Plan[Row | None]:
    """Everything the CRM tells of a record; Users by explicit columns, never by retrieve, which
    answers password hash and access key."""
    if env.lists is not None and meta.name in ITEM_MODULES:
        return (yield from record_with_items(meta, id_, env))
    if meta.name == "Users" or not meta.retrievable or env.lists is not None:
        return (yield from find_row(meta, id_, env))
    try:
        return (yield from perform(Retrieve(id_)))
    except (AccessDenied, NotFound):
        return None


def find_row(
    meta: ModuleMeta, id_: str, env: Environment, columns: tuple[str, ...] | None = None
) -> Plan[Row | None]:
    """The row of a record by a query, with the columns of these wire names."""
    chosen = None if columns is None else tuple(meta.by_wire[name] for name in columns)
    selection = Selection(meta, Equal(meta.id, id_), columns=chosen)
    rows = yield from collect_rows(plan_rows(selection, env))
    return rows[0] if rows else None
