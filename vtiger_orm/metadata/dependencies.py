"""Picklist dependencies: which values of one picklist go with a value of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any


class Dependency(Mapping[str, tuple[str, ...]]):
    """Source value -> target values that are allowed with it; read-only.

    A source value that is not a key restricts nothing; one with an empty tuple allows only a
    blank target. `source` and `target` are the wire names of the two fields.
    """

    __slots__ = ("_values", "source", "target")

    def __init__(self, source: str, target: str, values: Mapping[str, Sequence[str]]) -> None:
        self.source: str = source
        self.target: str = target
        self._values = MappingProxyType({key: tuple(allowed) for key, allowed in values.items()})

    @classmethod
    def from_wire(cls, answer: Mapping[str, Any]) -> Dependency:
        """From the answer of `picklist_dependency`; ``[""]`` there means that nothing goes."""
        values = {
            str(pair["sourcevalue"]): [str(each) for each in pair["targetvalues"] or [] if each]
            for pair in answer.get("valuemapping") or []
        }
        return cls(str(answer["sourcefield"]), str(answer["targetfield"]), values)

    def __getitem__(self, source_value: str) -> tuple[str, ...]:
        return self._values[source_value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Dependency {self.source} -> {self.target}: {len(self)} source values>"

    def allows(self, source_value: str, target_value: str) -> bool:
        """Whether the two values go together. A blank target always does."""
        allowed = self._values.get(source_value)
        return allowed is None or not target_value or target_value in allowed
