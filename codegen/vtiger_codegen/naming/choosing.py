"""The names of one namespace: from the settings, from the lock, and only then as wished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vtiger_orm.errors import ConfigError

from . import wanted
from .lock import NamesError
from .resolver import Namespace


class Owner(NamedTuple):
    """What bears a name, and whether the settings gave it."""

    what: str
    by_settings: bool = False


class Chooser:
    """Names the things of one namespace; `what` is the place, for messages.

    `owners` are names that something else in the package has, beside those that are `reserved`.
    """

    def __init__(
        self,
        what: str,
        reserved: Iterable[str] = (),
        owners: Mapping[str, Owner] | None = None,
        *,
        fold: bool = False,
    ) -> None:
        self._what = what
        self._owners = dict(owners or {})
        self._space = Namespace({*reserved, *self._owners}, fold=fold)
        self._key = str.casefold if fold else str
        self.owners: dict[str, Owner] = {}
        """The names that were given, and what has them."""
        self.missing: list[str] = []
        """What the lock does not say, in words."""

    def choose(
        self, wishes: Mapping[str, str], known: Mapping[str, str], overrides: Mapping[str, str]
    ) -> dict[str, str]:
        """A name for each key of `wishes`.

        Names of things that are gone stay `known`, unless the settings or the lock give them to
        something else. Raises `ConfigError` where the settings, and `NamesError` where the lock
        cannot be followed.
        """
        chosen: dict[str, str] = {}
        for key in sorted(overrides.keys() & wishes.keys()):
            chosen[key] = self._override(key, overrides[key])
            if known.get(key) != chosen[key]:
                told = f"names.lock says {known[key]}" if key in known else "names.lock has none"
                self.missing.append(f"{self._what}{key!r}: settings say {chosen[key]}, {told}")
        for key in sorted((known.keys() & wishes.keys()) - chosen.keys()):
            chosen[key] = self._locked(key, known[key])
        for key in sorted(known.keys() - wishes.keys()):
            if self._space.take(known[key]):
                chosen[key] = known[key]
        fresh = wishes.keys() - chosen.keys()
        for key in sorted(fresh, key=lambda key: (wishes[key] != key, key)):
            chosen[key] = self._space.claim(wishes[key])
            self._own(key, chosen[key])
            self.missing.append(f"{self._what}{key!r} (would be {chosen[key]})")
        return chosen

    def _override(self, key: str, name: str) -> str:
        why = self._refusal(name)
        if why:
            raise ConfigError(
                f"The settings call {self._what}{key!r} {name!r}, {why}. Choose another one."
            )
        self._own(key, name, by_settings=True)
        return name

    def _locked(self, key: str, name: str) -> str:
        why = self._refusal(name)
        owner = self._owner(name)
        if why and owner is not None and owner.by_settings:
            raise ConfigError(
                f"The settings call {owner.what} {name!r}, which is what names.lock calls "
                f"{self._what}{key!r}. Choose another one, or name that one as well."
            )
        if why:
            raise NamesError(
                f"names.lock calls {self._what}{key!r} {name!r}, {why}. Give it another name with "
                "`vtiger-orm names set`."
            )
        self._own(key, name)
        return name

    def _refusal(self, name: str) -> str:
        """Why nothing can be called so; empty when the name was taken for it."""
        if not wanted.is_legal(name):
            return (
                "which generated code cannot use: a name has ASCII letters, digits and single "
                "underscores, starts with a letter, and not with model_"
            )
        owner = self._owner(name)
        if owner is not None:
            return f"which {owner.what} is called already"
        return "" if self._space.take(name) else "which is a name that Python or the library needs"

    def _owner(self, name: str) -> Owner | None:
        return self.owners.get(self._key(name)) or self._owners.get(name)

    def _own(self, key: str, name: str, *, by_settings: bool = False) -> None:
        self.owners[self._key(name)] = Owner(f"{self._what}{key!r}", by_settings)
