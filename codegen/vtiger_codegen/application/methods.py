"""What the methods of querysets give."""

from __future__ import annotations

from typing import Final

from .types import OTHER, UNKNOWN, Fixed, Many, Query, Record, Row, Type

_RECORD: Final = frozenset({"get", "aget", "first", "afirst", "last", "alast", "create", "acreate"})
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
        *("values_list", "explain", "query", "preview", "apreview"),
    }
)


def result_of(module: str, method: str) -> Type:
    """What a method of a module's queryset gives; unknown for those of the application's own."""
    if method in _RECORD:
        return Record(module)
    if method in CHAINED:
        return Query(module)
    if method in _RECORDS:
        return Many(Record(module))
    if method in _PAIR:
        return Fixed((Record(module), OTHER))
    match method:
        case "values":
            return Many(Row(module))
        case "partitions" | "apartitions":
            return Many(Query(module))
    return OTHER if method in _PLAIN else UNKNOWN
