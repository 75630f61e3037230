"""Recorded traffic as a JSON file: requests as their parameters, answers as their JSON.

Hosts, headers and cookies are not kept, so a cassette plays at any address and for any user.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from vtiger_orm._files import write_whole
from vtiger_orm.errors import InvalidValue, suggest

from .._dataclass import dataclass
from .people import is_same
from .scrub import SECRET, SESSION, USER, Scrub, without_secrets

FORMAT: Final = 1

_ROOTS: Final = ("/webservice.php", "/restapi/", "/modules/RestfulApi/")
_TOKEN_IN_PATH: Final = re.compile(r"/[a-zA-Z0-9]{32}(?=/|$)")
_LOGIN_IN_PATH: Final = re.compile(r"(/modules/RestfulApi/auth/).*", re.IGNORECASE)
_LOGINS: Final = frozenset({"getchallenge", "login", "extendsession", "logout", "me"})
_KEPT_HEADERS: Final = (
    *("content-type", "retry-after", "www-authenticate", "x-vtiger-version"),
    *("x-floodcontrol-", "x-ratelimit-"),
)
"""Beginnings of headers that tell something of the server; others may tell of the session."""


class UnexpectedRequest(AssertionError):
    """A request that the cassette does not hold (any more)."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What was asked, scrubbed: no host, no headers."""

    method: str
    path: str
    params: dict[str, Any]
    form: dict[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        named = self.form.get("operation") or self.params.get("operation")
        return str(named or self.path.rpartition("/")[2])

    @property
    def key(self) -> str:
        """Equal for requests that ask the same."""
        return json.dumps(
            [self.method, self.path, self.params, self.form], sort_keys=True, ensure_ascii=False
        )

    def line(self) -> str:
        """One readable line."""
        named = {**self.params, **self.form}
        shown = {
            name: value
            for name, value in named.items()
            if name != "operation" and value not in {SESSION, SECRET, USER}
        }
        text = ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))
        return f"{self.method} {self.operation} {text}".rstrip()


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """The answer: JSON where it was JSON, else text (``broken`` marks a lost connection)."""

    status: int = 200
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    text: str | None = None
    broken: str | None = None

    def body(self) -> bytes:
        """The bytes to hand out."""
        if self.text is not None:
            return self.text.encode()
        return json.dumps(self.json, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(slots=True)
class _Call:
    request: RecordedRequest
    response: RecordedResponse
    played: int = 0


def _canonical_path(path: str) -> str:
    for root in _ROOTS:
        index = path.find(root)
        if index >= 0:
            path = path[index:]
            break
    path = _LOGIN_IN_PATH.sub(rf"\1{SECRET}", path)
    return _TOKEN_IN_PATH.sub(f"/{SESSION}", path)


def describe_request(
    method: str, path: str, query: str, content_type: str, body: bytes, scrub: Scrub
) -> RecordedRequest:
    """A request as a cassette keeps it; an uploaded file as its name, size and hash."""
    params = dict(parse_qsl(query, keep_blank_values=True))
    form: dict[str, Any] = {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        from vtiger_orm.emulator.multipart import parse_multipart

        fields, files = parse_multipart(content_type, body)
        form = dict(fields)
        for upload in files:
            digest = hashlib.sha256(upload.content).hexdigest()[:16]
            form[f"file:{upload.part}"] = f"{upload.name} ({len(upload.content)} bytes, {digest})"
    elif kind == "application/x-www-form-urlencoded":
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body:
        form = {"body": body.decode("utf-8", "replace")}
    return RecordedRequest(method, _canonical_path(path), scrub.params(params), scrub.params(form))


def describe_response(
    status: int, reason: str, headers: Mapping[str, str], body: bytes, scrub: Scrub
) -> RecordedResponse:
    """An answer as a cassette keeps it."""
    kept = {
        name.lower(): value
        for name, value in headers.items()
        if name.lower().startswith(_KEPT_HEADERS)
    }
    text = body.decode("utf-8", "replace")
    reason = scrub.text(reason)
    try:
        content = scrub.value(json.loads(text))
    except (ValueError, RecursionError):
        return RecordedResponse(status, reason, kept, text=scrub.text(text))
    return RecordedResponse(status, reason, kept, json=content)


class Cassette:
    """Calls in the order they were made. Safe to use from several threads."""

    def __init__(self, scrub: Scrub | None = None) -> None:
        self.scrub: Scrub = scrub or Scrub()
        self._calls: list[_Call] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request, oldest first."""
        return [call.request for call in self._calls]

    @property
    def unplayed(self) -> list[RecordedRequest]:
        """Requests that nobody has made while it was played; logins are not among them."""
        return [
            call.request
            for call in self._calls
            if not call.played and call.request.operation not in _LOGINS
        ]

    def add(self, request: RecordedRequest, response: RecordedResponse) -> None:
        with self._lock:
            self._calls.append(_Call(request, response))

    def replace(self, replacement: Callable[[Any], Any]) -> None:
        """Put what `replacement` makes of each value in its place, in requests and answers."""
        with self._lock:
            for call in self._calls:
                request, response = call.request, call.response
                call.request = replace(
                    request, params=replacement(request.params), form=replacement(request.form)
                )
                call.response = replace(
                    response,
                    reason=replacement(response.reason),
                    headers=replacement(response.headers),
                    json=replacement(response.json),
                    text=replacement(response.text),
                )

    def play(self, request: RecordedRequest) -> RecordedResponse:
        """The answer to a request: each is given once, in the recorded order; logins repeat.

        Raises `UnexpectedRequest` when there is none (left), naming the nearest one.
        """
        with self._lock:
            same = [call for call in self._calls if call.request.key == request.key] or [
                call for call in self._calls if is_same(call.request.key, request.key)
            ]
            found = next((call for call in same if not call.played), None)
            if found is None and same and request.operation in _LOGINS:
                found = same[-1]
            if found is not None:
                found.played += 1
                return found.response
        raise UnexpectedRequest(self._refusal(request, len(same)))

    def _refusal(self, request: RecordedRequest, times: int) -> str:
        if times:
            what = f"was made once more than the {times} time(s) it was recorded"
        else:
            what = "is not in the cassette"
        message = f"A request {what}:\n  {request.line()}\n"
        lines = [call.request.line() for call in self._calls]
        nearest = suggest(request.line(), lines, cutoff=0.3)
        if nearest and not times:
            message += f"The nearest recorded one:\n  {nearest}\n"
        return message + "Record it again, or make the test ask what was recorded."

    def save(self, path: str | Path, *, secrets: Iterable[str] = ()) -> None:
        """Write the file; readers see the old one or the new one, never half of it.

        `secrets` are texts that came up while it was recorded: they go wherever they occur.
        """
        known = tuple(sorted(secrets))
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "format": FORMAT,
            "scrubbed": {
                "names": self.scrub.names,
                "emails": self.scrub.emails,
                "fields": sorted(self.scrub.fields),
            },
            "calls": [_call_json(call, known) for call in self._calls],
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        write_whole(target, text.encode("utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> Cassette:
        """Read a file. Raises `FileNotFoundError`, or `InvalidValue`, a `ValueError`, for what is
        no cassette of this format."""
        try:
            return cls._read(json.loads(Path(path).read_bytes()))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InvalidValue(
                f"{path} is not a cassette of format {FORMAT}. Record it again."
            ) from None

    @classmethod
    def _read(cls, content: Any) -> Cassette:
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        scrubbed = content.get("scrubbed", {})
        cassette = cls(
            Scrub(
                names=bool(scrubbed.get("names")),
                emails=bool(scrubbed.get("emails")),
                fields=frozenset(scrubbed.get("fields", ())),
            )
        )
        for call in content["calls"]:
            cassette.add(
                RecordedRequest(**{"params": {}, **call["request"]}),
                RecordedResponse(**call["response"]),
            )
        return cassette


def _call_json(call: _Call, secrets: tuple[str, ...]) -> dict[str, Any]:
    request, response = call.request, call.response
    parts = {
        "request": _filled(
            method=request.method, path=request.path, params=request.params, form=request.form
        ),
        "response": _filled(
            ("text", "json"),
            status=response.status,
            reason=response.reason,
            headers=response.headers,
            text=response.text,
            broken=response.broken,
            json=response.json,
        ),
    }
    # Part by part: the words of the format stay, whatever a secret is.
    return {
        part: {name: without_secrets(value, secrets) for name, value in values.items()}
        for part, values in parts.items()
    }


def _filled(keep: Iterable[str] = (), **values: Any) -> dict[str, Any]:
    """Without what is empty, but a text may be."""
    return {
        name: value
        for name, value in values.items()
        if value not in (None, "", {}) or (name in keep and value is not None)
    }
