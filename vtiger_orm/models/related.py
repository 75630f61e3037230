"""`record.related`: the relations of one record, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import suggest

if TYPE_CHECKING:
    from ..records import BaseRecord
    from .related_manager import RelatedManager


class Related:
    """The relations of one record: ``account.related.contacts``.

    Names come from the CRM's own labels of the relations, as `Accounts.meta.relations` lists
    them. Iterating yields the names; ``related["contacts"]`` takes one that is computed.
    """

    __slots__ = ("_record",)

    def __init__(self, record: BaseRecord) -> None:
        self._record = record

    def __getitem__(self, name: str) -> RelatedManager[Any]:
        """Raises `KeyError` for a name that is no relation of the module."""
        from .related_manager import related_manager

        for relation in self._record.meta.relations:
            if relation.name == name:
                return related_manager(self._record, relation)
        raise KeyError(self._unknown(name))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> RelatedManager[Any]:
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                return self[name]
            except KeyError as error:
                raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return (relation.name for relation in self._record.meta.relations)

    def __dir__(self) -> list[str]:
        return [*self, "__getitem__", "__iter__"]

    def __repr__(self) -> str:
        return f"<Related of {self._record!r}: {', '.join(self) or 'no relations'}>"

    def _unknown(self, name: str) -> str:
        names = list(self)
        meant = suggest(name, names)
        module = self._record.meta.name
        if not names:
            return f"{module} has no relations that the CRM tells of."
        return f"{module} has no relation {name!r}. " + (
            f"Did you mean {meant!r}?" if meant else f"It has: {', '.join(names)}."
        )
