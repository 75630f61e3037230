"""The people of the demo CRM and what they may see: users, groups, profiles, sharing."""

from __future__ import annotations

from ..engine import Engine
from ..engine.accounts import (
    HIDDEN_FIELD,
    HIDDEN_MODULE,
    HIDDEN_VALUE,
    READONLY_FIELD,
    READONLY_MODULE,
    UNDELETABLE_MODULE,
)


def add_people(engine: Engine) -> None:
    """Users, groups, profiles: an admin, a salesman, an admin in Euro, a restricted one."""
    accounts = engine.accounts
    store = engine.store
    users = engine.schema.modules["Users"]
    store.update(users, 1, {"first_name": "Ada", "userlabel": "Ada Administrator"})
    currency = engine.schema.modules["Currency"]
    store.insert(
        currency,
        store.new_number(currency),
        {
            "currency_name": "Euro",
            "currency_code": "EUR",
            "currency_symbol": "€",
            "conversion_rate": "0.91000",
            "currency_status": "Active",
            "defaultid": "0",
            "deleted": 0,
        },
    )
    accounts.add_user(
        "restricted",
        first_name="Rita",
        last_name="Restricted",
        time_zone="Europe/Berlin",
        date_format="dd-mm-yyyy",
        groups=[4],
    )
    accounts.add_user(
        "euro",
        admin=True,
        first_name="Émile",
        last_name="Euro",
        currency_id=2,
        time_zone="America/New_York",
        date_format="mm-dd-yyyy",
    )
    accounts.add_user(
        "sales",
        first_name="Samir",
        last_name="Seller",
        time_zone="Asia/Kolkata",
        groups=[2],
    )
    accounts.add_group("Team Berlin", "Everybody in Berlin")
    accounts.add_group("Größe Team", "O'Hara's")
    for module in ("Campaigns", "Leads", "PriceBooks", "PurchaseOrder", "Users", "Vendors"):
        accounts.restrict("restricted", HIDDEN_MODULE, module)
    for module in ("Products", "HelpDesk"):
        accounts.restrict("restricted", READONLY_MODULE, module)
    accounts.restrict("restricted", UNDELETABLE_MODULE, "Accounts")
    hidden = ("birthday", "cf_861", "department", "leadsource", "mobile")
    accounts.restrict("restricted", HIDDEN_FIELD, "Contacts", *hidden)
    for module in ("Quotes", "Invoice", "SalesOrder"):
        fields = ("discount_amount", "discount_percent")
        accounts.restrict("restricted", HIDDEN_FIELD, module, *fields)
    accounts.restrict("restricted", READONLY_FIELD, "Contacts", "cf_853", "email", "phone")
    accounts.restrict("restricted", HIDDEN_VALUE, "industry", "Banking", "Energy")
    accounts.set_private("HelpDesk")
