"""vtiger-orm demo: the whole story on the embedded CRM, or read-only on yours."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..live.options import connecting

if TYPE_CHECKING:
    from vtiger_orm import Session


@click.command(short_help="The whole story on the embedded CRM, or read-only on yours.")
@click.option(
    "--profile",
    default="stock-8.0-php8",
    show_default=True,
    type=click.Choice(["stock-8.0-php8", "stock-7", "cloud"]),
    help="Kind of server the embedded CRM is.",
)
@connecting
def demo(url: str | None, dialect: str | None, profile: str) -> None:
    """Serve a CRM, pull, generate, type-check an application, query and write.

    Everything is made in a temporary folder that is removed at the end. With --url the CRM is a
    real one, reached with VTIGER_USERNAME and VTIGER_ACCESS_KEY, and nothing is written to it.
    """
    from rich.console import Console

    from ..demo.story import Story

    console = Console(highlight=False)
    opened = _real(url, dialect) if url else _embedded(profile, console)
    with opened as session, tempfile.TemporaryDirectory(prefix="vtiger-orm-") as folder:
        Story(console, session, Path(folder)).tell(read_only=url is not None)
    console.print(
        "\n[bold green]That was it.[/] On your CRM:  vtiger-orm whoami --url URL,"
        "  vtiger-orm pull,  vtiger-orm generate\n"
    )


@contextlib.contextmanager
def _embedded(profile: str, console: object) -> Iterator[Session]:
    from rich.console import Console

    from vtiger_orm import Session
    from vtiger_orm.emulator import Crm

    assert isinstance(console, Console)
    with Crm(profile=profile) as crm, crm.serve() as server:
        console.print(f"[bold]The embedded CRM[/] ({profile}) listens on {server.url}")
        with Session(server.url, *crm.credentials()) as session:
            yield session


@contextlib.contextmanager
def _real(url: str, dialect: str | None) -> Iterator[Session]:
    from ..config import load_config
    from ..live.credentials import open_session

    with open_session(url, dialect, load_config()) as session:
        yield session
