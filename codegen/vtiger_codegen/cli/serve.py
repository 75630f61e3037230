"""``vtiger-orm serve``: the embedded CRM on a socket of this machine."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
import threading
from datetime import datetime
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from vtiger_orm.emulator.profiles import PROFILES
from vtiger_orm.errors import VtigerError

from ..text.terminal import escaped, escaped_lines, say

if TYPE_CHECKING:
    from vtiger_orm.emulator import CallRecord, Crm

_BOTH_WAYS = (
    "# webservice.php is found first at this address: for Cloud's REST API give --dialect cloud "
    "to pull, or dialect='cloud' to a session."
)
_LOUD = (
    "This CRM listens on {host}: other machines can reach it, and nothing that is sent is "
    "encrypted. Whoever has the access key above can read and change all of it."
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
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="a free one",
    help="Port to listen on.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Beyond this machine, no user keeps a key that everybody knows.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Host name by which clients call it, besides its addresses; repeatable.",
)
@click.option(
    "--key",
    envvar="VTIGER_SERVE_KEY",
    show_envvar=True,
    help="Access key of the user whose access is printed. Default: that of the --database, "
    "or the demo key.",
)
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
    names: tuple[str, ...],
    key: str | None,
    profile: str,
    latency: float,
    user: str | None,
    quiet: bool,
) -> None:
    """Run a Vtiger CRM on this machine, for development and demos.

    Prints the three 'export VTIGER_...' lines that an application needs to reach it, then a line
    for each call. Ctrl-C ends it.
    """
    with _opened(schema, data, database, profile, latency) as crm:
        _let_in(crm, user, key)
        if not quiet:
            crm.listeners.append(_print_call)
        try:
            server = crm.serve(port, host=host, names=names)
        except (OSError, UnicodeError) as error:
            raise click.ClickException(
                f"Cannot listen on {escaped(host)}:{port}: {_reason(error)}. "
                "Choose another --port, or none for a free one."
            ) from error
        name, key = crm.credentials(user)
        with server:
            click.echo(f"export VTIGER_URL={quote(server.url)}")
            click.echo(f"export VTIGER_USERNAME={quote(name)}")
            click.echo(f"export VTIGER_ACCESS_KEY={quote(key)}")
            sys.stdout.flush()
            if not server.is_local:
                say(_LOUD.format(host=server.host), err=True, fg="red", bold=True)
            if crm.profile.cloud and not quiet:
                click.echo(_BOTH_WAYS, err=True)
            _wait()
            click.echo("Stopped.", err=True)


class _Unusable(click.ClickException):
    """The value of an option cannot be used: told in one line, as wrong usage is not."""

    exit_code = 2

    def __init__(self, option: str, problem: object) -> None:
        super().__init__(f"Invalid value for {option}: {escaped(str(problem))}")


def _opened(
    schema: Path | None, data: str, database: Path | None, profile: str, latency: float
) -> Crm:
    try:
        return _open(schema, data, database, profile, latency)
    except VtigerError as error:  # an extra is missing, or the snapshot cannot be read or kept
        raise click.ClickException(escaped_lines(str(error))) from error
    except json.JSONDecodeError as error:
        raise _Unusable("--data", f"{data} is not JSON: {error}") from error
    except ValueError as error:
        from vtiger_orm.emulator.engine.errors import UnfitDatabase

        option = "--database" if isinstance(error, UnfitDatabase) else "--data"
        raise _Unusable(option, error) from error
    except OSError as error:
        raise _Unusable("--data", f"{data} cannot be read: {_reason(error)}.") from error
    except sqlite3.Error as error:
        raise _Unusable(
            "--database", f"{database} cannot be used as a SQLite file: {error}."
        ) from error


def _let_in(crm: Crm, user: str | None, key: str | None) -> None:
    """The user whose access will be printed exists, and has the key that was asked for."""
    try:
        name = crm.user(user).name
    except LookupError as error:
        raise _Unusable("--user", error) from error
    if key is None:
        return
    try:
        crm.set_key(name, key)
    except ValueError as error:
        raise _Unusable("--key", error) from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _open(
    schema: Path | None, data: str, database: Path | None, profile: str, latency: float
) -> Crm:
    from vtiger_orm.emulator import Crm

    content: Any = data
    if data in {"none", "0"}:
        content = None
    elif re.fullmatch("[0-9]{1,9}", data):
        content = partial(_make_up, int(data))
    elif data not in {"auto", "demo"}:
        content = Path(data)
        if not content.is_file():
            raise click.BadParameter(
                f"{data!r} is neither demo, none, a number nor a file.", param_hint="--data"
            )
    return Crm(
        schema,
        data=content,
        database=database if database is not None else ":memory:",
        profile=profile,
        latency=latency / 1000,
    )


def _make_up(count: int, crm: Crm) -> None:
    from vtiger_orm.testing.factory import fill

    fill(crm, count)


def _print_call(record: CallRecord) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {escaped(record.line())}", err=True)


def _wait() -> None:
    """Until Ctrl-C or a request to terminate."""
    ended = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    ended.wait()
