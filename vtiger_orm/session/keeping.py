"""Line items that a change of their quote, order or invoice must not cost.

The RestfulApi module deletes them unless it is told not to, in a way that only a change itself can
show to work. So the first change of a session to a record that has something to lose goes alone:
items and totals are read before it and after it. Once they were kept the server is trusted; where
they were lost, that one error tells what the record had, and no other one is changed, by no other
session of this process either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final
from weakref import WeakKeyDictionary

from .._dataclass import dataclass
from ..calls.environment import Knowledge
from ..calls.gates import gate_of
from ..calls.operations import Call, Criterion, Listing, Revise, Row
from ..calls.outcome import Fate, Outcome, outcome_of
from ..dialects.restfulapi_columns import ITEM_MODULES
from ..errors import NEVER_LEFT, BeingSaved, ItemsLost, NotSupported, VtigerError
from .effects import Conversation, Enter
from .schema import PackageSchema
from .settings import Connection

Perform = Callable[[Call[object]], Conversation[object]]

_MOST_ITEMS: Final = 1000
_TOTALS: Final = ("hdnSubTotal", "hdnGrandTotal")
_ITEM: Final = ("quantity", "listprice", "comment", "discount_percent", "discount_amount")
_GOODS: Final = frozenset({"Products", "Services"})
_TAXES: Final = ("tax1", "tax2", "tax3")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a record could lose."""

    module: str
    id: str
    items: Sequence[Row] = ()
    totals: tuple[tuple[str, str], ...] = ()
    """Of those that are not 0."""

    def __bool__(self) -> bool:
        return bool(self.items or self.totals)

    def lost(self, now: Belongings) -> bool:
        """Whether items, or every total, are gone since."""
        return len(now.items) < len(self.items) or bool(self.totals and not now.totals)


@dataclass(slots=True)
class Experience:
    """What changes have shown of one server."""

    loses: bool = False
    """Whether it has deleted line items by a change."""
    open: Belongings | None = None
    """Of a record that was changed and could not be read again yet."""


_experiences: Final[dict[str, Experience]] = {}
"""By address, for as long as the process lives."""
_elsewhere: Final[WeakKeyDictionary[Knowledge, Experience]] = WeakKeyDictionary()
"""Of sessions that have a network of their own, where the address says nothing."""


def experience_of(connection: Connection) -> Experience:
    if connection.network:
        return _elsewhere.setdefault(connection.knowledge, Experience())
    return _experiences.setdefault(connection.url, Experience())


class Keeping:
    """How a session changes records that have line items, where that may cost the items."""

    def __init__(self, connection: Connection) -> None:
        self._knowledge: Final = connection.knowledge
        self._server: Final = experience_of(connection)
        self._place: Final = connection.url, connection.network
        package = connection.package
        self._prefixes: Final[Mapping[str, str]] = package.prefixes if package is not None else {}

    @property
    def _proved(self) -> bool:
        return self._knowledge.keeps_items and not self._server.loses

    def risks(self, call: Revise, connection: Connection) -> str | None:
        """The module of a record whose items the change may cost; None where it cannot."""
        package = connection.package
        withheld = connection.read_only or connection.dry_run
        if connection.dialect != "restfulapi" or package is None or withheld:
            return None
        module = PackageSchema(package).module_of(call.id)
        return module if module in ITEM_MODULES else None

    def change(self, call: Revise, module: str, perform: Perform) -> Conversation[object]:
        """Perform the change; one at a time until the server has shown that it keeps items.

        Raises `ItemsLost` where it did not, with an `outcome` that says that it took place, and
        `NotSupported` for every change after that one.
        """
        if self._proved:
            return (yield from perform(call))
        gate = gate_of("line items", *self._place)
        entered = yield Enter(gate)
        try:
            if not entered and not self._proved and not self._server.loses:
                raise _busy(module, str(call.id))
            before = yield from self._asked(call, module, perform)
            if not before:
                return (yield from perform(call))
            return (yield from self._tried(call, before, perform))
        finally:
            if entered:
                gate.leave()

    def _asked(self, call: Revise, module: str, perform: Perform) -> Conversation[Belongings]:
        """What the change may cost. Whatever is raised here, the change itself never left."""
        try:
            if (before := self._server.open) is not None:
                yield from self._settle(before, perform)
            if self._server.loses:
                raise _refused(module, str(call.id))
            if self._proved:
                return Belongings(module, str(call.id))
            return (yield from _belongings(module, str(call.id), perform))
        except ItemsLost:
            raise
        except VtigerError as error:
            error.outcome = outcome_of(error)._replace(fate=Fate.NEVER_LEFT, until=None)
            raise

    def _tried(self, call: Revise, before: Belongings, perform: Perform) -> Conversation[object]:
        failure: VtigerError | None = None
        reply: object = None
        try:
            reply = yield from perform(call)
        except VtigerError as error:
            if outcome_of(error).undone:
                raise
            failure = error
        self._server.open = before
        try:
            yield from self._settle(before, perform)
        except ItemsLost:
            raise
        except VtigerError as error:
            raise failure or _done(error) from None
        if failure is not None:
            raise failure
        return reply

    def _settle(self, before: Belongings, perform: Perform) -> Conversation[None]:
        """What became of a record that was changed. Raises `ItemsLost`, once."""
        now = yield from _belongings(before.module, before.id, perform)
        self._server.open = None
        if before.lost(now):
            self._server.loses = True
            raise _lost((yield from _named(before, self._prefixes, perform)))
        self._knowledge.keeps_items = True


def _belongings(module: str, id_: str, perform: Perform) -> Conversation[Belongings]:
    asked = Listing(module, (Criterion("id", "=", id_),), length=_MOST_ITEMS)
    reply = yield from perform(asked)
    rows = [row for row in reply if isinstance(row, dict)] if isinstance(reply, list) else []
    items = [
        {name: row[name] for name in ("productid", *_ITEM, *_TAXES) if name in row}
        for row in rows
        if _number(row.get("quantity"))
    ]
    first: Row = rows[0] if rows else {}
    totals = [(name, str(first.get(name) or "")) for name in _TOTALS]
    return Belongings(
        module, id_, items, tuple((name, text) for name, text in totals if _number(text))
    )


def _named(
    lost: Belongings, prefixes: Mapping[str, str], perform: Perform
) -> Conversation[Belongings]:
    """The same with ids of products and services, as far as the server tells which they are."""
    told: dict[str, str] = {}
    for number in {_bare(item.get("productid")) for item in lost.items} - {""}:
        for module in _GOODS & prefixes.keys():
            id_ = f"{prefixes[module]}x{number}"
            try:
                rows = yield from perform(Listing(module, (Criterion("id", "=", id_),), length=1))
            except VtigerError:
                continue  # what was lost is told all the same
            if rows:
                told[number] = id_
    items = [
        {**item, "productid": told.get(n := _bare(item.get("productid")), n)} for item in lost.items
    ]
    return replace(lost, items=items)


def _bare(reference: object) -> str:
    return str(reference or "").rpartition("x")[2]


def _number(value: object) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)


def _lost(before: Belongings) -> ItemsLost:
    what = [
        f"{item.get('quantity')} of record {item.get('productid')} at {item.get('listprice')}"
        for item in before.items
    ]
    what += [f"{name} {text}" for name, text in before.totals]
    error = ItemsLost(
        f"{before.module} {before.id} was written, and the server has deleted its line items or "
        f"set its totals to 0: this RestfulApi module ignores ajxaction=DETAILVIEW. Lost: "
        f"{'; '.join(what)}. They are in the error's `items` and `totals`: put them back in the "
        "CRM, or by a session over webservice.php (record.crm.items, then save). This program "
        f"changes no other record of {', '.join(sorted(ITEM_MODULES))} through that module."
    )
    error.items, error.totals = before.items, dict(before.totals)
    error.outcome = Outcome(Fate.UNKNOWN)
    return error


def _refused(module: str, id_: str) -> NotSupported:
    return NotSupported(
        f"{module} {id_} was not changed: an earlier change of this program has shown that this "
        "server deletes line items by it (ItemsLost). Change such records over webservice.php, or "
        "have the RestfulApi module mended and start the program again. Nothing was sent."
    )


def _busy(module: str, id_: str) -> BeingSaved:
    """For blocking code within an event loop, which cannot wait for what goes on in it."""
    error = BeingSaved(
        f"{module} {id_} was not changed: another task is just finding out whether this server "
        "keeps line items. Save it again afterwards, best with asave(). Nothing was sent."
    )
    error.outcome = NEVER_LEFT
    return error


def _done(error: VtigerError) -> VtigerError:
    """The error of the reading, which says nothing of the change itself."""
    error.outcome = outcome_of(error)._replace(fate=Fate.UNKNOWN, missing=False)
    error.args = (
        f"{error} The change was sent and answered; whether it cost the record its line items is "
        "looked up before this session changes another one.",
    )
    return error
