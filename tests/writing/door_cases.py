"""Values that break each rule of writing, for `test_door`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from generated.demo import Accounts, Contacts, Events, Products, Quotes
from generated.demo import LineItem as Items
from vtiger_orm import LineItem
from vtiger_orm._writes import Rule
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.server import Server, ServerFamily

DAY = date(2026, 1, 2)

VALID: Mapping[type[Any], dict[str, Any]] = {
    Contacts: {"lastname": "Valid"},
    Events: {
        "subject": "meeting",
        "date_start": DAY,
        "due_date": DAY,
        "time_start": time(9),
        "time_end": time(10),
        "eventstatus": Events.Eventstatus("Planned"),
        "activitytype": Events.ActivityType("Call"),
    },
    Items: {"parent_id": Quotes.ref(f"{Quotes.meta.prefix}x1"), "sequence_no": 9},
    Products: {"productname": "Chair"},
    Quotes: {
        "subject": "Offer",
        "quotestage": Quotes.QuoteStage("Created"),
        "account_id": Accounts.ref(f"{Accounts.meta.prefix}x1"),
        "bill_street": "a",
        "ship_street": "b",
    },
}
"""What a new record of a module needs."""


@dataclass(frozen=True)
class Case:
    """Values that break a rule."""

    model: type[Any]
    values: dict[str, Any]
    ways: str = "all"
    """``creates`` and ``changes`` where only those can break it, ``update`` for that way."""
    patch: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Attribute -> facts of the field that the demo CRM does not have."""
    closed: bool = False
    """The user may write nothing in the module."""
    server: Server | None = None
    """Another kind of server."""
    dialect: str | None = None
    """Another way to the server."""
    stored: str = ""
    """The description of the record that is changed."""


CASES: Mapping[Rule | str, Case] = {
    Rule.MODULE: Case(Contacts, {"department": "IT"}, closed=True),
    Rule.MANDATORY: Case(Contacts, {"lastname": None}),
    Rule.READ_ONLY: Case(Contacts, {"contact_no": "CON1"}),
    Rule.VALUE: Case(Contacts, {"birthday": "soon"}),
    Rule.PICKLIST: Case(Contacts, {"leadsource": Contacts.LeadSource("Unheard of")}),
    Rule.DEPENDENCY: Case(
        Contacts,
        {
            "salutationtype": "Mr.",
            "leadsource": Contacts.LeadSource("Cold Call"),
        },
    ),
    Rule.REFERENCE: Case(Contacts, {"contact_id": f"{Accounts.meta.prefix}x5"}),
    Rule.LENGTH: Case(Contacts, {"firstname": "x" * 11}, patch={"firstname": {"length": 10}}),
    Rule.EMAIL: Case(Contacts, {"email": "nobody"}),
    Rule.RANGE: Case(Contacts, {"class_": 2**31}),
    Rule.CHARACTERS: Case(Contacts, {"firstname": "😀"}),
    Rule.SERVER: Case(Quotes, {"hdnTaxType": Quotes.HdnTaxType("individual")}),
    "check_read_only": Case(Contacts, {"modifiedby": "19x999"}),
    "check_activity_type": Case(Events, {"activitytype": Events.ActivityType("Task")}),
    "check_items": Case(Quotes, {"subject": "Without items"}, ways="creates"),
    "check_product": Case(
        Quotes,
        {
            "items": [LineItem(f"{Products.meta.prefix}x1", 2)],
            "productid": f"{Products.meta.prefix}x2",
        },
        ways="creates",
    ),
    "check_individual_tax": Case(Quotes, {"hdnTaxType": Quotes.HdnTaxType("individual")}),
    "check_escaped_text": Case(
        Contacts,
        {"firstname": r"C:\u00e9"},
        server=Server.known(ServerFamily.VTIGER, "8.3.0"),
    ),
    "check_update": Case(
        Contacts,
        {"firstname": "x"},
        ways="update",
        server=Server.known(ServerFamily.BERLICRM, "6.5.0"),
    ),
    "check_damaged_items": Case(
        Quotes, {"subject": "Changed"}, server=Server.known(ServerFamily.FREVOCRM, "8.0.3")
    ),
    "check_item": Case(Items, {"quantity": 7}),
    "check_stale_totals": Case(Quotes, {"txtAdjustment": 3}, ways="changes"),
    "check_apart": Case(
        Quotes,
        {"items": [LineItem(f"{Products.meta.prefix}x1", 2)]},
        ways="creates",
        patch={"pre_tax_total": {"wire": "pl_gross_total", "flaw": Flaw.DENIED}},
    ),
    "check_prices": Case(
        Quotes,
        {"items": [LineItem(f"{Products.meta.prefix}x1", 2)]},
        ways="creates",
        dialect="restfulapi",
    ),
    "check_totals": Case(Quotes, {"txtAdjustment": 3}, ways="changes", dialect="restfulapi"),
    "check_description": Case(
        *(Contacts, {"firstname": "x"}, "changes"), dialect="restfulapi", stored="\t<p>1</p>"
    ),
    "check_untold": Case(Contacts, {"tags": "one"}, dialect="restfulapi"),
}
