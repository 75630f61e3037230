"""A small package written by hand in the form the generator prints, for tests and checkers."""

from typing import TYPE_CHECKING, ClassVar

from vtiger_orm.models import (
    Boolean,
    Choices,
    Currency,
    Date,
    DateTime,
    Integer,
    Picklist,
    Record,
    Ref,
    String,
    Text,
    Time,
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
        "Contacts": ("sample", "12"),
        "Users": ("sample", "19"),
        "Groups": ("sample", "20"),
    },
)


class Accounts(
    Record,
    package=package,
    module="Accounts",
    prefix="11",
    label_fields=("accountname",),
):
    """Organizations."""

    if TYPE_CHECKING:
        objects: ClassVar[QuerySet["Accounts"]]

    id: Ref["Accounts"] = field("Account Id", editable=False)
    accountname: String = field("Organization Name", mandatory=True, unique=True)
    assigned_user_id: Ref["Users | Groups"] | None = field("Assigned To", mandatory=True)


class Contacts(
    Record,
    package=package,
    module="Contacts",
    prefix="12",
    label="Contacts",
    label_fields=("firstname", "lastname"),
    secrets=("cf_password",),
):
    """People."""

    if TYPE_CHECKING:
        objects: ClassVar[QuerySet["Contacts"]]

    class Interests(Picklist):
        """Interests (`cf_877`)."""

        ABC = "ABC"
        abc = "abc"
        SECOND_PLACE = "2nd place"

    class LeadSource(Picklist):
        """Lead Source (`leadsource`)."""

        COLD_CALL = "Cold Call"
        WEB_SITE = "Web Site", "From the web"

    id: Ref["Contacts"] = field("Contact Id", editable=False)
    account_id: Ref["Accounts"] | None = field("Organization Name")
    amount: Currency = field("Amount")
    anything: Ref["Record"] | None = field("Related To")
    assigned_user_id: Ref["Users | Groups"] | None = field("Assigned To", mandatory=True)
    birthday: Date = field("Date of Birth")
    createdtime: DateTime = field("Created Time", editable=False)
    description: Text = field("Description")
    donotcall: Boolean = field("Do Not Call")
    firstname: String = field("First Name", length=40)
    imagename: String = field("Image", flaw="absent")
    interests: Choices[Interests] | None = field("Interests", wire="cf_877")
    lastname: String = field("Last Name", mandatory=True)
    leadsource: LeadSource | None = field("Lead Source")
    modifiedtime: DateTime = field("Modified Time", editable=False)
    points: Integer = field("Points", wire="cf_857")
    wakes_at: Time = field("Wakes At", wire="cf_881")


class Users(Record, package=package, module="Users", prefix="19", label_fields=("user_name",)):
    """Users."""

    id: Ref["Users"] = field("id", editable=False)
    user_name: String = field("User Name", mandatory=True)


class Groups(Record, package=package, module="Groups", prefix="20", label_fields=("groupname",)):
    """Groups of users."""

    id: Ref["Groups"] = field("id", editable=False)
    groupname: String = field("Group Name", mandatory=True)
