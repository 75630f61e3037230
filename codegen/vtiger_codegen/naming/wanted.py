"""The name each thing would like to have, before anybody else is asked.

Every function gives a legal name for any text: an ASCII identifier without ``__`` inside,
without an underscore in front, not starting with ``model_``, at most `LONGEST` characters.
"""

from __future__ import annotations

import re
from typing import Final

from .words import capitalised, letters, plain, signs, snake, words

LONGEST: Final = 60

_VERBATIM = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*_?", re.ASCII)
_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")


def is_legal(name: str) -> bool:
    """Whether generated code may use the name at all, reserved words aside."""
    return (
        _VERBATIM.fullmatch(name) is not None
        and not name.startswith("model_")
        and len(name) <= LONGEST + 8
    )


def _legal(name: str, prefix: str, empty: str) -> str:
    """Cut to length, and with a letter in front: ``2nd`` -> ``f_2nd``."""
    if not name:
        return empty
    if name[0].isdecimal() or name.startswith("model_"):
        name = prefix + name
    return name[:LONGEST].rstrip("_") if len(name) > LONGEST else name


def attribute_of_wire(wire: str) -> str:
    """The wire name itself where it can be one, else its letters and digits."""
    if is_legal(wire) and len(wire) <= LONGEST:
        return wire
    name = _NOT_WORD.sub("_", plain(wire)).strip("_") or signs(wire).lower()
    return _legal(name, "f_", "unnamed")


def attribute_of_label(label: str, wire: str) -> str:
    """The label in snake case, for custom fields; the wire name when it has no words."""
    name = snake(label)
    return _legal(name, "f_", "") if name else attribute_of_wire(wire)


def relation(label: str, module: str) -> str:
    """The attribute under `record.related`."""
    return _legal(snake(label) or snake(module), "r_", "unnamed")


def module_class(module: str) -> str:
    """The CRM's module name with a capital: ``Contacts``, ``vtcmServices`` -> ``VtcmServices``."""
    name = _NOT_WORD.sub("_", plain(module)).strip("_")
    return _legal(name[:1].upper() + name[1:], "Module", "Unnamed")


def python_module(module: str) -> str:
    """The file of a module: its name in lower case."""
    return _legal(_NOT_WORD.sub("_", plain(module)).strip("_").lower(), "m_", "unnamed")


def picklist_class(attribute: str, label: str) -> str:
    """The attribute in camel case; word breaks and capitals come from a label that has the
    same letters: ``leadsource`` + ``Lead Source`` -> ``LeadSource``, but ``taskstatus`` +
    ``Status`` -> ``Taskstatus``."""
    source = label if letters(label) == letters(attribute) else attribute
    return _legal(capitalised(source), "Picklist", "Picklist_")


def member(value: str) -> str:
    """The value in upper snake case: ``Cold Call`` -> ``COLD_CALL``, ``3 Star`` -> ``V_3_STAR``.

    Values without a letter or a digit are named after their characters.
    """
    name = "_".join(words(value)).upper() or signs(value)
    return _legal(name, "V_", "UNNAMED" if value.strip() else "BLANK")
