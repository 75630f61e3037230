"""What is looked at once somebody is logged in. Each function is pure and makes one finding."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from vtiger_orm.calls.clock import ServerClock
from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session import Limits

from ..whoami.first_contact import Survey
from .finding import Finding, note, ok, problem

_OFF: Final = timedelta(seconds=5)
_FAR_OFF: Final = timedelta(minutes=5)
_FEW: Final = 0.1
"""The part of a limit that is left when somebody should know."""


def server(found: Survey, url: str, dialect: str) -> Finding:
    told = f"{found.server} at {url}, by {dialect}"
    if found.server.family is ServerFamily.UNKNOWN:
        return note("server", told, "The program is not recognised, so the careful ways are taken.")
    return ok("server", told)


def clock(known: ServerClock) -> Finding:
    """A clock that is wrong breaks feeds and `if_unmodified`, not reading."""
    offset = known.offset
    seconds = round(offset.value.total_seconds(), 1) + 0.0  # and no negative zero
    told = f"{seconds:+.1f} s from this machine's, by {offset.source}"
    if abs(offset.value) - offset.error > _FAR_OFF:
        return problem("clock", told, "Set the clocks of both machines by NTP.")
    if abs(offset.value) - offset.error > _OFF:
        return note("clock", told, "It is reckoned with; better set both clocks by NTP.")
    return ok("clock", told)


def zone(known: ServerClock, users: object) -> Finding:
    """The zone in which the CRM writes moments; it is learnt from a create, or given."""
    if not known.zone.sure:
        return note(
            "time zone",
            f"times are taken for UTC; the user's own zone is {users or 'not told'}",
            "Compare createdtime of a record with the CRM's screen. If they differ, set "
            "server_timezone= of the session.",
        )
    return ok("time zone", f"{known.zone.written}, by {known.zone.source}")


def number_format(user: Mapping[str, object] | None) -> Finding:
    """A user who writes 1.234,56 has forms, workflows and the RestfulApi module read numbers so."""
    if not user:
        return note(
            "number format", "the CRM does not tell", "Look at My Preferences of this user."
        )
    decimal = str(user.get("currency_decimal_separator") or ".")
    grouping = str(user.get("currency_grouping_separator") or ",")
    told = f"decimals {decimal!r}, groups {grouping!r}, dates {user.get('date_format') or '?'}"
    if decimal != "." or grouping == ".":
        return problem(
            "number format",
            told,
            "Give the API user '.' for decimals and ',' for groups (My Preferences, Currency): "
            "some servers and workflows read the numbers of a write in the user's format.",
        )
    return ok("number format", told)


def permissions(identity: Identity, found: Survey, forbidden: Sequence[str]) -> Finding:
    told = f"{identity.username}: {found.modules} modules, {found.entities} with records"
    if found.blindness:
        return problem("permissions", told, found.blindness)
    if not found.entities:
        return problem("permissions", told, "Give the user's profile access to modules.")
    if identity.administrator:
        return ok("permissions", f"{told}; an administrator")
    if forbidden:
        return note(
            "permissions",
            f"{told}; may not change {', '.join(forbidden)}",
            "Give the profile of the API user what the application has to write.",
        )
    return note(
        "permissions",
        f"{told}; no administrator",
        "Fields and modules that are hidden from this user are in no snapshot: pull as the user "
        "that the application will be.",
    )


def limits(told: Limits) -> Finding:
    for left, limit, what in (
        (told.minute_remaining, told.minute_limit, "this minute"),
        (told.daily_remaining, told.daily_limit, "today"),
    ):
        if limit and left is not None and left <= limit * _FEW:
            return problem(
                "limits",
                f"{left} of {limit} calls left {what}",
                "Other users of the CRM count as well. Set VTIGER_BUDGET, so that one job does not "
                "use up what all have.",
            )
    if told.daily_limit or told.minute_limit:
        return ok("limits", f"{told.daily_remaining} of {told.daily_limit} calls left today")
    return ok("limits", "the server announces none")


def page_size(can: Capabilities) -> Finding:
    told = f"{can.page_size} rows a query"
    if can.page_size < 100:
        return note("page size", told, "Long reads take more calls here; ask for fewer columns.")
    return ok("page size", told)


def text_comparison(can: Capabilities) -> Finding:
    if can.collation == "general_ci":
        return ok("text comparison", "utf8 general_ci, proved on records of this CRM")
    return note(
        "text comparison",
        "not proved: the module that was tried has too few records",
        "Nothing is wrong: the server is asked for every verdict. A pull once there are records "
        "proves it, and makes some queries cheaper.",
    )


def snapshot(known: Snapshot | None, trouble: str, now: Server, place: str) -> Finding:
    """Whether what was pulled is of this CRM."""
    if trouble:
        return problem("snapshot", trouble, "Run: vtiger-orm pull && vtiger-orm generate")
    if known is None:
        return note("snapshot", f"{place} is not there yet", "Run: vtiger-orm pull")
    then = known.instance.server
    if (then.family, then.release) != (now.family, now.release):
        return problem(
            "snapshot",
            f"{place} was pulled from {then}, and this is {now}",
            "Is it the right CRM? Then run: vtiger-orm pull && vtiger-orm generate",
        )
    return ok("snapshot", f"{place}: {len(known.modules)} modules of {then}")


def prefixes(known: Snapshot | None, now: Mapping[str, str], place: str) -> Iterator[Finding]:
    """Another CRM of the same release gives its modules other numbers."""
    if known is None:
        return
    other = [
        name for name, prefix in now.items() if known.instance.prefixes.get(name, prefix) != prefix
    ]
    if other:
        yield problem(
            "snapshot",
            f"{place} is of another CRM: ids of {other[0]} begin with {now[other[0]]}x here",
            "Give the address of the CRM that was pulled, or pull and generate for this one.",
        )


def versions() -> Finding:
    names = ("vtiger-orm", "pydantic", "httpx")
    told = ", ".join(f"{name} {version(name)}" for name in names)
    return ok("versions", f"Python {platform.python_version()}, {told}")
