"""What must not get into a cassette, and what stands there instead.

Replacements depend on the text alone, never on the order of calls: a request made later, when
the cassette is played, is scrubbed the same way and so still finds its answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from functools import lru_cache
from typing import Any, Final

from .._dataclass import dataclass
from .forms import pattern_of

SESSION: Final = "<SESSION>"
TOKEN: Final = "0" * 32
SECRET: Final = "<SECRET>"
USER: Final = "<USER>"

_SECRET_KEY: Final = re.compile(
    r"accesskey|access_key|password|crypt_type|user_hash|^token$|^key$|authorization",
    re.IGNORECASE,
)
_SESSION_KEY: Final = re.compile(r"^(sessionname|sessionid|phpsessid)$", re.IGNORECASE)
_LOGIN_KEY: Final = re.compile(r"^(username|login)$", re.IGNORECASE)
_USER_KEY: Final = re.compile(r"^(username|user_name|login)$", re.IGNORECASE)
_NAME_KEY: Final = re.compile(
    r"^(first_?name|last_?name|label|accountname|vendorname|fullname|displayname)$",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_HASHED_PASSWORD: Final = re.compile(r"\$(?:2[aby]|1|5|6)\$[./A-Za-z0-9$]{20,}")
_TOKEN: Final = re.compile(r"\b[0-9a-f]{32}\b")
_URL_HOST: Final = re.compile(r"(https?://)[^/\s\"'<>]+(/[^\s\"'<>]*(?:module=|restapi/|view/))")
_CONDITION: Final = re.compile(
    r"\b(\w+)(\s*(?:=|!=|<=|>=|<|>|\blike\b|\bin\b)\s*)(\((?:[^()']|'(?:[^']|'')*')*\)|'(?:[^']|'')*')",
    re.IGNORECASE,
)
_LITERAL: Final = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Scrub:
    """What is taken out of recorded traffic.

    Access keys, session ids, passwords, what the CRM decrypts, and the API user's name, e-mail and
    telephone numbers always go.
    `names` replaces the names of people and companies (by the fields that hold them), `emails`
    every e-mail address in any text; the same original gives the same replacement. `fields` are
    further wire names whose values go, and `secrets` further texts that go wherever they occur.
    """

    names: bool = False
    emails: bool = False
    fields: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """Parameters of a request; JSON inside a parameter is scrubbed as JSON."""
        return {name: self._param(name, value) for name, value in params.items()}

    def _param(self, name: str, value: Any) -> Any:
        if _LOGIN_KEY.match(name):
            return USER
        if not isinstance(value, str):
            return self.value(value, name)
        if name == "query":
            return self.text(_CONDITION.sub(self._condition, value))
        if value[:1] in {"{", "["}:
            try:
                return json.dumps(self.value(json.loads(value)), ensure_ascii=False)
            except (ValueError, RecursionError):
                pass
        return self.value(value, name)

    def _condition(self, match: re.Match[str]) -> str:
        name, operator, literals = match.groups()

        def one(literal: re.Match[str]) -> str:
            value = str(self.value(literal[1].replace("''", "'"), name))
            return "'" + value.replace("'", "''") + "'"

        return name + operator + _LITERAL.sub(one, literals)

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value found under `key`, and everything inside it."""
        if isinstance(value, dict):
            # The label of a record is a name; that of a module, field or picklist value is not.
            record = "id" in value
            return {
                name: self.value(inner, "" if name == "label" and not record else str(name))
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self.value(inner, key) for inner in value]
        if not isinstance(value, str) or not value:
            return value
        replacement = self._replacement(key)
        return replacement(value) if replacement is not None else self.text(value)

    def _replacement(self, key: str) -> Callable[[str], str] | None:
        if _SESSION_KEY.search(key):
            return lambda _: SESSION
        if _SECRET_KEY.search(key):
            return lambda _: SECRET
        if _USER_KEY.match(key):
            return lambda _: USER
        if key in self.fields:
            return lambda value: f"<{key} {_mark(value)}>"
        if self.names and _NAME_KEY.match(key):
            return lambda value: f"Name {_mark(value)}" if value.strip() else value
        return None

    def text(self, text: str) -> str:
        """Text that is not JSON, or a value whose key says nothing."""
        text = without_secrets(text, self.secrets)
        text = _TOKEN.sub(TOKEN, _HASHED_PASSWORD.sub(SECRET, text))
        text = _URL_HOST.sub(r"\1crm.example\2", text)
        if self.emails:
            text = _EMAIL.sub(lambda found: f"mail-{_mark(found[0])}@example.com", text)
        return text

    def with_secrets(self, *secrets: str) -> Scrub:
        """The same, with further texts to take out wherever they occur.

        Short ones are left: they would be found inside ordinary words.
        """
        known = dict.fromkeys((*self.secrets, *(each for each in secrets if len(each) >= 6)))
        return Scrub(self.names, self.emails, self.fields, tuple(known))


def without_secrets(value: Any, secrets: tuple[str, ...]) -> Any:
    """A JSON value without these texts, in whatever form they are written down in it."""
    pattern = _pattern(secrets)
    if pattern is None:
        return value

    def clean(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {clean(key): clean(each) for key, each in inner.items()}
        if isinstance(inner, list):
            return [clean(each) for each in inner]
        return pattern.sub(SECRET, inner) if isinstance(inner, str) else inner

    return clean(value)


@lru_cache(maxsize=256)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    texts = {secret for secret in secrets if secret}
    return re.compile(pattern_of(texts)) if texts else None


def secrets_in(body: bytes) -> list[str]:
    """Session ids, tokens, keys and hashes that an answer tells: other texts may repeat them."""
    found: list[str] = []

    def walk(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, str(name))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, str) and (_SESSION_KEY.match(key) or _SECRET_KEY.search(key)):
            found.append(value)

    with suppress(ValueError, RecursionError):  # no JSON, or deeper than anybody reads
        walk(json.loads(body), "")
    return [each for each in found if len(each) >= 6]


def _mark(text: str) -> str:
    """Five digits that tell originals apart and lead back to none."""
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:5]
