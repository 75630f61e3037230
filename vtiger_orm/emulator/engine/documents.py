"""JSON of a request, as PHP's own reader takes it."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json


def decoded(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises `ValueError` for what PHP does not read either: damaged text, NaN, halves of
    characters, numbers of thousands of digits, and lists in lists without end.
    """
    return from_json(text, allow_inf_nan=False)
