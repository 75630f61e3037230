"""coreBOS: the operations that it has, in place of those of Vtiger, and its ways with records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..context import Context
from ..operations import types
from . import convert, documents, mass, query, records, related, sync, upsert, validate

OPERATIONS: Final[Mapping[str, Callable[[Context], Any]]] = {
    "convertlead": convert.convertlead,
    "create": records.create,
    "delete": records.delete,
    "describe": types.describe,
    "getpicklistvalues": validate.picklist_values,
    "getrelatedmodulesinfomation": related.modules_information,
    "getrelatedmodulesmanytoone": related.many_to_one,
    "getrelatedmodulesonetomany": related.one_to_many,
    "getrelatedrecords": related.records,
    "listtypes": types.listtypes,
    "masscreate": mass.create,
    "massdelete": mass.delete,
    "massretrieve": mass.retrieve,
    "massupdate": mass.update,
    "query": query.query,
    "retrieve": records.retrieve,
    "retrievedocattachment": documents.contents,
    "revise": records.revise,
    "createwithvalidation": validate.create,
    "revisewithvalidation": validate.revise,
    "setrelation": related.relate,
    "sync": sync.sync,
    "unsetrelation": related.unrelate,
    "update": records.update,
    "updatewithvalidation": validate.update,
    "upsert": upsert.upsert,
    "validateinformation": validate.validate,
}
"""By their names in lower case; the server does not look at case."""

WRITING: Final = frozenset(
    {
        *("convertlead", "create", "delete", "revise", "update", "upsert"),
        *("retrievedocattachment", "setrelation", "unsetrelation"),
        *("createwithvalidation", "revisewithvalidation", "updatewithvalidation"),
    }
)
"""Those that run in one transaction. The rows of a mass operation have one each."""
