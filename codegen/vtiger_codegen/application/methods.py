"""What the methods of querysets and records do with a module, and what they give."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import libcst as cst

from .types import OTHER, UNKNOWN, ExpressionType, Fixed, Keyed, Many, QueryType, item_of


class Access(StrEnum):
    """What is done with the thing that a use names."""

    NAME = "name"
    READ = "read"
    FILTER = "filter"
    WRITE = "write"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REFRESH = "refresh"


LOOKUPS: Final = frozenset({"filter", "exclude", "q", "get", "aget"})
CREATE: Final = frozenset(
    {
        *("create", "acreate", "get_or_create", "aget_or_create"),
        *("update_or_create", "aupdate_or_create"),
    }
)
UPDATE: Final = frozenset({"update", "aupdate", "preview", "apreview"})
UPLOAD: Final = frozenset({"upload", "aupload"})
AGGREGATES: Final = frozenset({"aggregate", "aaggregate", "annotate"})
FIELDS: Final = frozenset({"order_by", "only", "defer", "values", "values_list"})
ACCESS: Final = {
    **dict.fromkeys(("update", "aupdate", "save", "asave"), Access.UPDATE),
    **dict.fromkeys(("bulk_update", "abulk_update"), Access.UPDATE),
    **dict.fromkeys(("delete", "adelete", "bulk_delete", "abulk_delete"), Access.DELETE),
    **dict.fromkeys(("refresh", "arefresh"), Access.REFRESH),
    **dict.fromkeys(("bulk_create", "abulk_create", "upload", "aupload"), Access.CREATE),
}
KEYWORDS: Final = LOOKUPS | CREATE | UPDATE | UPLOAD
NAMING: Final = KEYWORDS | AGGREGATES | FIELDS | {"select_related", "prefetch_related"}
"""What is given names of fields."""

_RECORD: Final = UPLOAD | {
    *("get", "aget", "first", "afirst", "last", "alast", "create", "acreate"),
}
_PAIR: Final = frozenset(
    {"get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"}
)
_RECORDS: Final = frozenset({"iterator", "aiterator", "raw", "araw"})
CHAINED: Final = frozenset(
    {
        *("filter", "exclude", "order_by", "reverse", "only", "defer", "select_related"),
        *("prefetch_related", "using", "all", "none"),
    }
)
_PLAIN: Final = frozenset(
    {
        *("count", "acount", "exists", "aexists", "update", "aupdate", "delete", "adelete"),
        *("explain", "query", "preview", "apreview", "q"),
    }
)


def result_of(query: QueryType, method: str, node: cst.Call) -> ExpressionType:
    """What a call of a method of a queryset gives; unknown for those of the application's own."""
    if method in _RECORD:
        return item_of(query)
    if method in CHAINED:
        return query
    if method in _RECORDS:
        return Many(item_of(query))
    if method in _PAIR:
        return Fixed((item_of(query), OTHER))
    match method:
        case "values":
            return QueryType(query.module, "rows")
        case "values_list":
            is_named = any(each.keyword and each.keyword.value == "named" for each in node.args)
            return QueryType(query.module, "named" if is_named else "values")
        case "in_bulk" | "ain_bulk":
            return Keyed(item_of(query))
        case "partitions" | "apartitions":
            return Many(query)
    return OTHER if method in _PLAIN else UNKNOWN
