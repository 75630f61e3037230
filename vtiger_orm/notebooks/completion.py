"""Completion of fields and lookups inside the calls of querysets; asks nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..conditions.lookups import LOOKUPS, Lookup
from ..conditions.quirks import why_not_filterable
from ..metadata.module import ModuleMeta

_CONDITIONS: Final = frozenset({"filter", "exclude", "get", "aget", "Q"})
_VALUES: Final = frozenset({"create", "acreate", "update", "aupdate", "get_or_create"})
_FIELDS: Final = frozenset({"order_by", "only", "defer", "values", "values_list"})
_RELATED: Final = re.compile(
    r"(?<![\w.])(?P<before>(?P<root>[A-Za-z_]\w*)\.related\.)(?P<typed>\w*)$"
)
_CALL: Final = re.compile(r"(?P<path>[A-Za-z_][\w.]*)\s*$")


def completions(before: str, names: Mapping[str, Any]) -> list[str]:
    """What may be written behind `before`, the text up to the cursor, as an argument of a
    queryset's method: ``lastname__startswith=``; or behind ``record.related.``, with that.
    Evaluates no call and asks nothing."""
    if related := _RELATED.search(before):
        return _relations(names.get(related["root"]), related["before"], related["typed"])
    opened = _innermost_call(before)
    if opened is None:
        return []
    path, argument = opened
    method = path.rpartition(".")[2]
    meta = _module_of(path, before, names)
    if meta is None:
        return []
    started = re.search(r"""[\w'"-]*$""", argument)
    typed = started[0] if started else ""
    if method in _FIELDS:
        plain = typed.lstrip("'\"-")
        sign = typed[: len(typed) - len(plain)]
        return [f"{sign}{name}" for name in _selectable(meta) if sign and name.startswith(plain)]
    if method in _VALUES:
        return [f"{name}=" for name in _writable(meta) if name.startswith(typed)]
    if method not in _CONDITIONS:
        return []
    if "__" not in typed:
        fields = [name for name, each in meta.fields.items() if LOOKUPS[each.family]]
        found = [name for name in fields if name.startswith(typed)]
        return [each for name in found for each in _keywords(meta, name, len(found) == 1)]
    return [
        each
        for name in meta.fields
        if typed.startswith(name)
        for each in _keywords(meta, name, True)
        if each.startswith(typed)
    ]


def _relations(record: Any, before: str, typed: str) -> list[str]:
    if _meta(record) is None:
        return []
    known = (each for each in dir(record.related) if not each.startswith("_"))
    return [before + each for each in known if each.startswith(typed)]


def _keywords(meta: ModuleMeta, name: str, lookups: bool) -> list[str]:
    field = meta.fields[name]
    if why_not_filterable(meta.name, field):
        return []
    more = [each for each in LOOKUPS[field.family] if each is not Lookup.EXACT] if lookups else []
    return [f"{name}=", *(f"{name}__{each}=" for each in more)]


def _selectable(meta: ModuleMeta) -> list[str]:
    return [name for name, each in meta.fields.items() if each.selectable]


def _writable(meta: ModuleMeta) -> list[str]:
    return [name for name, each in meta.fields.items() if each.editable]


def _innermost_call(before: str) -> tuple[str, str] | None:
    """The function whose arguments are being written, as it is spelled, and the last argument."""
    depth, start = 0, None
    for index in range(len(before) - 1, -1, -1):
        match before[index]:
            case ")" | "]" | "}":
                depth += 1
            case "(" if depth == 0:
                start = index
                break
            case "(" | "[" | "{":
                depth -= 1
    if start is None:
        return None
    called = _CALL.search(before[:start]) or re.search(r"\)\s*\.(?P<path>\w+)\s*$", before[:start])
    if called is None:
        return None
    return called["path"], before[start + 1 :].rpartition(",")[2].lstrip()


def _module_of(path: str, before: str, names: Mapping[str, Any]) -> ModuleMeta | None:
    """The module that the call is about: that of the first name of the chain it stands in."""
    statement = re.split(r"[;\n]", before)[-1]
    roots: list[str] = re.findall(r"(?<![\w.'\"])([A-Za-z_]\w*)(?=\s*[.(])", statement)
    for root in (path.partition(".")[0], *reversed(roots)):
        value = names.get(root)
        meta = _meta(value)
        if meta is not None:
            return _followed(value, path, root) or meta
    return None


def _followed(value: Any, path: str, root: str) -> ModuleMeta | None:
    """Along ``record.related.contacts.filter``: attributes alone, none of which asks."""
    first, *rest = path.split(".")
    if first != root:
        return None
    for name in rest[:-1]:
        value = getattr(value, name)
    return _meta(value)


def _meta(value: Any) -> ModuleMeta | None:
    found = getattr(getattr(value, "model", value), "meta", None)
    return found if isinstance(found, ModuleMeta) else None
