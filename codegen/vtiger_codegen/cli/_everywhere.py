"""The options that every verb has, --profile and --verbose: added to it when it is loaded."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..text.terminal import escaped

_STATEMENTS, _CALLS = "vtiger_orm.statements", "vtiger_orm.calls"


def with_common_options(command: click.Command) -> click.Command:
    """The command, and those within it, with the options; what it calls so itself stays."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            with_common_options(each)
        return command
    taken = {name for each in command.params for name in each.opts}
    command.params += [each for each in _options() if not taken.intersection(each.opts)]
    return command


def _options() -> list[click.Option]:
    return [
        click.Option(
            ["--profile"],
            expose_value=False,
            callback=_choose,
            is_eager=True,
            metavar="NAME",
            help="Another CRM: [tool.vtiger-orm.profiles.NAME].  [VTIGER_PROFILE]",
        ),
        click.Option(
            ["--verbose", "-v"],
            count=True,
            expose_value=False,
            callback=_show,
            help="Show each statement as it is sent; -vv: each call as well.",
        ),
    ]


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        from ..config import PROFILE

        PROFILE.set(value)  # for this run: see `run`


def _show(context: click.Context, parameter: click.Parameter, value: int) -> None:
    for name in (_STATEMENTS, _CALLS)[:value]:
        context.with_resource(_shown(logging.getLogger(name)))


@contextmanager
def _shown(logger: logging.Logger) -> Iterator[None]:
    handler, before = _Shown(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Shown(logging.Handler):
    """Prints on stderr, so that it spoils no pipe."""

    def emit(self, record: logging.LogRecord) -> None:
        click.secho(f"> {escaped(record.getMessage())}", err=True, dim=True)
