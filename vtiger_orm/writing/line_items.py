"""Line items of quotes, orders and invoices: a typed list that knows whether it changed.

The CRM has no operation for one item that keeps the totals right, so the list is written back
whole, and only when it changed. Item ids are not kept: after a write the CRM may give the
number of a deleted item to a new one.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Final, TypeGuard, overload

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Retrieve, Row
from ..calls.plans import Plan, perform, perform_all
from ..errors import AccessDenied, InvalidValue, MalformedAnswer, NotFound, NotLoaded, NotSupported
from ..ids import id_number, is_id, parse_id, whole_number
from ..metadata.module import ModuleMeta
from ..planner.asking import check_ids, stuck
from ..planner.branches import Comparison, InList
from ..planner.pages_by_id import at
from ..planner.rows import read_row
from ..planner.statement import Statement
from ..records import BaseRecord
from ..records.handle import id_of
from ..records.state import UNSET, FieldChange
from ..values import is_blank
from ..values.reading import ZERO

LINE_ITEMS: Final = "LineItems"
FINAL_DETAILS: Final = "LineItems_FinalDetails"

_READ_ONLY: Final = frozenset(
    [
        "parent_id",
        "sequence_no",
        "incrementondel",
        "image",
        "purchase_cost",
        "margin",
        "id",
        "product_name",
        "entity_type",
        "deleted",
    ]
)
_PARENTS_PER_QUERY: Final = 50


@dataclass(slots=True)
class LineItem:
    """One position: a product or service, how many, at what price.

    `discount_percent` and `discount_amount` exclude each other. `taxes` maps the CRM's tax names
    (``tax1``) to percentages; they only count where the record's tax mode is ``individual``.
    """

    product: BaseRecord | str
    """A record of Products or Services, or a reference to one."""
    quantity: Decimal | int = Decimal(1)
    price: Decimal | int | None = None
    """In the record's currency; None takes the product's own price. The CRM does not look for the
    price of a service: give it."""
    discount_percent: Decimal | int | None = None
    discount_amount: Decimal | int | None = None
    taxes: dict[str, Decimal] = field(default_factory=dict)
    comment: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """Wire name -> wire value of anything else the CRM has on an item (custom fields)."""
    id: str | None = field(default=None, compare=False)
    """The id the item had when it was read; it does not survive a write."""
    product_name: str | None = field(default=None, compare=False)
    """The product's name as the CRM told it; not written."""

    @property
    def product_id(self) -> str:
        """The product's id as text. Raises `InvalidValue` for anything that has none."""
        product: Any = self.product
        id_ = id_of(product) if isinstance(product, str | BaseRecord) else None
        if product == "":
            raise InvalidValue(
                f"The product of a line item ({self.product_name or 'without a name'}) is no "
                "longer in the CRM, and line items are written back whole: give the item another "
                "product, or take it off the list."
            )
        if not isinstance(id_, str) or not is_id(id_):
            raise InvalidValue(
                f"A line item's product must be a saved record of Products or Services or a "
                f"reference to one, not {self.product!r}."
            )
        return str(id_)

    @classmethod
    def from_wire(cls, row: Mapping[str, Any]) -> LineItem:
        """One entry of `LineItems`, or one row of the module LineItem."""
        taxes = {
            name: amount
            for name, value in row.items()
            if is_tax(name) and (amount := decimal_of(value)) is not None and amount
        }
        name = row.get("product_name")
        return cls(
            product=str(row.get("productid") or ""),
            quantity=decimal_of(row.get("quantity")) or Decimal(0),
            price=decimal_of(row.get("listprice")),
            discount_percent=decimal_of(row.get("discount_percent")) or None,
            discount_amount=decimal_of(row.get("discount_amount")) or None,
            taxes=taxes,
            comment=row.get("comment") or None,
            extra={
                key: value
                for key, value in row.items()
                if key not in _READ_ONLY and key not in _KNOWN and not is_tax(key)
            },
            id=row.get("id"),
            product_name=html.unescape(name) if isinstance(name, str) else None,
        )

    def _key(self) -> tuple[object, ...]:
        """What decides whether an item changed; equal numbers count as equal, however written."""
        return (
            # The CRM empties the reference to a product that was deleted.
            self.product and self.product_id,
            self.quantity,
            self.price,
            self.discount_percent or None,
            self.discount_amount or None,
            {name: amount for name, amount in self.taxes.items() if amount},
            self.comment or None,
            dict(self.extra),
        )

    def to_wire(self) -> dict[str, Any]:
        """What the CRM is sent. Raises `InvalidValue`, naming what is wrong."""
        if self.discount_percent and self.discount_amount:
            raise InvalidValue(
                "A line item has either discount_percent or discount_amount, not both."
            )
        wire: dict[str, Any] = {
            key: value for key, value in self.extra.items() if not is_blank(value)
        }
        wire["productid"] = self.product_id
        wire["quantity"] = _text("quantity", self.quantity)
        if self.price is not None:
            wire["listprice"] = _text("price", self.price)
        if self.discount_percent:
            wire["discount_percent"] = _text("discount_percent", self.discount_percent)
        if self.discount_amount:
            wire["discount_amount"] = _text("discount_amount", self.discount_amount)
        for name, percentage in self.taxes.items():
            if not is_tax(name):
                raise InvalidValue(f"{name!r} is no tax of the CRM: taxes are tax1, tax2, ...")
            wire[name] = _text(name, percentage)
        if self.comment:
            wire["comment"] = self.comment
        return wire


_KNOWN: Final = frozenset(
    ["productid", "quantity", "listprice", "discount_percent", "discount_amount", "comment"]
)


class LineItems(MutableSequence[LineItem]):
    """The items of one record. Reading them needs no call once they are loaded.

    Query answers bring no items; `retrieve`, `create` and `save` do. Raises `NotLoaded` when
    they are read before: `record.crm.load_items()` or `session.load_items(records)`.
    """

    __slots__ = ("_items", "_rows", "_stored")

    def __init__(self, items: Iterable[LineItem] | None = None) -> None:
        self._items: list[LineItem] | None = None if items is None else _checked(items)
        self._stored: list[tuple[object, ...]] | None = None
        self._rows: tuple[Mapping[str, Any], ...] | None = None

    @property
    def loaded(self) -> bool:
        """Whether the items are known: read from the CRM, or given."""
        return self._items is not None

    @property
    def changed(self) -> bool:
        """Whether a save has to write the items."""
        return self._items is not None and self._stored != [each._key() for each in self._items]

    def replace(self, items: Iterable[LineItem]) -> None:
        """Put other items in place of all; they need not be loaded for that."""
        self._items = _checked(items)

    def settle(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over what the CRM has; nothing is pending then."""
        self._rows = tuple(rows)
        self._items = [LineItem.from_wire(row) for row in self._rows]
        self._stored = [each._key() for each in self._items]

    def change(self) -> FieldChange | None:
        """What a save would do to them, as `record.changes` shows it; None where it is nothing."""
        if not self.changed:
            return None
        known = self._rows is not None
        old = [LineItem.from_wire(row) for row in self._rows or ()] if known else UNSET
        return FieldChange(old, list(self._known))

    def outdated(self, rows: object) -> TypeGuard[list[Row]]:
        """Whether the CRM's items, as an answer tells them, are no longer those that were read."""
        if self._stored is None or not isinstance(rows, list):
            return False
        return self._stored != [LineItem.from_wire(row)._key() for row in rows]

    def to_wire(self) -> list[dict[str, Any]]:
        """The whole list as the CRM is sent it."""
        items = [item.to_wire() for item in self._known]
        if not items:
            raise InvalidValue(
                "The CRM keeps the old line items when it is sent an empty list: an inventory "
                "record has at least one item. Delete the record instead."
            )
        return items

    @property
    def _known(self) -> list[LineItem]:
        if self._items is None:
            raise NotLoaded(
                "The line items were not read: the CRM's query answers have none. Read them with "
                "record.crm.load_items(), or for many records with session.load_items(records)."
            )
        return self._items

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[LineItem]:
        return iter(self._known)

    @overload
    def __getitem__(self, index: int) -> LineItem: ...
    @overload
    def __getitem__(self, index: slice) -> list[LineItem]: ...
    def __getitem__(self, index: int | slice) -> LineItem | list[LineItem]:
        return self._known[index]

    @overload
    def __setitem__(self, index: int, value: LineItem) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[LineItem]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        checked = _checked([value] if isinstance(index, int) else value)
        if isinstance(index, int):
            self._known[index] = checked[0]
        else:
            self._known[index] = checked

    def __delitem__(self, index: int | slice) -> None:
        del self._known[index]

    def insert(self, index: int, value: LineItem) -> None:
        self._known.insert(index, *_checked([value]))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LineItems):
            return self._items == other._items
        return self._items == other

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"<LineItems: {'not loaded' if self._items is None else self._items}>"


def _checked(items: Iterable[Any]) -> list[LineItem]:
    """The items as a list; `InvalidValue` for anything that is none."""
    given = list(items)
    for each in given:
        if not isinstance(each, LineItem):
            raise InvalidValue(
                "Line items are LineItem objects, such as LineItem(product, 2), not "
                f"{type(each).__name__}."
            )
    return given


ITEM_FIELDS: Final = frozenset({"hdnTaxType", "hdnGrandTotal", "productid"})
"""What the modules with line items have in their headers."""
_APART_FIELDS: Final = frozenset({"hdnTaxType", "hdnGrandTotal", "pl_gross_total"})
"""The same of coreBOS."""


def is_inventory(meta: ModuleMeta) -> bool:
    """Whether the module's records have line items."""
    return meta.by_wire.keys() >= ITEM_FIELDS or are_apart(meta)


def are_apart(meta: ModuleMeta) -> bool:
    """Whether the items are those of coreBOS: told and sent in another form, and records of
    InventoryDetails besides."""
    return meta.by_wire.keys() >= _APART_FIELDS


def read_items(meta: ModuleMeta, id_: str, env: Environment) -> Plan[list[Row]]:
    """The items of one record, as `retrieve` has them, or the list of a server without one."""
    row: Row | None
    if env.lists is not None:
        row = yield from read_row(meta, id_, env)
        if row is None:
            raise NotFound(f"{meta.name} {id_} is not there: it was deleted.")
        _check_products(meta, id_, row)
    else:
        row = yield from perform(Retrieve(id_))
    items = row.get(LINE_ITEMS)
    return list(items) if isinstance(items, Sequence) else []


def _check_products(meta: ModuleMeta, id_: str, row: Row) -> None:
    """A product that is left out was not told; one that was deleted is blank."""
    if any("productid" not in item for item in row.get(LINE_ITEMS) or ()):
        raise NotLoaded(
            f"The products of the line items of {meta.name} {id_} are not known: the RestfulApi "
            "module tells their numbers, and did not answer which of Products and Services those "
            "are. Read them again, as a user who may see both modules, or by webservice.php."
        )


def read_items_of(ids: Sequence[str]) -> Plan[dict[str, list[Row]]]:
    """The items of many records through the module LineItem, in the order of the record.

    One call for each 50 records and each 100 items. A CRM that answers no queries on LineItem
    (the Cloud) is asked for each record instead.
    """
    try:
        return (yield from _by_query(ids))
    except (AccessDenied, NotSupported):
        rows = yield from perform_all([Retrieve(id_) for id_ in ids])
        return {id_: list(row.get(LINE_ITEMS) or []) for id_, row in zip(ids, rows)}


def _by_query(ids: Sequence[str]) -> Plan[dict[str, list[Row]]]:
    found: dict[int, dict[str, Row]] = {parse_id(id_).number: {} for id_ in ids}
    numbers = {parse_id(id_).number: id_ for id_ in ids}
    chunks = [
        list(ids[begin : begin + _PARENTS_PER_QUERY])
        for begin in range(0, len(ids), _PARENTS_PER_QUERY)
    ]
    pending: list[tuple[list[str], str | None]] = [(chunk, None) for chunk in chunks]
    doubtful: set[int] = set()
    while pending:
        replies = yield from perform_all([_items(chunk, last).query for chunk, last in pending])
        following: list[tuple[list[str], str | None]] = []
        for (chunk, last), rows in zip(pending, replies):
            check_ids(rows)
            for row in rows:
                found.setdefault(_parent(row), {})[row["id"]] = row
            if any(row["id"] != last for row in rows):
                if last is not None and id_number(rows[-1]["id"]) <= id_number(last):
                    raise stuck("LineItem")
                # A short page may still be thinned by permissions.
                following.append((chunk, str(rows[-1]["id"])))
            elif not rows:
                doubtful.update(parse_id(id_).number for id_ in chunk)
        pending = following
    # An empty page is also what an SQL error looks like, and every such record has an item.
    doubtful.update(number for number, items in found.items() if not items)
    again = [numbers[number] for number in sorted(doubtful & numbers.keys())]
    alone = (yield from perform_all([Retrieve(id_) for id_ in again])) if again else []
    read = {id_: list(row.get(LINE_ITEMS) or []) for id_, row in zip(again, alone)}
    return {
        id_: read[id_] if id_ in read else sorted(found[number].values(), key=_sequence)
        for number, id_ in numbers.items()
    }


def _parent(row: Row) -> int:
    """The number of the record that a line item is of."""
    told = str(row.get("parent_id"))
    if not is_id(told):
        raise MalformedAnswer(f"A line item is answered as that of {told[:40]!r}, which is no id.")
    return id_number(told)


def _sequence(row: Row) -> int:
    return whole_number(row.get("sequence_no")) or 0


def _items(parents: Sequence[str], last: str | None) -> Statement:
    """Items from the last one on, which comes again: where it comes alone, there are no more."""
    listed = InList("parent_id", tuple(str(parse_id(each)) for each in parents))
    later = Comparison("id", ">", "0x0") if last is None else at(last)
    return Statement("LineItem", ("*",), ((listed, later),), order=("id",), limit=100)


def is_tax(name: str) -> bool:
    """Whether a wire name is that of a tax: ``tax1`` and so on."""
    return name.startswith("tax") and name[3:].isdecimal()


def decimal_of(value: object) -> Decimal | None:
    """A number of the CRM; None for a blank, and for what is none."""
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value)) or ZERO
    except InvalidOperation:
        return None


def _text(name: str, value: Decimal | int) -> str:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise InvalidValue(f"A line item's {name} must be a Decimal or an int, not {value!r}.")
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidValue(f"A line item's {name} must be a finite number, not {value!r}.")
    return format(Decimal(value), "f")
