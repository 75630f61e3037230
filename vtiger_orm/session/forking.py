"""A forked child starts with clean hands: no lock held by a thread that stayed in the parent,
no socket that the parent goes on using."""

from __future__ import annotations

import os
import threading

from .gate import forget_gates
from .http import forget_transports
from .pacing import forget_limiters

_lock = threading.Lock()


def process_lock() -> threading.Lock:
    """Guards the few moments in which a session opens, closes or enters a block. It belongs to
    the process: a lock of the session's own might be copied into a child while it is held."""
    return _lock


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    forget_gates()
    forget_limiters()
    forget_transports()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
