"""The person behind the API user, whom the CRM names at each login, and what it decrypted: neither
gets into a cassette.

What is replaced is known while it is recorded and forgotten afterwards, so nothing in the file
leads back to it. When the cassette is played, the placeholders match whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import permutations
from typing import Any, Final

from .forms import pattern_of
from .scrub import SECRET

PERSON: Final = "<PERSON>"

_ABOUT_THE_USER: Final = frozenset({"login", "me", "extendsession"})
_AUTH: Final = "/modules/RestfulApi/auth/"

_IMPERSONAL: Final = re.compile(
    r"id|.*_id|userid|version|vtigerversion|sessionname|sessionid|username|user_name|token|is_.*"
    r"|status|language|roleid|deleted|.*(?:zone|format|currency|separator|decimals|hour|day|view"
    r"|interval|theme|count|time|period|duration|truncate|records?|rows?)",
    re.IGNORECASE,
)
"""Facts about a user that are kept: settings of which the library makes use, and ids."""
_PLAIN: Final = re.compile(r"[0-9]+x[0-9]+|[01]|on|off|true|false|", re.IGNORECASE)
_TELLING: Final = re.compile(r"name|label|mail|phone|mobile|fax|skype|login", re.IGNORECASE)
"""Facts that are looked for in all other texts, too."""
_NOBODY: Final = frozenset({"admin", "administrator", "api", "root", "user", "standarduser"})
_BEFORE: Final = r"""(?:(?<!\w)|(?<=%[0-9a-f]{2})|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4}))"""
"""A word begins here, also behind something that is escaped."""
_SHORTEST: Final = 3
"""Shorter ones would be found in every second word; alone in a value they are replaced as well."""
_LONGEST_NAME: Final = 40
_NAMES: Final = 6
_IDENTIFIER: Final = re.compile(r"\w+", re.ASCII)


def is_about_the_user(operation: str, path: str) -> bool:
    """Whether the answer of such a request tells who the API user is."""
    return operation.lower() in _ABOUT_THE_USER or path.startswith(_AUTH)


def is_clear_text(operation: str) -> bool:
    """Whether the answer is what the CRM keeps encrypted."""
    return operation.lower() == "decrypt"


def texts_in(value: Any) -> Iterator[str]:
    """Every text in an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_in(inner)


class Person:
    """What is known of the API user so far."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._texts: set[str] = set()
        self._clear: set[str] = set()

    def meet(self, answer: Any, *, about_the_user: bool) -> None:
        """Learn from an answer: all of it, or the rows in it that are of the user."""
        for facts in _objects(answer):
            id_ = facts.get("userId") or (facts.get("id") if about_the_user else None)
            if isinstance(id_, str):
                self._ids.add(id_)
        for facts in _objects(answer):
            id_ = facts.get("id")
            if about_the_user or (isinstance(id_, str) and id_ in self._ids):
                told = [
                    value.strip()
                    for key, value in facts.items()
                    if _TELLING.search(key) and _is_personal(key, value)
                ]
                # Short names are found where they stand together.
                self._texts.update(told, *(_together(told, mark) for mark in (" ", ", ")))

    def called(self, username: str) -> None:
        """Learn the name that the user logs in by, unless it is a word like any other."""
        if username and username.lower() not in _NOBODY:
            self._texts.add(username)

    def decrypted(self, answer: Any) -> None:
        """Learn what the CRM decrypted."""
        self._clear.update(text for text in texts_in(answer) if text.strip())

    def without(self, value: Any, *, about_the_user: bool = False) -> Any:
        """A JSON value without the person and without what was decrypted."""
        if isinstance(value, dict):
            own = about_the_user or value.get("id") in self._ids
            return {
                self._key(str(key)): (
                    PERSON
                    if own and _is_personal(str(key), inner)
                    else self.without(inner, about_the_user=about_the_user)
                )
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.without(inner, about_the_user=about_the_user) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def _key(self, key: str) -> str:
        """The name of a field stays, whoever is called so."""
        return key if _IDENTIFIER.fullmatch(key) else self.text(key)

    def text(self, text: str) -> str:
        """A text without them; where it holds one of them alone, nothing is left of it."""
        if text in self._clear:
            return SECRET
        if text in self._texts:
            return PERSON
        for known, placeholder in ((self._clear, SECRET), (self._texts, PERSON)):
            pattern = _pattern(frozenset(known))
            text = pattern.sub(placeholder, text) if pattern is not None else text
        return text


def is_same(recorded: str, asked: str) -> bool:
    """Whether a recorded text with placeholders may have been this one."""
    parts = re.split(f"{re.escape(PERSON)}|{re.escape(SECRET)}", recorded)
    pattern = r"[^\"'\\]*".join(map(re.escape, parts))
    return len(parts) > 1 and re.fullmatch(pattern, asked) is not None


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _objects(inner)


def _together(texts: Sequence[str], mark: str) -> Iterator[str]:
    """Two of them in either order, as first and last names are written; addresses are not."""
    short = [each for each in texts if len(each) <= _LONGEST_NAME and "@" not in each][:_NAMES]
    return (f"{one}{mark}{other}" for one, other in permutations(short, 2))


def _is_personal(key: str, value: Any) -> bool:
    return (
        isinstance(value, str)
        and _IMPERSONAL.fullmatch(key) is None
        and _PLAIN.fullmatch(value.strip()) is None
    )


@lru_cache(maxsize=16)
def _pattern(texts: frozenset[str]) -> re.Pattern[str] | None:
    """Finds them as whole words, in any case, and in whatever form they are written down."""
    long = [text for text in texts if len(text) >= _SHORTEST]
    if not long:
        return None
    either = pattern_of(long, any_case=True)
    return re.compile(rf"{_BEFORE}(?:{either})(?!\w)", re.IGNORECASE)
