"""The only I/O of the runtime: sessions, their two drivers, login, retry and pacing."""

from __future__ import annotations

from .._writes import Withheld
from .budget import Budget
from .counting import CallCount
from .limits import Allowance, Limits
from .retry import RetryPolicy
from .session import Session
from .waits import Wait

__all__ = [
    "Allowance",
    "Budget",
    "CallCount",
    "Limits",
    "RetryPolicy",
    "Session",
    "Wait",
    "Withheld",
]
