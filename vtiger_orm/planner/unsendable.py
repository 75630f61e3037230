"""Statements that are not sent, since the server might answer other rows to them with success."""

from __future__ import annotations

import re
from typing import Final

from ..calls.environment import Environment
from ..errors import UnsupportedQuery
from ..metadata.server import ServerFamily
from .second_parser import falls_into_it

_ID: Final = re.compile("'[0-9]+x[0-9]+'")
_MOST_SHOWN: Final = 300
_COREBOS: Final = ServerFamily.COREBOS
_BERLICRM: Final = ServerFamily.BERLICRM
"""By names of their own: every statement asks for them, and finding a member takes its time."""


def check_text(text: str, env: Environment) -> None:
    """Raise `UnsupportedQuery` for a statement that must not be sent, whoever wrote it."""
    family = env.server.family
    if family is _COREBOS and falls_into_it(text):
        raise UnsupportedQuery(
            "coreBOS would read this statement with its second parser, which answers other rows "
            f"with success: {text!r}. It was not sent. Order ascending, or leave out values with "
            "quotes."
        )
    if family is _BERLICRM and _may_miscompare_ids(env) and _ID.search(text):
        raise UnsupportedQuery(
            f"How {env.server} compares ids, references and owners was not measured, and nothing "
            "has proved it on this CRM: it might answer other rows with success. Nothing was "
            "sent. Pull the schema of this CRM with a user who sees records (vtiger-orm pull): "
            f"that tries it. Statement: {text[:_MOST_SHOWN]!r}"
        )


def _may_miscompare_ids(env: Environment) -> bool:
    return env.server.capabilities.compares_ids is not True
