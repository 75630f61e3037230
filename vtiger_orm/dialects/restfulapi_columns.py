"""Where the RestfulApi module finds the fields of standard modules: table and column.

Its filter pastes ``table.column`` into SQL, so a field that is not listed here is refused. The
tables are those that the module joins; the entity table is joined under the name ``CE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENTITY: Final[Mapping[str, str]] = {
    "id": "CE.crmid",
    "assigned_user_id": "CE.smownerid",
    "createdtime": "CE.createdtime",
    "modifiedtime": "CE.modifiedtime",
}
"""Fields of every module that has records of its own."""


def _same(table: str, names: str) -> dict[str, str]:
    """Fields whose column has their own name."""
    return {name: f"{table}.{name}" for name in names.split()}


_BILL: Final = "bill_street bill_city bill_state bill_code bill_country bill_pobox"
_SHIP: Final = "ship_street ship_city ship_state ship_code ship_country ship_pobox"

_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "Accounts": {
        **_same(
            "vtiger_account",
            "accountname account_no phone website fax tickersymbol otherphone email1 email2 "
            "employees ownership rating industry siccode emailoptout notify_owner "
            "isconvertedfromlead",
        ),
        "account_id": "vtiger_account.parentid",
        "accounttype": "vtiger_account.account_type",
        "annual_revenue": "vtiger_account.annualrevenue",
        **_same("vtiger_accountbillads", _BILL),
        **_same("vtiger_accountshipads", _SHIP),
    },
    "Contacts": {
        **_same(
            "vtiger_contactdetails",
            "contact_no firstname lastname phone mobile title department fax email secondaryemail "
            "donotcall emailoptout reference notify_owner isconvertedfromlead",
        ),
        "account_id": "vtiger_contactdetails.accountid",
        "contact_id": "vtiger_contactdetails.reportsto",
        "salutationtype": "vtiger_contactdetails.salutation",
        **_same(
            "vtiger_contactsubdetails",
            "homephone leadsource otherphone birthday assistant assistantphone",
        ),
        **_same(
            "vtiger_contactaddress",
            "mailingstreet mailingcity mailingstate mailingzip mailingcountry mailingpobox "
            "otherstreet othercity otherstate otherzip othercountry otherpobox",
        ),
    },
    "Leads": {
        **_same(
            "vtiger_leaddetails",
            "lead_no firstname lastname company email industry leadsource leadstatus rating "
            "designation noofemployees secondaryemail emailoptout",
        ),
        "annualrevenue": "vtiger_leaddetails.annualrevenue",
        "salutationtype": "vtiger_leaddetails.salutation",
        **_same("vtiger_leadaddress", "phone mobile fax lane city state code country pobox"),
        **_same("vtiger_leadsubdetails", "website"),
    },
    "Potentials": {
        **_same(
            "vtiger_potential",
            "potentialname potential_no amount closingdate nextstep leadsource sales_stage "
            "probability forecast_amount related_to contact_id campaignid",
        ),
        "opportunity_type": "vtiger_potential.potentialtype",
    },
    "HelpDesk": {
        **_same("vtiger_troubletickets", "ticket_no parent_id product_id contact_id hours days"),
        "ticket_title": "vtiger_troubletickets.title",
        "ticketstatus": "vtiger_troubletickets.status",
        "ticketpriorities": "vtiger_troubletickets.priority",
        "ticketseverities": "vtiger_troubletickets.severity",
        "ticketcategories": "vtiger_troubletickets.category",
    },
    "Products": {
        **_same(
            "vtiger_products",
            "productname product_no productcode discontinued productcategory manufacturer "
            "unit_price qtyinstock website vendor_id mfr_part_no vendor_part_no glacct usageunit "
            "qty_per_unit reorderlevel",
        ),
        "serial_no": "vtiger_products.serialno",
    },
    "Services": _same(
        "vtiger_service", "servicename service_no unit_price discontinued servicecategory website"
    ),
    "Vendors": _same(
        "vtiger_vendor",
        "vendorname vendor_no phone email website glacct category street city state postalcode "
        "country pobox",
    ),
    "Documents": {
        **_same(
            "vtiger_notes",
            "note_no filename folderid filelocationtype filestatus filesize filetype fileversion",
        ),
        "notes_title": "vtiger_notes.title",
    },
    "Campaigns": _same(
        "vtiger_campaign",
        "campaignname campaign_no campaigntype campaignstatus closingdate product_id sponsor "
        "targetaudience targetsize",
    ),
    "Project": _same(
        "vtiger_project",
        "projectname project_no startdate targetenddate actualenddate projectstatus projecttype "
        "projectpriority linktoaccountscontacts progress projecturl",
    ),
    "Quotes": {
        **_same("vtiger_quotes", "subject quote_no quotestage validtill carrier shipping"),
        "account_id": "vtiger_quotes.accountid",
        "contact_id": "vtiger_quotes.contactid",
        "potential_id": "vtiger_quotes.potentialid",
    },
    "SalesOrder": {
        **_same("vtiger_salesorder", "subject salesorder_no customerno duedate carrier sostatus"),
        "account_id": "vtiger_salesorder.accountid",
        "contact_id": "vtiger_salesorder.contactid",
        "potential_id": "vtiger_salesorder.potentialid",
        "quote_id": "vtiger_salesorder.quoteid",
    },
    "Invoice": {
        **_same("vtiger_invoice", "subject invoice_no invoicestatus invoicedate duedate"),
        "account_id": "vtiger_invoice.accountid",
        "contact_id": "vtiger_invoice.contactid",
        "salesorder_id": "vtiger_invoice.salesorderid",
    },
    "PurchaseOrder": {
        **_same(
            "vtiger_purchaseorder",
            "subject purchaseorder_no postatus duedate carrier tracking_no requisition_no",
        ),
        "contact_id": "vtiger_purchaseorder.contactid",
        "vendor_id": "vtiger_purchaseorder.vendorid",
    },
}


def column_of(module: str, field: str) -> str | None:
    """``table.column`` of a field by its wire name; None where it is not known."""
    return _COLUMNS.get(module, {}).get(field) or ENTITY.get(field)
