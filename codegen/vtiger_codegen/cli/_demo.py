"""The embedded CRM in place of one of yours, for a first look: ``--demo``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from vtiger_orm import Package, Session

_C = TypeVar("_C", bound=Callable[..., object])


def demo_option(command: _C) -> _C:
    """``--demo``, as an argument `demo`."""
    return click.option("--demo", is_flag=True, help="The embedded CRM instead of one of yours.")(
        command
    )


def demo_schema() -> Path:
    """The snapshot of the embedded CRM, with its names.lock; nothing is written there."""
    import vtiger_orm.emulator

    return Path(vtiger_orm.emulator.__file__).parent / "demo"


@contextmanager
def demo_session(package: Package, *, read_only: bool) -> Iterator[Session]:
    """A session on a fresh embedded CRM of this process; it is gone afterwards."""
    from vtiger_orm import Session
    from vtiger_orm.emulator import Crm

    with (
        Crm() as crm,
        Session(
            crm.url,
            *crm.credentials(),
            dialect="webservice",
            package=package,
            transport=crm.transport(),
            async_transport=crm.transport(),
            read_only=read_only,
        ) as session,
    ):
        yield session
