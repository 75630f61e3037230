"""What a shell offers for an argument; whatever is wrong, it offers nothing and says nothing."""

from __future__ import annotations

from contextlib import suppress

import click


def modules_offered(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    """Modules of the project's snapshot."""
    from vtiger_orm.metadata.snapshot import module_of_file

    from ..config import load_config

    with suppress(Exception):  # completion never disturbs who types
        folder = ctx.params.get("schema") or load_config().schema_folder
        names = (module_of_file(each.stem) for each in (folder / "modules").glob("*.json"))
        return sorted(name for name in names if name and name.startswith(typed))
    return []


def chapters_offered(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    """Chapters of the guide."""
    from ..site.chapters import ORDER

    return [name for name in ORDER if name.startswith(typed)]
