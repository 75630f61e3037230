"""Reading one record: whole, or some of its columns."""

from __future__ import annotations

from ..calls.environment import Environment
from ..calls.operations import Retrieve, Row
from ..calls.plans import Plan, collect_rows, perform
from ..conditions.tree import Equal, Selection
from ..errors import AccessDenied, NotFound
from ..metadata.module import ModuleMeta
from .rows import plan_rows


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
