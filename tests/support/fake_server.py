"""A scripted server: just enough of `webservice.php` and the Cloud to be talked to."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from vtiger_orm.session import RetryPolicy, Session

USER, KEY = "admin", "canary-access-key-7f3a"
FAST = RetryPolicy(attempts=3, first_delay=0.001, longest_delay=0.002)

Answer = httpx.Response | Exception | Callable[[dict[str, str]], httpx.Response]


def ok(result: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "result": result}, headers=headers)


def refused(code: str | int, message: str = "no", status: int = 200) -> httpx.Response:
    error = {"code": code, "message": message}
    return httpx.Response(status, json={"success": False, "error": error})


class FakeServer:
    """Answers logins itself, and every other operation from a script or with its default."""

    def __init__(self, *, version: str = "8.0.0") -> None:
        self.version = version
        self.user_id = "19x1"
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.urls: list[str] = []
        self.sessions: set[str] = set()
        self.scripts: dict[str, deque[Answer]] = {}
        self.defaults: dict[str, Answer] = {}
        self.challenges = 0
        self.concurrent = 0
        self.most_concurrent = 0
        self._token = ""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    # What a test arranges

    def script(self, operation: str, *answers: Answer) -> None:
        self.scripts.setdefault(operation, deque()).extend(answers)

    def always(self, operation: str, answer: Answer) -> None:
        self.defaults[operation] = answer

    def expire(self) -> None:
        self.sessions.clear()

    def session(self, **settings: Any) -> Session:
        settings.setdefault("retry", FAST)
        settings.setdefault("dialect", "webservice")
        transport = settings.pop("transport", httpx.MockTransport(self.handle))
        return Session("https://crm.test", USER, KEY, transport=transport, **settings)

    # What a test looks at

    @property
    def operations(self) -> list[str]:
        """Operations asked for, logins left out."""
        return [name for name, _ in self.requests if name not in ("getchallenge", "login")]

    @property
    def logins(self) -> int:
        return sum(name == "login" for name, _ in self.requests)

    # The server

    def handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.concurrent += 1
            self.most_concurrent = max(self.most_concurrent, self.concurrent)
        try:
            return self._answer(request)
        finally:
            with self._lock:
                self.concurrent -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        address = urlsplit(str(request.url))
        given = dict(parse_qsl(address.query, keep_blank_values=True))
        body = request.content.decode("utf-8", "replace")
        if request.headers.get("content-type", "").startswith("application/x-www-form"):
            given |= dict(parse_qsl(body, keep_blank_values=True))
        if "/restapi/" in address.path:
            operation = address.path.rsplit("/", 1)[-1]
        else:
            operation = given.get("operation", "")
        with self._lock:
            self.requests.append((operation, given))
            self.urls.append(str(request.url))
            script = self.scripts.get(operation)
            known = given.get("sessionName") in {*self.sessions, None}
            default = self.defaults.get(operation) if known else None
            answer = script.popleft() if script else default
        if answer is None:
            answer = self._by_itself(operation, given, request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(given)

    def _by_itself(
        self, operation: str, given: dict[str, str], request: httpx.Request
    ) -> httpx.Response:
        if "/restapi/" in request.url.path:
            pair = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {pair}":
                return refused("ACCESS_DENIED", "Invalid authentication information", 401)
            if operation == "me":
                return ok({"id": "19x1", "user_name": USER, "time_zone": "UTC"})
            return ok([])
        if operation == "getchallenge":
            self.challenges += 1
            self._token = f"token{self.challenges}"
            return ok({"token": self._token, "serverTime": 1, "expireTime": 301})
        if operation == "login":
            proof = hashlib.md5((self._token + KEY).encode()).hexdigest()
            if given.get("accessKey") != proof:
                return refused("INVALID_USER_CREDENTIALS", "Invalid username or password")
            name = f"canary-session-{next(self._numbers)}"
            self.sessions.add(name)
            return ok(
                {
                    "sessionName": name,
                    "userId": self.user_id,
                    "version": "0.22",
                    "vtigerVersion": self.version,
                    "username": USER,
                    "email": "ada@example.com",
                }
            )
        if "sessionName" not in given:
            return refused("AUTHENTICATION_REQUIRED", "Authencation required")
        if given["sessionName"] not in self.sessions:
            return refused("INVALID_SESSIONID", "Session Identifier provided is Invalid")
        return ok([])


def rows(*numbers: int) -> httpx.Response:
    return ok([{"id": f"12x{number}"} for number in numbers])


def element(given: dict[str, str]) -> Any:
    return json.loads(given["element"])
