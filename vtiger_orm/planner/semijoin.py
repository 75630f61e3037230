"""References to the records of another queryset: `account_id__in=Accounts.objects.filter(...)`.

*Forward* reads the ids of the inner records and lists them in the outer condition. *Reverse*
reads the outer rows and asks, page by page, which of the records they refer to are selected. The
first page of inner ids is often all of them; if not, both sides are counted.
"""

from __future__ import annotations

from dataclasses import replace

from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan
from ..conditions.evaluate import as_compared
from ..conditions.tree import (
    FALSE,
    TRUE,
    Equal,
    InSelection,
    Node,
    OneOf,
    Selection,
    atoms,
    check_depth,
    contains,
    mapped,
)
from ..errors import ScanTooLarge
from .compiled import Compiled, RowReader, compiled
from .packing import LISTED_REFERENCES
from .strategy import superset_size
from .streams import everything, pull


def answered(selection: Selection, env: Environment, read: RowReader) -> Plan[Compiled]:
    """The selection's condition with the querysets in it replaced by ids, where that is cheaper.

    `read` is how the rows of those are read, which may need any way there is. Raises
    `ScanTooLarge` when neither way stays within `max_scan_rows`.
    """
    tree = selection.where
    if not contains(tree, InSelection):
        return compiled(selection, env)
    check_depth(tree)
    tree = as_compared(tree, env)
    selection = replace(selection, where=tree)
    for atom in dict.fromkeys(each for each in atoms(tree) if isinstance(each, InSelection)):
        found = yield from _inner_ids(atom, selection, env, read)
        if found is not None:
            tree = replaced(tree, atom, listed(atom, found))
    return replace(compiled(selection, env, tree), read=read)


def listed(atom: InSelection, ids: list[str]) -> Node:
    """The atom with the ids of the records it stands for."""
    if not ids:
        return FALSE
    if len(ids) == 1:
        return Equal(atom.field, ids[0])
    return OneOf(atom.field, tuple(dict.fromkeys(ids)))


def replaced(tree: Node, atom: InSelection, node: Node) -> Node:
    """The tree with the node in place of the atom."""
    return mapped(tree, lambda each: node if each is atom else each)


def _inner_ids(
    atom: InSelection, outer: Selection, env: Environment, read: RowReader
) -> Plan[list[str] | None]:
    """The ids of the inner records, or None where asking about the outer rows is cheaper."""
    inner = replace(atom.selection, columns=())
    stream = read(inner, env)
    rows: list[Row] = list((yield from pull(stream)) or ())
    is_page = len(rows) >= env.page_size and not inner.start and inner.stop is None
    if is_page and (yield from _reverse_is_cheaper(atom, inner, outer, env)):
        stream.close()
        return None
    rows.extend((yield from everything(stream)))
    return [row["id"] for row in rows]


def _reverse_is_cheaper(
    atom: InSelection, inner: Selection, outer: Selection, env: Environment
) -> Plan[bool]:
    """Whether the outer rows are so much fewer that they are better read first."""
    records = yield from _size(inner, inner.where, env)
    rows = yield from _size(outer, replaced(outer.where, atom, TRUE), env)
    page, most = env.page_size, env.max_scan_rows
    if records > most and rows > most:
        raise ScanTooLarge(
            f"{atom.field.name}__in needs the ids of {records} {inner.module.name} records or a "
            f"look at {rows} {outer.module.name} rows, but max_scan_rows is {most}. Narrow one "
            f"of the two conditions, or open the session with a larger max_scan_rows."
        )
    forward = records / page + records / LISTED_REFERENCES
    reverse = 2 * rows / page
    return records > most or (rows <= most and reverse < forward)


def _size(selection: Selection, tree: Node, env: Environment) -> Plan[int]:
    """An upper bound of the number of rows."""
    what = compiled(replace(selection, columns=()), env, tree)
    if not what.branches:
        return 0
    return (yield from superset_size(what))
