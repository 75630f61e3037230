"""Several texts, as conditions take them (``lastname__in=["Ames", "Bell"]``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias


class TextCollection(Protocol):
    """A list, set, tuple, dict or the like of texts.

    One text is a collection of texts as well, but only texts can be asked to be `in` it: it does
    not fit here, since what was meant is a list that holds it.
    """

    def __contains__(self, value: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


Texts: TypeAlias = TextCollection | Iterator[str]
"""Texts in a collection, or as a generator yields them."""
