"""vtiger-orm export: modules as Parquet, CSV, JSON lines or Arrow files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from vtiger_orm.metadata.snapshot import Snapshot

from ...config import load_config
from ...live.credentials import open_session
from ...naming.lock import FILE_NAME, load_lock
from ...text.terminal import counted, escaped
from ..query.selection import Question, SnapshotPackage, meta_of, selection_of, zone_of

if TYPE_CHECKING:
    from vtiger_orm.frames.export import ExportProgress
    from vtiger_orm.metadata.module import FieldMeta, ModuleMeta


def export(
    modules: tuple[str, ...],
    folder: Path,
    style: str,
    where: tuple[str, ...],
    exclude: tuple[str, ...],
    fields: tuple[str, ...],
    names: str,
    schema: Path | None,
    url: str | None,
    dialect: str | None,
    as_json: bool,
) -> None:
    """What the verb does, as its help tells."""
    from vtiger_orm.frames.export import export as written
    from vtiger_orm.frames.export import leftovers

    config = load_config()
    source = schema or config.schema_folder
    snapshot = Snapshot.load(source)
    lock = load_lock(source / FILE_NAME)
    chosen = tuple(name.strip() for each in fields for name in each.split(",") if name.strip())
    wanted = []
    for module in modules:
        meta = meta_of(snapshot, lock, module)
        question = Question(module, where=where, exclude=exclude, fields=chosen)
        selection = selection_of(meta, question, zone_of(config.timezone))
        if not chosen:
            selection = replace(selection, columns=None)
        wanted.append((selection, _columns(meta, chosen), folder / f"{_stem(meta)}.{style}"))
    folder.mkdir(parents=True, exist_ok=True)
    files: list[dict[str, object]] = []
    with (
        open_session(url, dialect, config, package=SnapshotPackage(snapshot, lock)) as session,
        session.count_calls() as calls,
    ):
        for selection, columns, path in wanted:
            again = leftovers(path)
            with _shown(selection.module.name) as told:
                done = written(
                    selection,
                    session,
                    path,
                    style,  # type: ignore[arg-type]  # click has checked them
                    fields=columns,
                    naming=names,  # type: ignore[arg-type]  # click has checked it
                    told=told,
                )
            resumed = f", {done.resumed} of them from before the break" if again else ""
            records = counted(done.rows, "record")
            name = selection.module.name
            files.append({"module": name, "file": str(path), "records": done.rows})
            if not as_json:
                click.echo(f"{path}: {records} of {escaped(name)}{resumed}.")
    if as_json:
        click.echo(json.dumps(files, indent=1, ensure_ascii=False))
    last = f"{counted(len(files), 'file')} written in {counted(calls.count, 'call')}."
    click.secho(last, err=True, dim=True)


def _columns(meta: ModuleMeta, chosen: tuple[str, ...]) -> list[FieldMeta]:
    return [meta.fields[name] for name in chosen] if chosen else list(meta.columns)


def _stem(meta: ModuleMeta) -> str:
    """A file name; the name of a module is text of the CRM."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", meta.name)
    return plain if plain == meta.name else f"{plain}_{meta.prefix}"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def _shown(module: str) -> Iterator[Callable[[ExportProgress], None]]:
    """A bar on stderr, with rate and time left, where somebody looks."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    off = not console.is_terminal
    with Bar(*columns, console=console, transient=True, disable=off) as bar:
        task = bar.add_task(escaped(module), total=None)

        def told(progress: ExportProgress) -> None:
            bar.update(task, completed=progress.rows, total=progress.total)

        yield told
