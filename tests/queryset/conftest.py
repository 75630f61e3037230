"""The embedded CRM with few or many records, and a session of the sample package on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.queryset import sample
from vtiger_orm.emulator import Crm
from vtiger_orm.session import Session


@pytest.fixture(scope="module")
def demo() -> Iterator[Crm]:
    """The demo CRM; tests of a module share it and only read."""
    with Crm() as crm:
        yield crm


@pytest.fixture
def crm() -> Iterator[Crm]:
    """An empty CRM with the demo schema."""
    with Crm(data=None) as crm:
        yield crm


def session_on(crm: Crm, user: str | None = None, **settings: Any) -> Session:
    """A session of the sample package, without a socket."""
    transport = crm.transport()
    return sample.package.connect(
        crm.url,
        *crm.credentials(user),
        transport=transport,
        async_transport=transport,
        **settings,
    )
