"""The operations of the web services, one file for each group.

A handler takes a `Context` and returns the JSON result; it raises what the server would answer
instead. Names are lower case: the server does not look at case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..context import Context
from . import extras, files, inventory, leads, picklists, query, records, relations, sync, types

Handler = Callable[[Context], Any]

STOCK: Final[Mapping[str, Handler]] = {
    "add_related": relations.add_related,
    "convertlead": leads.convertlead,
    "create": records.create,
    "delete": records.delete,
    "describe": types.describe,
    "files_retrieve": files.files_retrieve,
    "listtypes": types.listtypes,
    "query": query.query,
    "query_related": relations.query_related,
    "relatedtypes": relations.relatedtypes,
    "retrieve": records.retrieve,
    "retrieve_inventory": inventory.retrieve_inventory,
    "retrieve_related": relations.retrieve_related,
    "revise": records.revise,
    "sync": sync.sync,
    "update": records.update,
}
"""Operations of every server."""

CLOUD: Final[Mapping[str, Handler]] = {
    "add_picklist": picklists.add_picklist,
    "decrypt": extras.decrypt,
    "delete_picklist": picklists.delete_picklist,
    "delete_related": relations.delete_related,
    "edit_picklist": picklists.edit_picklist,
    "editionlimits": extras.edition_limits,
    "get_account_hierarchy": extras.get_account_hierarchy,
    "lookup": extras.lookup,
    "me": extras.me,
    "picklist_dependency": picklists.picklist_dependency,
    "reopen": extras.reopen,
    "tag_delete": extras.tags_delete,
    "tags_add": extras.tags_add,
    "tags_delete": extras.tags_delete,
    "tags_retrieve": extras.tags_retrieve,
}
"""Operations that only the Cloud has."""

WRITING: Final = frozenset(
    {
        *("create", "update", "revise", "delete", "convertlead", "add_related", "delete_related"),
        *("reopen", "tags_add", "tags_delete", "tag_delete"),
        *("add_picklist", "edit_picklist", "delete_picklist"),
    }
)
"""Operations that change the store: each runs in one transaction."""
