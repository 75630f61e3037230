"""The ways a Vtiger server can be talked to: `Call` -> HTTP request, HTTP response -> result.

Pure: nothing here opens a socket, sleeps or keeps state.
"""

from __future__ import annotations

from .base import Auth, Credentials, Dialect, DialectName, HttpRequest, HttpResponse, Identity
from .detection import detect, dialect_named

__all__ = [
    "Auth",
    "Credentials",
    "Dialect",
    "DialectName",
    "HttpRequest",
    "HttpResponse",
    "Identity",
    "detect",
    "dialect_named",
]
