"""The demo data on a server that keeps some of it elsewhere: activities and line items of coreBOS
are records of modules of their own."""

from __future__ import annotations

from typing import Any, Final

from ..engine.schema import Module
from ..engine.store import LIVE, Store
from ..engine.tables import quoted
from ..engine.writing import blank_row

_INVENTORY: Final = ("Quotes", "SalesOrder", "Invoice", "PurchaseOrder")


def adapt(store: Store) -> None:
    """Forget records of modules that are not there, and fill those that only this server has."""
    modules = store.schema.modules
    known = [name for name, module in modules.items() if module.shares_ids]
    marks = ", ".join("?" * len(known))
    store.execute(f"DELETE FROM entity WHERE module NOT IN ({marks})", known)
    if "InventoryDetails" in modules:
        _details(store, modules["InventoryDetails"])


def _details(store: Store, details: Module) -> None:
    for name in _INVENTORY:
        header = store.schema.modules.get(name)
        if header is None:
            continue
        rows = store.rows(
            "SELECT l.id, l.parent_id, l.productid, l.quantity, l.listprice, l.comment, "
            "l.sequence_no, h.assigned_user_id, h.createdtime "
            f'FROM "m_LineItem" l JOIN {quoted(header.table)} h ON h.id = l.parent_id '
            f"WHERE h._state = {LIVE} ORDER BY l.id"
        )
        for line, parent, product, quantity, price, comment, position, owner, moment in rows:
            total = f"{float(quantity) * float(price):.6f}"
            values: dict[str, Any] = {
                "related_to": parent,
                "productid": product,
                "quantity": quantity,
                "listprice": f"{float(price):.6f}",
                "extgross": total,
                "extnet": total,
                "linetotal": total,
                "description": comment,
                "sequence_no": position,
                "lineitem_id": line,
                "assigned_user_id": owner,
                "createdtime": moment,
                "modifiedtime": moment,
            }
            number = store.new_number(details)
            store.register(details, number)
            store.insert(details, number, {**blank_row(details), **values})
