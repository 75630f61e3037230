"""Reading the rows of a selection, the whole of it, from condition to columns; and one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..calls.environment import Environment
from ..calls.operations import Retrieve, Row
from ..calls.plans import Plan, RowStream, collect_rows, perform
from ..conditions.tree import Equal, Order, Selection
from ..errors import AccessDenied, NotFound, UnsupportedQuery
from ..metadata.module import ModuleMeta
from .branches import Branches
from .compiled import Compiled
from .orders import (
    Paging,
    check_order,
    is_by_id,
    normalised,
    order_key,
    paging_of,
    server_order,
)
from .pages_by_id import widened
from .pages_by_offset import backward, forward
from .pages_by_value import descending
from .ranges import in_ranges
from .semijoin import answered
from .sorting import first_page_may_do, first_rows, sorted_rows
from .strategy import at_hand, at_most, in_id_order, superset_size
from .streams import Key, ahead, merged, project, window
from .verdicts import judged


def plan_rows(selection: Selection, env: Environment) -> RowStream:
    """Exactly the rows that satisfy the selection, page by page, in its order.

    Every row holds the columns asked for and `id`, and whatever the server adds by itself.
    While the plan runs it raises `SilentQueryError` for a statement that does not work, and
    `ScanTooLarge` when an exact answer needs reading more rows than allowed.
    """
    return ahead(selected(selection, env))


def selected(selection: Selection, env: Environment) -> RowStream:
    """`plan_rows` for use inside other plans."""
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
    what = yield from answered(selection, env, selected)
    if not what.branches:
        return
    if not is_by_id(order):
        what = _joined_later(what)
    stream = _ordered(what, order, start, stop)
    if what.later:
        stream = widened(stream, what)
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


def _ordered(what: Compiled, order: tuple[Order, ...], start: int, stop: int | None) -> RowStream:
    paging = paging_of(what, order, start)
    if paging is Paging.BY_ID:
        if not order and not start and stop is None and what.env.parallel > 1:
            yield from in_ranges(what)
            return
        down = bool(order) and order[0].descending
        yield from in_id_order(what, start=start, stop=stop, descending=down)
    elif paging is Paging.SORTED:
        yield from _sorted(what, order, start, stop)
    elif what.is_exact:
        yield from _exact(what, order, paging, start, stop)
    else:
        yield from _judged(what, order, paging, start, stop)


def _sorted(what: Compiled, order: tuple[Order, ...], start: int, stop: int | None) -> RowStream:
    if stop is not None and first_page_may_do(what, order, stop):
        (group,) = what.packing.packed(what.branches)
        rows = yield from first_rows(what, group, order, stop)
        if rows is not None:
            yield from at_hand(rows[start:])
            return
    yield from sorted_rows(what, order, start, stop)


def _exact(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """The server decides and sorts; answers of several statements are merged."""
    read, key = _reader(what, order, paging)
    groups = what.packing.packed(what.branches)
    if len(groups) == 1:
        wanted = None if stop is None else stop - start
        yield from window(read(groups[0], start, wanted), 0, wanted)
        return
    streams = [read(group, 0, stop) for group in groups]
    yield from window(merged(streams, key, what.env.page_size), start, stop)


def _judged(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """The server sorts a superset, the rest is decided on the rows."""
    if stop is None and (yield from superset_size(what)) > what.env.max_scan_rows:
        yield from sorted_rows(what, order, start, stop)
        return
    read, key = _reader(what, order, paging)
    streams = [read(group, 0, None) for group in what.packing.packed(what.superset)]
    rows = at_most(merged(streams, key, what.env.page_size), what)
    yield from window(judged(rows, what), start, stop)


def _reader(
    what: Compiled, order: tuple[Order, ...], paging: Paging
) -> tuple[Callable[[Branches, int, int | None], RowStream], Key]:
    """How one statement's rows are read in the order, and the key by which rows compare."""
    key = order_key([each for each in order if each.field.wire != "id"])
    more = () if what.is_exact else what.decided_by
    if paging is Paging.GROUPS:
        return lambda b, start, wanted: descending(what, b, order[0], more, wanted=wanted), key
    said = server_order(order)
    if said is None:
        raise ValueError(f"the server has no order by {order}")
    walk = backward if paging is Paging.BACKWARD else forward
    return (
        lambda b, start, wanted: walk(what, b, said, key, more, start=start, wanted=wanted),
        key,
    )


def read_row(meta: ModuleMeta, id_: str, env: Environment) -> Plan[Row | None]:
    """Everything the CRM tells of a record; Users by explicit columns, never by retrieve, which
    answers password hash and access key."""
    if meta.name == "Users" or not meta.retrievable:
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
