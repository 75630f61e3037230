"""What to use instead of a method that would block an event loop."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Final


def blocking_message(method: str) -> str:
    """The message of `BlockingCall`, with the twin of the method that the user called."""
    frame: FrameType | None = sys._getframe(1)
    name = method
    while frame is not None and frame.f_globals.get("__name__", "").startswith("vtiger_orm."):
        name = frame.f_code.co_name
        frame = frame.f_back
    shown, cure = _CURES.get(name) or (f"{name}()", f"Use 'await ... .a{name}(...)'")
    return (
        f"{shown} blocks, and this session was opened with 'async with': it would stop the event "
        f"loop. {cure}; or run blocking code in a thread (asyncio.to_thread)."
    )


_CURES: Final = {
    "_pages": ("Iterating", "Use 'async for', or 'await' the queryset for a list"),
    "__next__": ("Iterating", "Use 'async for', or 'await' the queryset for a list"),
    "__iter__": ("Iterating", "Use 'async for'"),
    "me": ("session.me", "Use 'await session.ame()'"),
    "__getitem__": ("queryset[n]", "Use 'await queryset[n:n + 1]' and take the first of the list"),
}
"""Blocking methods that have no a-twin of their name, by the name of their code."""
