"""Attributes and Python values as the wire names and wire values of a write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from ..calls.operations import Row
from ..errors import InvalidRecord, InvalidValue
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from ..values import encode, plain
from ..values.zones import to_wall
from .rules import Problem, Rule


def to_wire(meta: ModuleMeta, values: Mapping[str, object], zone: tzinfo = UTC) -> dict[str, Any]:
    """The wire values of attributes, moments as the CRM's own `zone` writes them.

    A name the module does not know is the wire name of a field newer than the package; its value
    is written by its Python type alone. Raises `InvalidRecord` that lists every value that has no
    wire form.
    """
    wire: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        each = meta.fields.get(name)
        try:
            if each is not None:
                text = encode(each, value)
                wire[each.wire] = to_wall(text, zone) if each.family is Family.DATETIME else text
            else:
                wire[name] = plain(value)
        except InvalidValue as error:
            problems.append(Problem(name, Rule.VALUE, str(error)))
        except ValueError as error:
            problems.append(Problem(name, Rule.VALUE, f"{name}: {error}"))
    if problems:
        raise InvalidRecord(meta.name, problems)
    return wire


def fields_of(row: Row) -> Row:
    """The row without what is no field: a label in HTML, an address for browsers."""
    return {name: value for name, value in row.items() if name not in ("label", "url")}
