"""What a pull would lose only because of who pulls, or because the CRM failed meanwhile. Pure.

A user who may see less gets a smaller description, and nothing in it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.snapshot import Snapshot

from ..diff.compare import Diff
from ..diff.differences import Action
from ..generate import chosen
from ..text.terminal import counted

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Losses:
    """Modules and fields (``Contacts.fax``) that the former snapshot has and this pull has not."""

    modules: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    why: str = ""
    """A sentence on what may be the cause."""

    def __bool__(self) -> bool:
        return bool(self.modules or self.fields)

    def __str__(self) -> str:
        parts = [
            f"{counted(len(names), noun)} ({', '.join(names[:_SHOWN])}"
            f"{', ...' if len(names) > _SHOWN else ''})"
            for names, noun in ((self.modules, "module"), (self.fields, "field"))
            if names
        ]
        return f"{' and '.join(parts)}. {self.why}"


def losses(
    diff: Diff,
    now: Snapshot,
    identity: Identity,
    *,
    include: Sequence[str],
    exclude: Sequence[str],
) -> Losses:
    """What the pull of this user would lose without anybody having deleted it.

    Modules that were not asked for do not count. What an administrator does not see is really
    gone, unless the CRM refused to describe it.
    """
    administrator = identity.administrator
    modules, fields = [], []
    for change in diff.changes:
        match change.action, change.path:
            case Action.REMOVED, ("module", name) if chosen([name], include, exclude):
                if name in now.instance.skipped or not administrator:
                    modules.append(name)
            case Action.REMOVED, ("module", name, "field", field) if not administrator:
                fields.append(f"{name}.{field}")
    return Losses(tuple(modules), tuple(fields), _why(identity))


def _why(identity: Identity) -> str:
    match identity.administrator:
        case True:
            return "The CRM refused to describe it just now."
        case False:
            return (
                f"{identity.username} is no administrator, and what is hidden from a user looks "
                "as if it were gone."
            )
    return f"What is hidden from {identity.username} looks as if it were gone."
