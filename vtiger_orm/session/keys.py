"""Where the access key comes from, and what is wrong with what was given as user, key or address.

A key that was pasted with a blank or a line end is refused by the server, five times over, in
words that say nothing of it; so it is looked at here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeAlias

from ..errors import ConfigError, MissingExtra

AccessKey: TypeAlias = "str | Callable[[], str]"
"""The key itself; ``keyring:SERVICE``, to read it from the system's keyring; or what returns it."""

_KEYRING: Final = "keyring:"
_BYTE_ORDER_MARK: Final = "\ufeff"


class KeySource:
    """The access key of a session, fetched at each login.

    The key is no part of its `repr`, nor of the variables that tracebacks show.
    """

    def __init__(self, username: str, source: AccessKey) -> None:
        self._username = username
        self._source = source
        if isinstance(source, str) and not source.startswith(_KEYRING):
            checked("access key", source)
        elif not isinstance(source, str) and not callable(source):
            raise ConfigError(
                "access_key is the key as text, 'keyring:SERVICE', or a function that returns it, "
                f"not {type(source).__name__}."
            )

    def __repr__(self) -> str:
        return "<access key>"

    @property
    def given(self) -> tuple[str, ...]:
        """The key, where it was given as text."""
        plain = isinstance(self._source, str) and not self._source.startswith(_KEYRING)
        return (str(self._source),) if plain else ()

    def fetch(self) -> str:
        """Raises `ConfigError` when there is no key, or a damaged one."""
        if not isinstance(self._source, str):
            key = self._source()
            if not isinstance(key, str) or not key:
                raise ConfigError(
                    "The function given as access_key returned "
                    f"{'nothing' if not key else type(key).__name__} instead of the key's text."
                )
        elif self._source.startswith(_KEYRING):
            key = self._from_keyring(self._source.removeprefix(_KEYRING))
        else:
            return self._source
        return checked("access key", key)

    def _from_keyring(self, service: str) -> str:
        try:
            keyring: Any = import_module("keyring")
        except ImportError:
            raise MissingExtra("An access key from the keyring", "keyring") from None
        try:
            key = keyring.get_password(service, self._username)
        except Exception as error:  # each system's keyring has exceptions of its own
            raise ConfigError(
                "The keyring could not be read, so the access key has to be given itself: "
                f"{type(error).__name__}: {error}"
            ) from None
        if not key:
            raise ConfigError(
                f"The keyring has no key of {self._username!r} for {service!r}. Put it there with: "
                f"keyring set {service} {self._username}"
            )
        return str(key)


def checked(what: str, text: str) -> str:
    """`text` as it is. Raises `ConfigError` when it is no text, or holds what no user name, key or
    address has, and never shows a key."""
    if not isinstance(text, str):
        raise ConfigError(f"The {what} must be text (str), not {type(text).__name__}.")
    wrong = _wrong(text, blanks_inside=what != "address")
    if wrong is None:
        return text
    raise ConfigError(
        f"The {what} {wrong}. It was probably copied with it, or read from a file with it: remove "
        "it. Nothing was sent."
    )


def _wrong(text: str, *, blanks_inside: bool) -> str | None:
    for character in text:
        if name := _unseen(character):
            return f"holds {name} (U+{ord(character):04X})"
    if any(each in "\r\n\v\f\u2028\u2029\x85" for each in text):
        return "holds a line end"
    if text != text.strip():
        return "begins or ends with a blank"
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        return "holds a control character"
    if not blanks_inside and any(each.isspace() for each in text):
        return "holds a blank"
    return None


def _unseen(character: str) -> str:
    """What nobody sees of a text, by its Unicode category; empty for all else."""
    if character == _BYTE_ORDER_MARK:
        return "a byte order mark"
    kinds = {"Cf": "an invisible character", "Cs": "half a character, a byte that is no UTF-8"}
    return kinds.get(unicodedata.category(character), "")
