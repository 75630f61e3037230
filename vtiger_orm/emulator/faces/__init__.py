"""The doors of the CRM: each reads an HTTP request as an `ApiCall` and answers it."""

from __future__ import annotations

from typing import Protocol

from ..calls import ApiCall, Handled
from ..http import Request


class Face(Protocol):
    """One API over the store."""

    name: str

    def accepts(self, path: str) -> bool:
        """Whether a request with this (decoded) path is for this face."""
        ...

    def read(self, request: Request) -> ApiCall:
        """What is asked. Pure: nothing is done, nobody is logged in."""
        ...

    def answer(self, call: ApiCall) -> Handled:
        """Do it. Raises nothing that the API has an answer for."""
        ...
