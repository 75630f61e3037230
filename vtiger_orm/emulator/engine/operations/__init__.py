"""The operations of the web services, one file for each group.

A handler takes a `Context` and returns the JSON result; it raises what the server would answer
instead. Names are lower case: the server does not look at case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..context import Context
from . import query, records, types

Handler = Callable[[Context], Any]

STOCK: Final[Mapping[str, Handler]] = {
    "create": records.create,
    "delete": records.delete,
    "describe": types.describe,
    "listtypes": types.listtypes,
    "query": query.query,
    "retrieve": records.retrieve,
    "revise": records.revise,
    "update": records.update,
}
"""Operations of every server."""

CLOUD: Final[Mapping[str, Handler]] = {}
"""Operations that only the Cloud has."""

WRITING: Final = frozenset(
    {
        *("create", "update", "revise", "delete", "convertlead", "add_related", "delete_related"),
        *("reopen", "tags_add", "tags_delete", "tag_delete"),
        *("add_picklist", "edit_picklist", "delete_picklist"),
    }
)
"""Operations that change the store: each runs in one transaction."""
