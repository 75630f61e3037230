"""vtiger-orm guide: a chapter of the guide, here in the terminal."""

from __future__ import annotations

import sys

import click

from ..text.terminal import say
from ._offered import chapters_offered

_WIDE = 96


@click.command(short_help="A chapter of the guide, here in the terminal.")
@click.argument("topic", required=False, shell_complete=chapters_offered)
@click.pass_context
def guide(ctx: click.Context, topic: str | None) -> None:
    """Show the chapter TOPIC, or the list of them.

    Queries in it come with the statements that the planner makes of them. The same guide in the
    names of your CRM, with its modules, is made by `vtiger-orm docs`.
    """
    from ..site.chapters import chapter, chapters
    from ..site.facts import demo_facts
    from ..site.terminal import with_plans

    verbs = ctx.find_root().command
    assert isinstance(verbs, click.Group)
    if topic is None:
        for each in chapters(verbs):
            say(f"{each.name:<14} {each.title}")
        say("Show one: vtiger-orm guide TOPIC", err=True)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    crm = demo_facts()
    found = chapter(topic, verbs, crm)
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    console.print(Markdown(with_plans(found.text, crm), code_theme="ansi_dark"))
    told = "In the names of the demo CRM. In those of yours: vtiger-orm docs"
    click.secho(told, err=True, dim=True)
