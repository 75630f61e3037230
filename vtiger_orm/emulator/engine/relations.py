"""Which records are related to which, as the relations of relatedtypes tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .columns import ACTIVITIES, INVENTORY
from .context import Context
from .errors import unknown_relation
from .schema import Field, Module
from .store import LIVE
from .tables import quoted

_DONE: Final = ("Completed", "Deferred", "Held")
_HISTORY: Final = "Activity History"
_PARENTS: Final = "Parent Product"
_BUNDLES: Final = frozenset({_PARENTS, "Product Bundles"})

# Pairs that have links of their own besides a reference; they are seen from both ends.
_ALSO_LINKED: Final = frozenset({frozenset({"Contacts", "Potentials"})})
# Modules whose related lists follow one of several references.
_LISTED_BY: Final = {"ModComments": "related_to"}
# Pairs for which relating does nothing, though it says that it did.
_NEVER_LINKED: Final = frozenset(
    {
        *(("Accounts", "Calendar"), ("Contacts", "Calendar"), ("Calendar", "Contacts")),
        *(("Products", "PriceBooks"), ("Services", "PriceBooks")),
        *(("PriceBooks", "Products"), ("PriceBooks", "Services")),
    }
)
# Relating sets the reference of the target.
_SETS: Final = {("Vendors", "Products"): "vendor_id"}


def find(ctx: Context, module: Module, label: str, target: str) -> Mapping[str, Any]:
    """The relation of that label to that module, both in exact case.

    Raises UNKOWN_ENTITY, as the server spells it.
    """
    for relation in module.relations:
        if relation["label"] == label and relation["name"] == target:
            if target not in ctx.schema.modules:
                break
            return relation
    raise unknown_relation()


def related_numbers(
    ctx: Context, module: Module, number: int, label: str, target: str
) -> list[int]:
    """Numbers of the records that a relation leads to, lowest first; live ones only.

    A relation is one-to-many where the target refers to the module by a field of its own, and
    many-to-many otherwise. Of Documents the list holds the active ones only.
    """
    other = ctx.schema.modules[target]
    if target in ACTIVITIES:
        return _activities(ctx, module, number, history=label == _HISTORY)
    if target in INVENTORY and module.name in ("Products", "Services"):
        return _with_item(ctx, other, number)
    if label in _BUNDLES and module is other:
        return _bundled(ctx, number, parents=label == _PARENTS)
    fields = _listed_by(referring_fields(module, other), other)
    own = [each for each in fields if not each.name.startswith("cf_")]
    found: set[int] = set()
    for field in own or fields:
        found.update(_referring(ctx, other, field, number))
    if not own or frozenset({module.name, target}) in _ALSO_LINKED:
        found.update(_linked(ctx, other, number))
    hiding = not ctx.profile.inactive_documents_related
    if target == "Documents" and hiding and "filestatus" in other.fields:
        found.intersection_update(_active_documents(ctx, other))
    found.discard(number)
    return sorted(found)


def relate(
    ctx: Context, module: Module, source: int, label: str, other: Module, target: int
) -> None:
    """What relating two records of a related list does: it makes a link, sets a reference, or
    does nothing at all."""
    pair = (module.name, other.name)
    if pair in _SETS:
        ctx.store.update(other, target, {_SETS[pair]: source})
    elif frozenset(pair) in _ALSO_LINKED or pair == ("Project", "Calendar"):
        link(ctx, source, target)
    elif pair in _NEVER_LINKED or module.name == "Documents" or label == _PARENTS:
        return
    elif not is_one_to_many(module, other):
        link(ctx, source, target)


def is_one_to_many(module: Module, other: Module) -> bool:
    """Whether a field of the other module makes the relation, so that no link can."""
    return any(not each.name.startswith("cf_") for each in referring_fields(module, other))


def _listed_by(fields: list[Field], other: Module) -> list[Field]:
    name = _LISTED_BY.get(other.name)
    return [each for each in fields if each.name == name] if name else fields


def _active_documents(ctx: Context, documents: Module) -> set[int]:
    rows = ctx.store.rows(f"SELECT id FROM {quoted(documents.table)} WHERE filestatus = 1")
    return {number for (number,) in rows}


def _bundled(ctx: Context, number: int, *, parents: bool) -> list[int]:
    """Parts of a product, or the products it is a part of."""
    mine, theirs = ("b", "a") if parents else ("a", "b")
    return _numbers(
        ctx,
        f"SELECT e.id FROM related r JOIN entity e ON e.id = r.{theirs} WHERE r.{mine} = ? "
        f"AND e.module = 'Products' AND e.state = {LIVE}",
        number,
    )


def referring_fields(module: Module, other: Module) -> list[Field]:
    """The fields of `other` that may point to a record of `module`."""
    return [
        each
        for each in other.fields.values()
        if each.kind == "reference" and module.name in each.targets and each.storage == "reference"
    ]


def link(ctx: Context, source: int, target: int) -> None:
    """Relate two records; twice is once."""
    ctx.store.execute("INSERT OR IGNORE INTO related VALUES (?, ?)", (source, target))


def unlink(ctx: Context, source: int, target: int) -> None:
    """Take the relation of two records away, whichever end it was made from."""
    ctx.store.execute(
        "DELETE FROM related WHERE (a = ? AND b = ?) OR (a = ? AND b = ?)",
        (source, target, target, source),
    )


def _referring(ctx: Context, other: Module, field: Field, number: int) -> list[int]:
    if field.column.table not in ("main", "custom"):
        return []
    return _numbers(
        ctx,
        f"SELECT id FROM {quoted(other.table)} WHERE {quoted(field.name)} = ? AND _state = {LIVE}",
        number,
    )


def _linked(ctx: Context, other: Module, number: int) -> list[int]:
    rows = ctx.store.rows(
        "SELECT e.id FROM related r JOIN entity e ON e.id = r.b WHERE r.a = ? AND e.module = ? "
        f"AND e.state = {LIVE} "
        "UNION SELECT e.id FROM related r JOIN entity e ON e.id = r.a WHERE r.b = ? "
        f"AND e.module = ? AND e.state = {LIVE}",
        (number, other.name, number, other.name),
    )
    return [row[0] for row in rows]


def _activities(ctx: Context, module: Module, number: int, *, history: bool) -> list[int]:
    if "Calendar" not in ctx.schema.modules:
        return []
    table = ctx.schema.modules["Calendar"].table
    columns = ctx.store.columns(table)
    done = [name for name in ("taskstatus", "eventstatus") if name in columns]
    over = " OR ".join(f"ifnull({quoted(name)}, '') IN {_DONE}" for name in done) or "0"
    if module.name == "Contacts":
        where = "id IN (SELECT activity FROM activity_contact WHERE contact = ?)"
    elif "parent_id" in columns:
        where = "parent_id = ?"
    else:
        return []
    if module.name == "Project":
        where = f"({where} OR id IN (SELECT b FROM related WHERE a = {int(number)}))"
    return _numbers(
        ctx,
        f"SELECT id FROM {quoted(table)} WHERE {where} AND _state = {LIVE} "
        f"AND {'' if history else 'NOT '}({over})",
        number,
    )


def _with_item(ctx: Context, other: Module, number: int) -> list[int]:
    return _numbers(
        ctx,
        f"SELECT t.id FROM {quoted(other.table)} t WHERE t._state = {LIVE} AND t.id IN "
        '(SELECT parent_id FROM "m_LineItem" WHERE productid = ?)',
        number,
    )


def _numbers(ctx: Context, sql: str, number: int) -> list[int]:
    return sorted(row[0] for row in ctx.store.rows(sql, (number,)))
