"""The verbs of the command line, those of groups by both words."""

from __future__ import annotations

from collections.abc import Iterator

import click


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by how it is called."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        inner = command.get_command(context, each)
        assert inner is not None
        yield from leaves(inner, f"{name} {each}".strip())
