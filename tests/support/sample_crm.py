"""The embedded CRM with few or many records, and a session of the sample package on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import sample_package as sample
from vtiger_orm.emulator import Crm
from vtiger_orm.session import Session


@pytest.fixture(scope="module")
def demo() -> Iterator[Crm]:
    """The demo CRM; tests of a module share it and only read."""
    with Crm() as empty_crm:
        yield empty_crm


@pytest.fixture
def empty_crm() -> Iterator[Crm]:
    """An empty CRM with the demo schema."""
    with Crm(data=None) as empty_crm:
        yield empty_crm


def session_on(empty_crm: Crm, user: str | None = None, **settings: Any) -> Session:
    """A session of the sample package, without a socket."""
    transport = empty_crm.transport()
    return sample.package.connect(
        empty_crm.url,
        *empty_crm.credentials(user),
        transport=transport,
        async_transport=transport,
        **settings,
    )
