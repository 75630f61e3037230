"""The `with` and `async with` blocks in which a session is open, and who opened them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .._dataclass import dataclass
from ..calls.gates import in_event_loop

if TYPE_CHECKING:
    from ..calls.protocols import Activation


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One that is open."""

    owner: object
    asynchronous: bool
    activation: Activation | None


def here() -> object:
    """The task or thread that asks."""
    if not in_event_loop():
        return threading.get_ident()
    import asyncio

    return asyncio.current_task() or threading.get_ident()
