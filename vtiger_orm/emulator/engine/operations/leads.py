"""convertlead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import rows
from ..context import Context
from ..errors import CrmError, denied
from ..schema import Module
from ..store import CONVERTED, LIVE
from ..tables import quoted
from ..writing import Writer, is_blank

Row = dict[str, Any]

# Field of the lead -> field of the new record, as a fresh CRM maps them.
_MAPPING: Final[Mapping[str, Mapping[str, str]]] = {
    "Accounts": {
        "company": "accountname",
        "phone": "phone",
        "fax": "fax",
        "email": "email1",
        "website": "website",
        "industry": "industry",
        "rating": "rating",
        "noofemployees": "employees",
        "annualrevenue": "annual_revenue",
        "lane": "bill_street",
        "city": "bill_city",
        "state": "bill_state",
        "code": "bill_code",
        "country": "bill_country",
        "pobox": "bill_pobox",
        "description": "description",
    },
    "Contacts": {
        "salutationtype": "salutationtype",
        "firstname": "firstname",
        "lastname": "lastname",
        "designation": "title",
        "email": "email",
        "secondaryemail": "secondaryemail",
        "phone": "phone",
        "mobile": "mobile",
        "fax": "fax",
        "leadsource": "leadsource",
        "lane": "mailingstreet",
        "city": "mailingcity",
        "state": "mailingstate",
        "code": "mailingzip",
        "country": "mailingcountry",
        "pobox": "mailingpobox",
        "description": "description",
    },
    "Potentials": {
        "company": "potentialname",
        "leadsource": "leadsource",
        "description": "description",
    },
}
_ORDER: Final = ("Accounts", "Contacts", "Potentials")
_MISSING: Final = "????"


def convertlead(ctx: Context) -> dict[str, str] | None:
    """Make an organisation, a contact and a deal of a lead; the ids of what was made.

    An organisation of the same name is taken instead of a new one. Nothing to make is a
    success without a result.
    """
    element = ctx.document("element")
    module, number = ctx.record(element.get("leadId"))
    state = ctx.store.row("SELECT state FROM entity WHERE id = ?", (number,))
    if state is not None and state[0] == CONVERTED:
        raise CrmError("LEAD_ALREADY_CONVERTED", "Lead is already converted")
    wanted = element.get("entities")
    wanted = wanted if isinstance(wanted, Mapping) else {}
    if not (_is_wanted(wanted, "Accounts") or _is_wanted(wanted, "Contacts")):
        return None
    lead = rows.record(ctx, module, number, label=False)
    owner = element.get("assignedTo") or ctx.user.wire_id
    made: dict[str, str] = {}
    for name in _ORDER:
        if _is_wanted(wanted, name):
            made[name] = _make(ctx, wanted[name], lead, str(owner), made)
    ctx.store.set_state(module, number, CONVERTED)
    ctx.store.update(module, number, {"modifiedtime": ctx.now(), "modifiedby": ctx.user.number})
    return made


def _is_wanted(wanted: Mapping[str, Any], name: str) -> bool:
    entity = wanted.get(name)
    return isinstance(entity, Mapping) and bool(entity.get("create"))


def _make(
    ctx: Context, entity: Mapping[str, Any], lead: Row, owner: str, made: Mapping[str, str]
) -> str:
    name = str(entity.get("name") or "")
    if name not in ctx.schema.modules:
        raise denied(f" for name : {name}")
    module = ctx.module(name)
    given = {key: value for key, value in entity.items() if key in module.fields and value}
    if name == "Accounts":
        existing = _account(ctx, module, given.get("accountname"))
        if existing is not None:
            return existing
    values: Row = {"assigned_user_id": owner}
    for source, target in _MAPPING.get(name, {}).items():
        if lead.get(source) and target in module.fields:
            values[target] = lead[source]
    values.update(given)
    values.update(_links(name, made))
    values["isconvertedfromlead"] = "1"
    _complete(module, values)
    writer = Writer(ctx, module)
    writer.check_references(values)
    writer.check_mandatory(values)
    return f"{module.prefix}x{writer.insert(values)}"


def _account(ctx: Context, module: Module, name: object) -> str | None:
    if not name:
        return None
    row = ctx.store.row(
        f"SELECT id FROM {quoted(module.table)} WHERE accountname = ? AND _state = {LIVE}",
        (str(name),),
    )
    return f"{module.prefix}x{row[0]}" if row is not None else None


def _links(name: str, made: Mapping[str, str]) -> dict[str, str]:
    links = {}
    if name == "Contacts" and "Accounts" in made:
        links["account_id"] = made["Accounts"]
    if name == "Potentials":
        if "Accounts" in made:
            links["related_to"] = made["Accounts"]
        if "Contacts" in made:
            links["contact_id"] = made["Contacts"]
    return links


def _complete(module: Module, values: Row) -> None:
    """Mandatory fields that nobody gave: the first choice of a picklist, else question marks."""
    for field in module.fields.values():
        if field.mandatory and is_blank(values.get(field.name)):
            choices = field.raw["type"].get("picklistValues") or ()
            values[field.name] = choices[0]["value"] if choices else _MISSING
