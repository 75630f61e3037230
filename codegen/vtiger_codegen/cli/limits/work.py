"""How many calls the CRM still allows, and what is left of your own budget."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ...config import load_config
from ...live.credentials import open_session
from ...text.terminal import say
from .._limits import in_words


def limits(url: str | None, dialect: str | None, as_json: bool) -> None:
    """What the verb does, as its help tells."""
    with open_session(url, dialect, load_config()) as session:
        identity = session.identify()
        if as_json:
            click.echo(json.dumps(asdict(session.limits), default=str, indent=1))
            return
        for line in in_words(session.limits):
            say(line)
    say(f"As {identity.username} was told at the login.", err=True, dim=True)
