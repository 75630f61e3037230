"""The registered operations of the web services and how each is called.

``webservice.php`` reads the parameters of a GET operation only from the URL and those of a POST
operation only from the body, whatever the method of the request is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..profiles import Profile


@dataclass(frozen=True, slots=True)
class Registered:
    """One row of the server's table of operations."""

    method: Literal["GET", "POST"]
    parameters: tuple[str, ...] = ()
    cloud_only: bool = False
    before_login: bool = False


OPERATIONS: Final[dict[str, Registered]] = {
    "login": Registered("POST", ("username", "accessKey"), before_login=True),
    "getchallenge": Registered("GET", ("username",), before_login=True),
    "extendsession": Registered("POST", before_login=True),
    "logout": Registered("POST"),
    "listtypes": Registered("GET", ("fieldTypeList",)),
    "describe": Registered("GET", ("elementType",)),
    "create": Registered("POST", ("elementType", "element")),
    "retrieve": Registered("GET", ("id",)),
    "update": Registered("POST", ("element",)),
    "revise": Registered("POST", ("element",)),
    "delete": Registered("POST", ("id",)),
    "query": Registered("GET", ("query",)),
    "sync": Registered("GET", ("modifiedTime", "elementType", "syncType")),
    "convertlead": Registered("POST", ("element",)),
    "relatedtypes": Registered("GET", ("elementType",)),
    "retrieve_related": Registered("GET", ("id", "relatedType", "relatedLabel")),
    "query_related": Registered("GET", ("query", "id", "relatedLabel")),
    "add_related": Registered("POST", ("sourceRecordId", "relatedRecordId", "relationIdLabel")),
    "retrieve_inventory": Registered("GET", ("id",)),
    "mobile.saverecord": Registered("POST", ("module", "record", "values")),
    "files_retrieve": Registered("GET", ("id",)),
    "me": Registered("GET", cloud_only=True),
    "decrypt": Registered("GET", ("id", "fieldname"), cloud_only=True),
    "delete_related": Registered("POST", ("sourceRecordId", "relatedRecordId"), cloud_only=True),
    "reopen": Registered("POST", ("id",), cloud_only=True),
    "tags_add": Registered("POST", ("id", "tags"), cloud_only=True),
    "tags_retrieve": Registered("GET", ("id",), cloud_only=True),
    "tags_delete": Registered("POST", ("id", "tags", "delete_all"), cloud_only=True),
    "lookup": Registered("GET", ("type", "value", "searchIn"), cloud_only=True),
    "get_account_hierarchy": Registered("GET", ("id",), cloud_only=True),
    "picklist_dependency": Registered(
        "GET", ("module", "sourcefield", "targetfield"), cloud_only=True
    ),
    "add_picklist": Registered("POST", ("elementType", "element"), cloud_only=True),
    "edit_picklist": Registered("POST", ("elementType", "element"), cloud_only=True),
    "delete_picklist": Registered("POST", ("elementType", "element"), cloud_only=True),
    "editionlimits": Registered("GET", ("serviceName",), cloud_only=True),
}

COREBOS: Final[dict[str, Registered]] = {
    "createwithvalidation": Registered("POST", ("elementType", "element")),
    "getpicklistvalues": Registered("POST", ("module",)),
    "getreferencevalue": Registered("POST"),
    "getrelatedmodulesinfomation": Registered("POST", ("module",)),
    "getrelatedmodulesmanytoone": Registered("GET", ("module",)),
    "getrelatedmodulesonetomany": Registered("GET", ("module",)),
    "getrelatedrecords": Registered("POST", ("id", "module", "relatedModule", "queryParameters")),
    "getsearchresults": Registered("POST"),
    "masscreate": Registered("POST", ("elements",)),
    "massdelete": Registered("POST", ("ids",)),
    "massretrieve": Registered("POST", ("ids",)),
    "massupdate": Registered("POST", ("elements",)),
    "retrievedocattachment": Registered("POST", ("id", "returnfile")),
    "revisewithvalidation": Registered("POST", ("element",)),
    "setrelation": Registered("POST", ("relate_this_id", "with_these_ids")),
    "showqueryfromwsdoquery": Registered("GET", ("query",)),
    "unsetrelation": Registered("POST", ("unrelate_this_id", "with_these_ids")),
    "updatewithvalidation": Registered("POST", ("element",)),
    "upsert": Registered("POST", ("elementType", "element", "searchOn", "updatedfields")),
    "validateinformation": Registered("POST", ("context",)),
}
"""What coreBOS has besides, or in place of, the operations of Vtiger."""

_SHARED_WITH_COREBOS: Final = frozenset(
    {
        *("login", "getchallenge", "extendsession", "logout", "listtypes", "describe", "create"),
        *("retrieve", "update", "revise", "delete", "query", "sync", "convertlead"),
    }
)

ALIASES: Final = {"tag_delete": "tags_delete"}
"""Names the manuals use besides the registered one."""


def registered(operation: str, profile: Profile) -> Registered | None:
    """The operation of that lower-case name on such a server, or None when it has none."""
    if profile.operations == "corebos":
        shared = operation in _SHARED_WITH_COREBOS
        return OPERATIONS[operation] if shared else COREBOS.get(operation)
    found = OPERATIONS.get(operation)
    if found is None or (found.cloud_only and not profile.cloud):
        return None
    return None if operation in profile.unknown else found
