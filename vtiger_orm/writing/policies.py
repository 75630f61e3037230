"""What is particular about writing records of some modules: one small policy a family, in a table.

A policy says which fields nobody can write, what is filled in or sent along, which rules there
are beside those of values (`rules.py`), and what the CRM's answer is not to be believed about.
Those of kinds of servers are in `families.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from ..calls.operations import Create, Revise, Update
from ..calls.server import ServerFacts
from ..dialects.pdo_information import PDO_INFORMATION
from ..metadata.module import FieldMeta, ModuleMeta
from . import families, items_apart
from .changeset import Changeset
from .line_items import LINE_ITEMS, are_apart, is_inventory
from .over_restfulapi import (
    check_prices,
    description_along,
    description_needed,
    totals,
    totals_needed,
)
from .policy import Policy, Wire
from .rules import Problem, Rule


@lru_cache(maxsize=256)
def policies_of(meta: ModuleMeta) -> tuple[Policy, ...]:
    """The policies that hold for a module."""
    return tuple(policy for policy in POLICIES if policy.covers(meta))


def is_writable(meta: ModuleMeta, each: FieldMeta) -> bool:
    """Whether the CRM takes a value for the field."""
    return each.editable and why_read_only(meta, each.wire) is None


def why_read_only(meta: ModuleMeta, wire: str) -> str | None:
    """Why nobody can write a field that the CRM calls editable; None where one can."""
    reasons = (policy.read_only(wire) for policy in policies_of(meta))
    return next((reason for reason in reasons if reason), None)


def _among(*names: str) -> Callable[[ModuleMeta], bool]:
    modules = frozenset(names)
    return lambda meta: meta.name in modules


# Every module


def check_read_only(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """Fields that are called editable, and whose values the CRM drops without a word."""
    for name in wire:
        reason = why_read_only(change.meta, name)
        if reason is not None:
            attribute = change.meta.by_wire[name].name if name in change.meta.by_wire else name
            yield Problem(attribute, Rule.READ_ONLY, f"{attribute} cannot be written: {reason}")


def _of_the_crm(wire: str) -> str | None:
    if wire in ("modifiedby", "creator"):
        return "the CRM puts the session's user there, whatever is sent."
    return None


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


_MOMENTS: Final = frozenset({"date_start", "time_start", "due_date", "time_end"})
_DURATIONS: Final = frozenset({"duration_hours", "duration_minutes"})


def _of_moments(wire: str) -> str | None:
    if wire in _MOMENTS:
        return "coreBOS drops what is sent for it and fills it from dtstart and dtend: set those."
    if wire in _DURATIONS:
        return "coreBOS counts it from dtstart and dtend, and wrongly."
    return None


# Quotes, orders and invoices

_OF_ITEMS: Final = re.compile(
    "quantity|listprice|comment|discount_amount|discount_percent|tax[0-9]+|reducedtaxrate|usageunit"
)
_ITEM_ANSWERS: Final = frozenset({"image", "margin", "purchase_cost"})
_COUNTED: Final = frozenset(
    [
        *(
            LINE_ITEMS,
            PDO_INFORMATION,
            "hdnTaxType",
            "hdnDiscountAmount",
            "hdnDiscountPercent",
            "txtAdjustment",
        ),
        *("hdnS_H_Amount", "hdnS_H_Percent", "currency_id", "conversion_rate"),
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
    again = are_apart(change.meta) and items_apart.resends_items(change)
    if change.items is None or not (change.writes_items or again):
        return {}
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


def check_individual_tax(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What leaves a half-made record behind on Vtiger 8 with PHP 8."""
    if wire.get("hdnTaxType") == "individual" and facts.php8_names:
        yield Problem(
            "hdnTaxType",
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


def _is_tax(wire: str) -> bool:
    return wire.startswith("tax") and wire[3:].isdecimal()


def _of_taxes(wire: str) -> str | None:
    if not _is_tax(wire):
        return None
    return "the CRM drops what is sent for a tax of a product. Set it in the CRM."


def _unproved_prices(change: Changeset, call: Create | Revise | Update) -> frozenset[str]:
    """`update` repeats the taxes it was sent and answers prices in other currencies as 0."""
    if not isinstance(call, Update):
        return frozenset()
    return frozenset(
        name
        for name in change.meta.by_wire
        if _is_tax(name) or re.fullmatch("currency[0-9]+", name)
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
        family="records",
        covers=lambda meta: True,
        checks=(check_read_only,),
        read_only=_of_the_crm,
    ),
    Policy(
        family="descriptions over RestfulApi",
        covers=lambda meta: "description" in meta.by_wire,
        fresh=description_needed,
        along=description_along,
    ),
    Policy(
        family="items over RestfulApi",
        covers=is_inventory,
        checks=(check_prices,),
        needs=totals_needed,
        spelt=totals,
    ),
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
        checks=(check_items, check_individual_tax),
        read_only=_of_items,
        given=_items,
        fills=_currency,
        along=_foreign_currency,
        unproved=_unproved_inventory,
        foreign=_not_of_the_header,
        computed=dict.fromkeys(
            ("hdnSubTotal", "hdnGrandTotal", "pre_tax_total", "balance"), _COUNTED
        ),
        loose=frozenset({"productid"}),
        wanted=frozenset({"currency_id"}),
    ),
    Policy(
        family="inventory of coreBOS",
        covers=are_apart,
        checks=(items_apart.check_apart,),
        needs=items_apart.header_needed,
        along=items_apart.header_along,
        spelt=items_apart.spelt,
        unproved=items_apart.unproved,
        computed=dict.fromkeys(items_apart.COMPUTED, _COUNTED),
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
    Policy(family="documents", covers=_among("Documents"), fills=_of_a_document),
    *families.POLICIES,
)
"""Every policy, the general one first."""
