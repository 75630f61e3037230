"""The generated demo package against the demo CRM: both dialects, in-process and over sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import generated.demo as demo
from vtiger_orm.emulator import Crm
from vtiger_orm.session import Session

Connect = Callable[..., Session]

PROFILES = {"webservice": "stock-8.0-php8", "cloud": "cloud"}


@pytest.fixture(scope="module", params=["webservice", "cloud"])
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    """The demo CRM as one kind of server; tests leave its records as they found them."""
    with Crm(profile=PROFILES[request.param]) as crm:
        yield crm


@pytest.fixture(scope="module", params=["in-process", "http"])
def connect(request: pytest.FixtureRequest, crm: Crm) -> Iterator[Connect]:
    """`connect` of the generated package, told where the CRM is."""
    dialect = "cloud" if crm.profile.cloud else "webservice"

    def arguments(url: str, **settings: Any) -> Session:
        return demo.connect(url, *crm.credentials(), **{"dialect": dialect, **settings})

    if request.param == "http":
        with crm.serve() as server:
            yield lambda **settings: arguments(server.url, **settings)
    else:
        doors = {"transport": crm.transport(), "async_transport": crm.transport()}
        yield lambda **settings: arguments(crm.url, **{**doors, **settings})
