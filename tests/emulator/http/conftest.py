"""A small CRM without demo data, and raw requests to it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Request, Response


class Wire:
    """Raw requests, as a careless or a careful client would make them."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm
        self.session = ""

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, /, **params: str
    ) -> Response:
        query = f"?{urlencode(params)}" if params else ""
        return self.crm.handle(Request("GET", path + query, tuple((headers or {}).items())))

    def post(self, path: str, headers: Mapping[str, str] | None = None, /, **form: str) -> Response:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.crm.handle(Request("POST", path, tuple(sent.items()), urlencode(form).encode()))

    def challenge(self, user: str = "admin") -> str:
        answer = self.get("/webservice.php", operation="getchallenge", username=user)
        return str(answer.json()["result"]["token"])

    def login(self, user: str = "admin", token: str | None = None, key: str | None = None) -> Any:
        token = self.challenge(user) if token is None else token
        key = self.crm.credentials(user)[1] if key is None else key
        digest = hashlib.md5((token + key).encode()).hexdigest()
        return self.post(
            "/webservice.php", operation="login", username=user, accessKey=digest
        ).json()

    def logged_in(self, user: str = "admin") -> Wire:
        self.session = self.login(user)["result"]["sessionName"]
        return self

    def ask(self, operation: str, **params: str) -> Any:
        """A GET operation of ``webservice.php``; the answer's JSON."""
        return self.get(
            "/webservice.php", operation=operation, sessionName=self.session, **params
        ).json()

    def tell(self, operation: str, **form: Any) -> Any:
        """A POST operation of ``webservice.php``."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in form.items()
        }
        return self.post(
            "/webservice.php", operation=operation, sessionName=self.session, **texts
        ).json()

    def create(self, module: str, **element: str) -> Any:
        values = {"assigned_user_id": "19x1", **element}
        return self.tell("create", elementType=module, element=values)["result"]

    def rows(self, statement: str) -> Any:
        return self.ask("query", query=statement)["result"]


def basic(user: str, key: str) -> dict[str, str]:
    token = base64.b64encode(f"{user}:{key}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


@pytest.fixture(scope="session")
def empty_templates() -> Iterator[dict[str, Crm]]:
    profiles = ("stock-8.0-php8", "stock-7", "cloud")
    crms = {name: Crm(data=None, profile=name) for name in profiles}
    yield crms
    for crm in crms.values():
        crm.close()


@pytest.fixture
def crm(empty_templates: dict[str, Crm]) -> Iterator[Crm]:
    with empty_templates["stock-8.0-php8"].copy() as crm:
        yield crm


@pytest.fixture
def crm7(empty_templates: dict[str, Crm]) -> Iterator[Crm]:
    with empty_templates["stock-7"].copy() as crm:
        yield crm


@pytest.fixture
def cloud(empty_templates: dict[str, Crm]) -> Iterator[Crm]:
    with empty_templates["cloud"].copy() as crm:
        yield crm


@pytest.fixture
def wire(crm: Crm) -> Wire:
    return Wire(crm)


@pytest.fixture
def wire7(crm7: Crm) -> Wire:
    return Wire(crm7)


@pytest.fixture
def admin_headers(cloud: Crm) -> dict[str, str]:
    return basic(*cloud.credentials())
