"""What is particular about writing to servers of some kinds, as policies.

Which writes a kind of server answers by damage, `metadata/server.py` knows. They are refused
unsent; what loses something, but is done, is sent where the damage is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..._writes import Problem, Rule
from ...calls.server import ServerFacts
from ...metadata.kinds import Family
from ...metadata.server import Hazard, ServerFamily
from ..changeset import Changeset
from ..line_items import is_inventory
from ..rules import SINGLE_ITEMS, check_single_item
from .policy import Policy, Wire

_ESCAPED: Final = re.compile(r"\\u[0-9A-Fa-f]{4}")


def check_escaped_text(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    r"""A text with ``\uXXXX`` in it, on servers that replace that before they read the JSON."""
    reason = facts.server.refusal(Hazard.ESCAPED_TEXT)
    if reason is None:
        return
    for name, value in wire.items():
        if isinstance(value, str) and _ESCAPED.search(value):
            each = change.meta.by_wire.get(name)
            attribute = each.name if each is not None else name
            message = (
                f"{attribute} has {Hazard.ESCAPED_TEXT} in it, which {facts.server} cannot be "
                f"sent: {reason}. Nothing was sent."
            )
            yield Problem(attribute, Rule.SERVER, message)


def check_update(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """`update` where it empties what is not sent."""
    if change.by_update:
        yield from _hazardous(change, facts, Hazard.UPDATE, "save() without operation='update'")


def check_damaged_items(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """Quotes, orders and invoices where the server refuses them, or loses items or totals."""
    if change.creates:
        reason = facts.server.refusal(Hazard.CREATE_INVENTORY)
        if reason is not None:
            message = (
                f"{change.meta.name} cannot be created on {facts.server} over the API: {reason}. "
                "Create it in the CRM. Nothing was sent."
            )
            yield Problem("", Rule.SERVER, message)
    elif change.writes_items:
        yield from _hazardous(change, facts, Hazard.REPLACE_ITEMS, "changing the items in the CRM")
    else:
        yield from _hazardous(change, facts, Hazard.CHANGE_HEADER, "save(rebuild_items=True)")


def check_item(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """A single item. Its `update` is never sent: it fails once it is done, and F-RevoCRM takes the
    other items of the record away by it."""
    if change.by_update or not change.accepts_damage:
        yield from check_single_item(change.meta)


def damages(change: Changeset, facts: ServerFacts) -> bool:
    """Whether this kind of server loses something by the change."""
    hazards = [Hazard.UPDATE] if change.by_update else []
    if is_inventory(change.meta):
        hazards.append(Hazard.REPLACE_ITEMS if change.writes_items else Hazard.CHANGE_HEADER)
    return change.meta.name in SINGLE_ITEMS or any(
        facts.server.refusal(each) is not None for each in hazards
    )


def _hazardous(
    change: Changeset, facts: ServerFacts, hazard: Hazard, instead: str
) -> Iterator[Problem]:
    reason = facts.server.refusal(hazard)
    if reason is None or change.accepts_damage:
        return
    message = (
        f"{change.meta.name} {change.id} is not written, since {facts.server} damages records by "
        f"{hazard}: {reason}. The way without damage: {instead}. save(accept_damage=True) sends "
        "it all the same and tells what was lost. Nothing was sent."
    )
    yield Problem("", Rule.SERVER, message)


def _is_corebos(facts: ServerFacts) -> bool:
    return facts.server.family is ServerFamily.COREBOS


def _blank_dates(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """Dates that nobody gave, as blanks: coreBOS puts today into those that are left out."""
    if not _is_corebos(facts):
        return {}
    fields = change.meta.fields.values()
    return {each.wire: "" for each in fields if each.family is Family.DATE and each.editable}


POLICIES: Final = (
    Policy(
        family="servers",
        covers=lambda meta: True,
        checks=(check_escaped_text, check_update),
        fills=_blank_dates,
    ),
    Policy(
        family="documents of coreBOS",
        covers=lambda meta: meta.name == "Documents",
        replaces=_is_corebos,
    ),
    Policy(family="servers, items", covers=is_inventory, checks=(check_damaged_items,)),
    Policy(
        family="single items",
        covers=lambda meta: meta.name in SINGLE_ITEMS,
        checks=(check_item,),
    ),
)
