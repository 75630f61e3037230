"""A request and a response as plain frozen values: all that the faces know of HTTP.

`Crm.handle` maps one to the other; the socket server and the httpx transport carry them.
How an answer travels (late, cut short, not at all) is part of the value, in `Delivery`, so that
every carrier plays the same faults.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from .engine import UploadedFile
from .multipart import Damaged, parse_multipart
from .printing import printed

PhpValue: TypeAlias = "str | dict[str, PhpValue]"
"""A request parameter as PHP sees it: text, or an array (``name[]=x`` and ``name[key]=x``)."""

_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")

# What PHP takes of a request unless it is told otherwise (max_input_vars, ..._nesting_level).
_MOST_VARIABLES: Final = 1000
_DEEPEST: Final = 64


def _decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def php_parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, PhpValue]:
    """Name and value pairs as PHP builds ``$_GET`` and ``$_POST`` from them.

    The last of equal names wins, ``name[]`` and ``name[key]`` make arrays, blanks and dots of a
    name become underscores; arrays that are nested too deeply are left out.
    """
    result: dict[str, PhpValue] = {}
    for name, value in pairs:
        bracket = name.find("[")
        if bracket <= 0:
            result[re.sub(r"[ .]", "_", name)] = value
            continue
        keys = _BRACKETS.findall(name[bracket:])
        if len(keys) > _DEEPEST:
            continue
        node: dict[str, PhpValue] = result
        key = re.sub(r"[ .]", "_", name[:bracket])
        for inner in keys:
            child = node.get(key)
            if not isinstance(child, dict):
                child = node[key] = {}
            node, key = child, inner or str(len(child))
        node[key] = value
    return result


def parse_urlencoded(text: str) -> dict[str, PhpValue]:
    """``a=1&b=2`` as PHP reads it from a query string or a form body: not more than its most."""
    parts = text.split("&", _MOST_VARIABLES)[:_MOST_VARIABLES]
    pairs = (part.partition("=") for part in parts if part)
    return php_parameters((_decode(name), _decode(value)) for name, _, value in pairs)


@dataclass(frozen=True)
class Request:
    """One HTTP request. `target` is what stands in the request line, `client` the peer's IP."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    client: str = "127.0.0.1"

    @cached_property
    def path(self) -> str:
        """The path, percent-decoded, without the query string."""
        return unquote_to_bytes(self.target.partition("?")[0]).decode("utf-8", "replace")

    @cached_property
    def raw_path(self) -> str:
        """The path as it was sent: what a rewrite rule of the web server looks at."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The value of a header, or an empty string; the case of the name does not matter."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @cached_property
    def query(self) -> dict[str, PhpValue]:
        """Parameters of the URL."""
        return parse_urlencoded(self.target.partition("?")[2])

    @cached_property
    def cookies(self) -> dict[str, str]:
        parts = (part.strip().partition("=") for part in self.header("cookie").split(";"))
        return {name: _decode(value) for name, _, value in parts if name}

    @cached_property
    def _multipart(self) -> tuple[dict[str, PhpValue], tuple[UploadedFile, ...]] | None:
        try:
            fields, files = parse_multipart(self.header("content-type"), self.body)
        except Damaged:
            return None
        return php_parameters(fields), files

    @cached_property
    def is_multipart(self) -> bool:
        return self.header("content-type").lower().startswith("multipart/form-data")

    @cached_property
    def form(self) -> dict[str, PhpValue]:
        """Parameters of the body: urlencoded or multipart, of POST only, as in PHP.

        A body of another type (JSON) has none.
        """
        if self.method != "POST":
            return {}
        if self.is_multipart:
            return self._multipart[0] if self._multipart is not None else {}
        if self.header("content-type").lower().startswith("application/x-www-form-urlencoded"):
            return parse_urlencoded(self.body.decode("utf-8", "replace"))
        return {}

    @property
    def files(self) -> tuple[UploadedFile, ...]:
        """Uploaded files, in order."""
        if self.method != "POST" or not self.is_multipart or self._multipart is None:
            return ()
        return self._multipart[1]

    @property
    def is_damaged(self) -> bool:
        """Whether it has a multipart body that cannot be read whole; it has no fields then."""
        return self.method == "POST" and self.is_multipart and self._multipart is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer travels to the client."""

    delay: float = 0.0
    """Seconds that the carrier waits before it sends anything."""
    dropped: bool = False
    """The connection is closed without an answer."""
    cut_after: int | None = None
    """The connection is closed after so many bytes of the body; the headers promise all of it."""
    keep_alive: bool = False
    """Whether the connection may be used again."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. An empty `reason` stands for the usual phrase of the status."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    delivery: Delivery = field(default_factory=Delivery)

    def header(self, name: str) -> str:
        """The value of a header, or an empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def json(self) -> Any:
        """The body as JSON; raises `ValueError` when it is something else."""
        return json.loads(self.body)


HTML = "text/html; charset=UTF-8"


def json_response(
    content: object,
    *,
    status: int = 200,
    reason: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer of the API, printed as PHP prints JSON (compact, ASCII, slashes escaped)."""
    return Response(
        status=status,
        body=printed(content),
        headers=(("Content-Type", "application/json"), *(headers or {}).items()),
        reason=reason,
    )


def text_response(text: str = "", *, status: int = 200, reason: str = "") -> Response:
    """An answer that is not the API's: what PHP or the web server prints by itself."""
    return Response(
        status=status,
        body=text.encode(),
        headers=(("Content-Type", HTML),),
        reason=reason,
    )


def success(result: object) -> dict[str, object]:
    """The envelope of a result."""
    return {"success": True, "result": result}


def failure(code: object, message: object) -> dict[str, object]:
    """The envelope of an error."""
    return {"success": False, "error": {"message": message, "code": code}}
