"""One namespace of generated code, in which every name is given out once."""

from __future__ import annotations

from collections.abc import Iterable


class Namespace:
    """Hands out names; whoever comes second to one takes a trailing underscore.

    The third and later ones take a number: ``tier``, ``tier_``, ``tier_3``. No name gets ``__``,
    which is where lookups begin, and none starts with ``model_``. With `fold`, case does not
    count (file names).
    """

    def __init__(self, reserved: Iterable[str] = (), *, fold: bool = False) -> None:
        self._fold = fold
        self._reserved = frozenset(map(self._key, reserved))
        self._taken: set[str] = set()

    def _key(self, name: str) -> str:
        return name.casefold() if self._fold else name

    def is_reserved(self, name: str) -> bool:
        return self._key(name) in self._reserved

    def is_free(self, name: str) -> bool:
        key = self._key(name)
        return key not in self._reserved and key not in self._taken

    def take(self, name: str) -> bool:
        """Take this very name; False when somebody has it or it is reserved."""
        if not self.is_free(name):
            return False
        self._taken.add(self._key(name))
        return True

    def claim(self, wanted: str) -> str:
        """Take the wanted name or the next one that is free."""
        if self.take(wanted):
            return wanted
        stem = wanted.rstrip("_")
        if stem == "model":
            return self.claim("f_model")
        if not wanted.endswith("_") and self.take(f"{stem}_"):
            return f"{stem}_"
        number = 2 if wanted.endswith("_") or self.is_reserved(wanted) else 3
        while not self.take(f"{stem}_{number}"):
            number += 1
        return f"{stem}_{number}"
