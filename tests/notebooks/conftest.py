"""A session on an embedded CRM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generated.demo import connect
from tests.support.fake_server import FAST
from vtiger_orm import Session
from vtiger_orm.emulator import Crm


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        async_transport=crm.transport(),
        retry=FAST,
    ) as session:
        session.identify()
        yield session
