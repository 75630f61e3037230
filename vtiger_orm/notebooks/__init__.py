"""For notebooks and IPython: ``%load_ext vtiger_orm.notebooks`` completes fields and lookups, and
`bar` shows how far long work is.

Querysets and records need no extension to show themselves there: a queryset as its first rows and
its plan, by at most one call, a record as a table of what was read.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .completion import completions
from .progress import bar

__all__ = ["bar", "completions", "load_ipython_extension"]


def load_ipython_extension(ip: Any) -> None:
    """What ``%load_ext vtiger_orm.notebooks`` runs."""

    def matcher(text: str) -> list[str]:
        with suppress(Exception):  # completion never disturbs who types
            return completions(ip.Completer.text_until_cursor, ip.user_ns)
        return []

    ip.Completer.custom_matchers.append(matcher)
