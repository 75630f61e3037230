"""``vtiger-orm serve``: the embedded CRM on a socket of this machine."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import threading
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from vtiger_orm.errors import VtigerError

from ..text.terminal import escaped, escaped_lines

if TYPE_CHECKING:
    from vtiger_orm.emulator import CallRecord, Crm

PROFILES = ("stock-8.0-php8", "stock-7", "cloud")
_BOTH_WAYS = (
    "# webservice.php is found first at this address: for Cloud's REST API give --dialect cloud "
    "to pull, or dialect='cloud' to a session."
)


@click.command(name="serve")
@click.option(
    "--schema",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Snapshot folder written by 'pull'. Default: the demo CRM.",
)
@click.option(
    "--data",
    default="auto",
    show_default=True,
    metavar="demo|none|N|FILE",
    help="Demo records, none, N made-up records of each module, or a JSON file "
    '{"Module": [{"field": "value"}]}. auto: demo for the demo schema, else none.',
)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that keeps the records. Default: memory.",
)
@click.option("--port", default=0, show_default="a free one", help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--profile",
    type=click.Choice(("auto", *PROFILES)),
    default="auto",
    show_default=True,
    help="Kind of server to be. auto: the one that comes nearest to that of the snapshot.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="MS",
    help="Milliseconds that each answer takes longer.",
)
@click.option("--user", help="User whose access is printed. Default: the administrator.")
@click.option("--quiet", is_flag=True, help="Do not print a line for each call.")
def serve(
    schema: Path | None,
    data: str,
    database: Path | None,
    port: int,
    host: str,
    profile: str,
    latency: float,
    user: str | None,
    quiet: bool,
) -> None:
    """Run a Vtiger CRM on this machine, for development and demos.

    Prints the three 'export VTIGER_...' lines that an application needs to reach it, then a line
    for each call. Ctrl-C ends it.
    """
    try:
        crm = _open(schema, data, database, profile, latency)
    except VtigerError as error:  # an extra is missing, or the snapshot cannot be read
        raise click.ClickException(escaped_lines(str(error))) from error
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"{data} is not JSON: {error}", param_hint="--data") from error
    except ValueError as error:
        raise click.BadParameter(escaped_lines(str(error)), param_hint="--data") from error
    except sqlite3.Error as error:
        raise click.BadParameter(
            f"{database} cannot be used as a SQLite file: {error}.", param_hint="--database"
        ) from error
    with crm:
        try:
            name, key = crm.credentials(user)
        except LookupError as error:
            raise click.BadParameter(str(error), param_hint="--user") from error
        if not quiet:
            crm.listeners.append(_print_call)
        try:
            server = crm.serve(port, host=host)
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {host}:{port}: {error.strerror}. "
                "Choose another --port, or none for a free one."
            ) from error
        with server:
            click.echo(f"export VTIGER_URL={quote(server.url)}")
            click.echo(f"export VTIGER_USERNAME={quote(name)}")
            click.echo(f"export VTIGER_ACCESS_KEY={quote(key)}")
            sys.stdout.flush()
            if crm.profile.cloud and not quiet:
                click.echo(_BOTH_WAYS, err=True)
            _wait()


def _open(
    schema: Path | None, data: str, database: Path | None, profile: str, latency: float
) -> Crm:
    from vtiger_orm.emulator import Crm

    count = int(data) if data.isdigit() else None
    content: Any = data
    if data == "none" or count is not None:
        content = None
    elif data not in {"auto", "demo"}:
        content = Path(data)
        if not content.is_file():
            raise click.BadParameter(
                f"{data!r} is neither demo, none, a number nor a file.", param_hint="--data"
            )
    crm = Crm(
        schema,
        data=content,
        database=database if database is not None else ":memory:",
        profile=profile,
        latency=latency / 1000,
    )
    if count and crm.engine.is_empty:  # a file keeps what it has
        from vtiger_orm.testing.factory import fill

        fill(crm, count)
    return crm


def _print_call(record: CallRecord) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {escaped(record.line())}", err=True)


def _wait() -> None:
    """Until Ctrl-C or a request to terminate."""
    ended = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    ended.wait()
