"""A package as `generate` would print it, small and by hand: a few fields of four modules.

Names and prefixes are those of the demo CRM, so the embedded CRM can answer for it.
"""

from typing import Any, ClassVar

from vtiger_orm.models import (
    Boolean,
    Choices,
    Currency,
    Date,
    DateTime,
    Email,
    Picklist,
    Record,
    Ref,
    Relation,
    String,
    field,
)
from vtiger_orm.models.queryset import QuerySet
from vtiger_orm.package import Package

package = Package(
    __name__,
    format=1,
    generator="0.1.0",
    dialect="webservice",
    version="8.0.0",
    modules={
        "Accounts": ("sample", "11"),
        "Campaigns": ("sample", "1"),
        "Contacts": ("sample", "12"),
        "Potentials": ("sample", "13"),
        "Users": ("sample", "19"),
        "Groups": ("sample", "20"),
    },
    capabilities={
        "precedence": "sql",
        "collation": "general_ci",
        "page_size": 100,
        "thinned_pages": False,
        "serialised_sessions": True,
    },
)

connect = package.connect
configure = package.configure


class Accounts(
    Record,
    package=package,
    module="Accounts",
    prefix="11",
    label_fields=("accountname",),
    relations=(Relation("contacts", label="Contacts", module="Contacts"),),
):
    objects: ClassVar[QuerySet[Any]]

    id: Ref["Accounts"] = field("Account Id", editable=False)
    account_id: Ref["Accounts"] | None = field("Member Of")
    accountname: String = field("Organization Name", mandatory=True)
    annual_revenue: Currency = field("Annual Revenue")
    assigned_user_id: Ref["Users | Groups"] | None = field("Assigned To", mandatory=True)
    modifiedtime: DateTime = field("Modified Time", editable=False)


class Contacts(
    Record,
    package=package,
    module="Contacts",
    prefix="12",
    label_fields=("firstname", "lastname"),
    relations=(Relation("campaigns", label="Campaigns", module="Campaigns"),),
):
    objects: ClassVar[QuerySet[Any]]

    class LeadSource(Picklist):
        COLD_CALL = "Cold Call"
        WEB_SITE = "Web Site"

    id: Ref["Contacts"] = field("Contact Id", editable=False)
    account_id: Ref["Accounts"] | None = field("Organization Name")
    assigned_user_id: Ref["Users | Groups"] | None = field("Assigned To", mandatory=True)
    birthday: Date = field("Date of Birth")
    createdtime: DateTime = field("Created Time", editable=False)
    donotcall: Boolean = field("Do Not Call")
    email: Email = field("Primary Email")
    firstname: String = field("First Name")
    lastname: String = field("Last Name", mandatory=True)
    leadsource: LeadSource | None = field("Lead Source")
    modifiedtime: DateTime = field("Modified Time", editable=False)


class Campaigns(
    Record, package=package, module="Campaigns", prefix="1", label_fields=("campaignname",)
):
    objects: ClassVar[QuerySet[Any]]

    id: Ref["Campaigns"] = field("Campaign Id", editable=False)
    campaignname: String = field("Campaign Name", mandatory=True)


class Potentials(
    Record, package=package, module="Potentials", prefix="13", label_fields=("potentialname",)
):
    objects: ClassVar[QuerySet[Any]]

    id: Ref["Potentials"] = field("Opportunity Id", editable=False)
    amount: Currency = field("Amount")
    closingdate: Date = field("Expected Close Date", mandatory=True)
    contact_id: Ref["Contacts"] | None = field("Contact Name")
    potentialname: String = field("Opportunity Name", mandatory=True)
    related_to: Ref["Accounts"] | None = field("Organization Name")


class Users(Record, package=package, module="Users", prefix="19", label_fields=("user_name",)):
    objects: ClassVar[QuerySet[Any]]

    id: Ref["Users"] = field("User Id", editable=False)
    last_name: String = field("Last Name", mandatory=True)
    user_name: String = field("User Name", mandatory=True)


class Groups(Record, package=package, module="Groups", prefix="20", label_fields=("groupname",)):
    objects: ClassVar[QuerySet[Any]]

    id: Ref["Groups"] = field("Group Id", editable=False)
    groupname: String = field("Group Name", mandatory=True)


__all__ = ["Accounts", "Choices", "Contacts", "Groups", "Potentials", "Users", "package"]
