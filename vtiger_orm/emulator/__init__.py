"""The embedded CRM: a Vtiger in this process, for development, tests and demos.

::

    from vtiger_orm.emulator import Crm

    with Crm() as crm, crm.serve() as server:
        print(server.url, *crm.credentials())

As treacherous as the real one: it refuses what a stock Vtiger refuses and goes wrong where that
goes wrong. Needs the extra ``emulator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .calls import ApiCall, CallCount, CallRecord
    from .clock import Clock
    from .crm import Crm
    from .engine import Crash, CrmError, PlainText, User
    from .http import Request, Response
    from .profiles import PROFILES, Profile
    from .server import Server

__all__ = [
    "PROFILES",
    "ApiCall",
    "CallCount",
    "CallRecord",
    "Clock",
    "Crash",
    "Crm",
    "CrmError",
    "PlainText",
    "Profile",
    "Request",
    "Response",
    "Server",
    "User",
]

_EXTRA = frozenset({"lark", "h11", "python_multipart"})
_HOMES = {
    "PROFILES": ".profiles",
    "ApiCall": ".calls",
    "CallCount": ".calls",
    "CallRecord": ".calls",
    "Clock": ".clock",
    "Crash": ".engine",
    "Crm": ".crm",
    "CrmError": ".engine",
    "PlainText": ".engine",
    "Profile": ".profiles",
    "Request": ".http",
    "Response": ".http",
    "Server": ".server",
    "User": ".engine",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    try:
        return getattr(import_module(home, __name__), name)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        from vtiger_orm.errors import MissingExtra

        raise MissingExtra("The embedded CRM", "emulator") from error
