"""What is particular about writing records of some modules: one small policy a family.

A policy says which fields nobody can write, what is filled in or sent along, which rules there
are beside those of values (`rules.py`), and what the CRM's answer is not to be believed about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from ..._writes import Problem, Rule
from ...calls.operations import Create, Revise, Update
from ...calls.server import ServerFacts
from ...dialects.pdo_information import PDO_INFORMATION
from ...metadata.module import ModuleMeta
from ..changeset import Changeset
from ..line_items import LINE_ITEMS, are_apart, is_inventory, is_tax
from .policy import Policy, Wire


def _among(*names: str) -> Callable[[ModuleMeta], bool]:
    modules = frozenset(names)
    return lambda meta: meta.name in modules


# Events and tasks

_TASK: Final = "Task"
_TIMES: Final = frozenset({"date_start", "time_start", "due_date", "time_end"})


def check_activity_type(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """Tasks are Calendar, everything else is Events: a wrong type hides the record from both."""
    kind = wire.get("activitytype")
    if kind is None:
        return
    if change.meta.name == "Calendar" and kind != _TASK:
        yield Problem("activitytype", Rule.VALUE, f"a Calendar record is a {_TASK!r}.")
    if change.meta.name == "Events" and kind in (_TASK, "Emails"):
        message = f"{kind!r} is no event: tasks are records of Calendar, mails of Emails."
        yield Problem("activitytype", Rule.VALUE, message)


def _task_type(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    return {"activitytype": _TASK}


def _duration(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """The CRM asks for the duration of a new event and then computes it from its times."""
    if "duration_hours" not in change.meta.by_wire:
        return {}
    try:
        start = datetime.fromisoformat(f"{wire['date_start']} {wire['time_start']}")
        end = datetime.fromisoformat(f"{wire['due_date']} {wire['time_end']}")
    except (KeyError, ValueError):
        return {}
    return {"duration_hours": str(int((end - start).total_seconds() / 3600))}


def _reminder_needed(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    return ("reminder_time",) if not change.creates and _drops_reminders(facts) else ()


def _reminder_along(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    minutes = change.known_text("reminder_time") if _drops_reminders(facts) else None
    return {"reminder_time": minutes} if minutes and minutes != "0" else {}


def _reminder_in_seconds(wire: Wire, facts: ServerFacts) -> Wire:
    """Told in minutes, taken in seconds."""
    minutes = str(wire.get("reminder_time") or "")
    if not minutes.lstrip("-").isdecimal() or not _drops_reminders(facts):
        return {}
    return {"reminder_time": str(int(minutes) * 60)}


def _drops_reminders(facts: ServerFacts) -> bool:
    """A change that does not send the reminder removes it; measured for webservice.php."""
    return facts.dialect == "webservice"


_DURATIONS: Final = frozenset({"duration_hours", "duration_minutes"})


def _of_moments(wire: str) -> str | None:
    if wire in _TIMES:
        return "coreBOS drops what is sent for it and fills it from dtstart and dtend: set those."
    if wire in _DURATIONS:
        return "coreBOS counts it from dtstart and dtend, and wrongly."
    return None


# Quotes, orders and invoices

_OF_ITEMS: Final = re.compile(
    "quantity|listprice|comment|discount_amount|discount_percent|tax[0-9]+|reducedtaxrate|usageunit"
)
_ITEM_ANSWERS: Final = frozenset({"image", "margin", "purchase_cost"})
COUNTED: Final = frozenset(
    [
        *(LINE_ITEMS, PDO_INFORMATION, "hdnTaxType", "hdnDiscountAmount", "hdnDiscountPercent"),
        *("hdnS_H_Amount", "hdnS_H_Percent", "txtAdjustment", "currency_id", "conversion_rate"),
    ]
)
"""What the totals follow."""


def _of_items(wire: str) -> str | None:
    if _OF_ITEMS.fullmatch(wire) is None:
        return None
    return "it shows a line item, and the CRM drops what is sent for it: use record.crm.items."


def _not_of_the_header(wire: str) -> bool:
    return wire in _ITEM_ANSWERS or _OF_ITEMS.fullmatch(wire) is not None


def _items(change: Changeset, facts: ServerFacts) -> Wire:
    """The items, and the header's product that the CRM asks for."""
    if change.items is None or not change.writes_items:
        return {}
    if change.creates and not change.items:
        return {}  # what a new record lacks is told with all that it lacks
    items = change.items.to_wire()
    product = {"productid": items[0]["productid"]} if "productid" in change.meta.by_wire else {}
    return {LINE_ITEMS: items, **product}


def check_items(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    if change.creates and LINE_ITEMS not in wire and not are_apart(change.meta):
        yield Problem(
            "",
            Rule.MANDATORY,
            "it needs at least one line item: create(..., items=[LineItem(...)]) or "
            "record.crm.items.append(...).",
        )


def check_product(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """The header shows the product of the first item, whatever it is sent."""
    given = change.values.get("productid")
    items = wire.get(LINE_ITEMS)
    if items and given is not None and str(given) != items[0]["productid"]:
        yield Problem(
            "productid",
            Rule.READ_ONLY,
            f"productid={given}: it shows the product of the first line item, "
            f"{items[0]['productid']}, and the CRM keeps no other. Leave it out.",
        )


_TAX_TYPE: Final = "hdnTaxType"


def check_individual_tax(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What leaves a half-made record behind on Vtiger 8 with PHP 8."""
    if {**_tax_type(change, wire), **wire}.get(_TAX_TYPE) == "individual" and facts.php8_names:
        yield Problem(
            _TAX_TYPE,
            Rule.SERVER,
            f"{change.meta.name} with hdnTaxType='individual' cannot be written on this server: "
            "Vtiger 8.0 on PHP 8 fails half-way and leaves a record that can be neither read nor "
            "deleted. Use 'group'. Nothing was sent.",
        )


def _currency(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """The CRM's own default, which it does not apply itself: it would store currency 0."""
    each = change.meta.by_wire.get("currency_id")
    prefix = facts.prefixes.get("Currency")
    if each is None or not each.editable or prefix is None or not (each.default or "").isdecimal():
        return {}
    return {"currency_id": f"{prefix}x{each.default}"}


def _foreign_currency(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """A foreign currency and its rate, which some servers reset when items are written."""
    if LINE_ITEMS not in wire:
        return {}
    found: dict[str, str] = {}
    for name in ("currency_id", "conversion_rate"):
        each = change.meta.by_wire.get(name)
        text = change.known_text(name) if each is not None and each.editable else None
        if not text:
            return {}
        found[name] = text
    return found if float(found["conversion_rate"]) != 1 else {}


def _tax_type_needed(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    return (_TAX_TYPE,) if change.writes_items and not change.creates else ()


def _tax_type(change: Changeset, wire: Wire) -> Wire:
    """Whether taxes are those of the whole, or of each item: blank if it is not sent with them."""
    stored = "" if change.creates else change.known_text(_TAX_TYPE)
    return {_TAX_TYPE: stored} if LINE_ITEMS in wire and stored else {}


def _with_items(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    return {**_foreign_currency(change, wire, facts), **_tax_type(change, wire)}


def _unproved_inventory(change: Changeset, call: Create | Revise | Update) -> frozenset[str]:
    """The balance is computed after a create was answered; `update` answers no items; a status
    of orders that do not recur is repeated and not stored."""
    found = {"invoicestatus"} & call.values.keys() if change.meta.name == "SalesOrder" else set()
    if isinstance(call, Create):
        found |= {"balance"}
    if isinstance(call, Update) and LINE_ITEMS in call.values:
        found |= {"balance", LINE_ITEMS}
    return frozenset(found)


# Products and services


def _of_taxes(wire: str) -> str | None:
    if not is_tax(wire):
        return None
    return "the CRM drops what is sent for a tax of a product. Set it in the CRM."


def _unproved_prices(change: Changeset, call: Create | Revise | Update) -> frozenset[str]:
    """`update` repeats the taxes it was sent and answers prices in other currencies as 0."""
    if not isinstance(call, Update):
        return frozenset()
    return frozenset(
        name for name in change.meta.by_wire if is_tax(name) or re.fullmatch("currency[0-9]+", name)
    )


# Documents


def _of_a_document(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """A new document is active: the CRM stores 0 where nothing is sent, and lists it nowhere.

    With a file the title defaults to its name; ``I`` says that it is kept in the CRM.
    """
    filled = {"filestatus": "1"}
    if change.file is not None:
        filled |= {"notes_title": change.file.filename, "filelocationtype": "I"}
    return {name: value for name, value in filled.items() if name in change.meta.by_wire}


POLICIES: Final = (
    Policy(
        family="activities",
        covers=_among("Calendar", "Events"),
        checks=(check_activity_type,),
        loose=frozenset({"contact_id"}),
        computed={"duration_hours": _TIMES, "duration_minutes": _TIMES},
    ),
    Policy(
        family="activities of coreBOS",
        covers=_among("cbCalendar"),
        read_only=_of_moments,
        computed={
            **dict.fromkeys(("date_start", "time_start"), frozenset({"dtstart"})),
            **dict.fromkeys(("due_date", "time_end"), frozenset({"dtend"})),
            **dict.fromkeys(_DURATIONS, frozenset({"dtstart", "dtend"})),
        },
    ),
    Policy(family="tasks", covers=_among("Calendar"), fills=_task_type),
    Policy(
        family="events",
        covers=_among("Events"),
        fills=_duration,
        needs=_reminder_needed,
        along=_reminder_along,
        spelt=_reminder_in_seconds,
        zero_is_blank=frozenset({"reminder_time"}),
    ),
    Policy(
        family="inventory",
        covers=is_inventory,
        checks=(check_items, check_product, check_individual_tax),
        read_only=_of_items,
        given=_items,
        fills=_currency,
        needs=_tax_type_needed,
        along=_with_items,
        unproved=_unproved_inventory,
        foreign=_not_of_the_header,
        computed=dict.fromkeys(
            ("hdnSubTotal", "hdnGrandTotal", "pre_tax_total", "balance"), COUNTED
        ),
        loose=frozenset({"productid"}),
        wanted=frozenset({"currency_id"}),
    ),
    Policy(
        family="goods",
        covers=_among("Products", "Services"),
        read_only=_of_taxes,
        unproved=_unproved_prices,
    ),
    Policy(
        family="opportunities",
        covers=_among("Potentials"),
        computed={"forecast_amount": frozenset({"amount", "probability"})},
    ),
    Policy(
        family="documents",
        covers=_among("Documents"),
        fills=_of_a_document,
        defaults=frozenset({"folderid"}),
    ),
)
