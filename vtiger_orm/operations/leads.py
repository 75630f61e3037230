"""Turning a lead into an organization, a contact and an opportunity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ..records import Record

A = TypeVar("A", bound="Record")
C = TypeVar("C", bound="Record")
P = TypeVar("P", bound="Record")
