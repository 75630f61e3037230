"""How one snapshot differs from another, in words. Pure.

Fields are told apart by their wire name, picklist values by what is stored, relations by their
label; whatever else a server says is compared as it is, known to this release or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

Facts = dict[tuple[str, ...], Any]

_INSTANCE: Final = ("dialect", "version", "api_version")


def drift(before: Snapshot, now: Snapshot) -> list[str]:
    """What has to be said of `now` to somebody who knows `before`; nothing when they agree.

    What the server can do (`capabilities`) is not compared: it depends on the records that
    happened to be there when it was asked.
    """
    lines = [
        _changed((key,), getattr(before.instance, key), getattr(now.instance, key))
        for key in _INSTANCE
        if getattr(before.instance, key) != getattr(now.instance, key)
    ]
    for name in sorted(before.modules.keys() | now.modules.keys()):
        if name not in now.modules:
            reason = now.instance.skipped.get(name)
            lines.append(f"{name}: gone" + (f" ({reason})" if reason else ""))
        elif name not in before.modules:
            lines.append(f"{name}: new")
        else:
            told = _differences(_facts(before.modules[name]), _facts(now.modules[name]))
            lines += [f"{name}: {line}" for line in told]
    return lines


def _differences(before: Facts, now: Facts) -> Iterator[str]:
    """One line for each fact, but only one for a thing that is new or gone as a whole."""
    told: set[tuple[str, ...]] = set()
    for path in sorted(before.keys() | now.keys()):
        if any(path[: len(whole)] == whole for whole in told):
            continue
        if path in before and path in now:
            if before[path] != now[path]:
                yield _changed(path, before[path], now[path])
            continue
        other = now if path in before else before
        whole = _whole(path, other)
        told.add(whole)
        yield f"{_path(whole)}: {'gone' if path in before else 'new'}"


def _whole(path: tuple[str, ...], other: Facts) -> tuple[str, ...]:
    """The shortest beginning of a path that the other side does not have at all."""
    for length in range(2, len(path)):
        if not any(each[:length] == path[:length] for each in other):
            return path[:length]
    return path


def _changed(path: tuple[str, ...], before: Any, now: Any) -> str:
    return f"{_path(path)}: {_shown(before)} -> {_shown(now)}"


def _path(path: tuple[str, ...]) -> str:
    """Names of the CRM must not command a terminal."""
    return " ".join(part if part.isprintable() else _shown(part) for part in path)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def _facts(module: ModuleSnapshot) -> Facts:
    raw = module.to_json()
    describe = raw["describe"]
    found: Facts = {}
    for key, value in describe.items():
        if key != "fields":
            found["module", key] = value
    for field in describe.get("fields", ()):
        _field_facts(("field", str(field.get("name"))), field, found)
    for relation in raw["relations"]:
        _flat(("relation", str(relation.get("label"))), relation, found)
    for name, flaw in raw["flaws"].items():
        found["field", name, "flaw"] = flaw
    return found


def _field_facts(place: tuple[str, ...], field: Mapping[str, Any], found: Facts) -> None:
    described = dict(field)
    type_ = dict(described.pop("type", None) or {})
    for each in type_.pop("picklistValues", None) or ():
        found[(*place, "value", str(each.get("value")))] = each.get("label")
    for key, value in type_.items():
        found[(*place, "type", key)] = value
    _flat(place, described, found)


def _flat(place: tuple[str, ...], content: Mapping[str, Any], found: Facts) -> None:
    for key, value in content.items():
        found[(*place, key)] = value
