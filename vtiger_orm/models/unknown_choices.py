"""Picklist values in conditions that the package does not know: told once, or refused."""

from __future__ import annotations

import warnings

from ..calls.protocols import Runner
from ..calls.server import server_facts
from ..conditions.choices import known_choices, unknown_choices
from ..conditions.tree import Selection
from ..errors import InvalidLookup, suggest
from ..metadata.module import FieldMeta, ModuleMeta
from ..writing.rules import UnknownPicklistValue, callers_level


def check_choices(selection: Selection, runner: Runner) -> None:
    """Warn of each value once in a session; in strict mode raise `InvalidLookup`.

    Picklists are open: the value may have been added in the CRM since the package was made, and
    the condition is sent as it is.
    """
    for module, field, value in unknown_choices(selection.module, selection.where):
        message = _message(module, field, value)
        if server_facts(runner).strict:
            raise InvalidLookup(message)
        if runner.environment.knowledge.is_news((module.name, field.wire, value)):
            warnings.warn(message, UnknownPicklistValue, stacklevel=callers_level())


def _message(module: ModuleMeta, field: FieldMeta, value: str) -> str:
    known = known_choices(module, field)
    labels = {label: stored for stored, label in field.choices}
    meant = labels.get(value) or suggest(value, known)
    hint = f" Did you mean {meant!r}?" if meant else ""
    return (
        f"{value!r} is not a value of {module.name}.{field.name} that the package knows, so the "
        f"condition may find nothing.{hint} Pull and generate again if it is new in the CRM."
    )
