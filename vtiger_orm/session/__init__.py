"""The only I/O of the runtime: sessions, their two drivers, login, retry and pacing."""

from __future__ import annotations

from .pacing import CallCount, Limits
from .retry import RetryPolicy
from .session import Session

__all__ = ["CallCount", "Limits", "RetryPolicy", "Session"]
