"""vtiger-orm migrate: rewrite an application to the names that the package has now."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from vtiger_orm._files import write_all_whole
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import Snapshot

from ...application.migration import NewNames, Rewritten, new_names
from ...application.migration import migrate as migrated
from ...application.own_code import moved_files, own_files, with_steps
from ...application.sources import python_files
from ...application.vocabulary import Vocabulary, former_vocabulary, vocabulary
from ...config import Config, load_config
from ...diff.compare import remembered_renames
from ...generate import selected
from ...naming.assignment import name_everything
from ...naming.lock import FILE_NAME, load_lock
from ...revisions import lock_at, snapshot_at, unchanged_since, uncommitted
from ...text.terminal import counted, escaped, say


def migrate(
    sources: tuple[Path, ...],
    since: str,
    dry_run: bool,
    force: bool,
    schema: Path | None,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    config = load_config()
    folder = schema or config.schema_folder
    own = own_files(config.output, config.options().own)
    files = python_files([*sources, *own])
    if not force and not dry_run:
        _refuse_uncommitted(files)
    former, new = _names(config, folder, since, own)
    found = migrated(former, new, files, unchanged_since(since, files))
    if not dry_run:
        write_all_whole({each.file.resolve(): each.content for each in found.files})
    for each in found.files:
        if dry_run:
            _show(each)
        else:
            say(f"  rewritten  {each.file}: line {', '.join(map(str, each.lines))}")
    moved = moved_files(former, new.files, config.output)
    for before, after in moved.items():
        if not dry_run:
            before.rename(after)
        say(f"  moved      {before} -> {after.name}")
    for remark in found.remarks:
        say(f"  look at    {remark.file}:{remark.line}  {escaped(remark.text)}")
        say(f"             {escaped(remark.why)}")
    what = "would be rewritten" if dry_run else "rewritten"
    left = f", {counted(len(found.remarks), 'line')} left to you" if found.remarks else ""
    say(f"{counted(len(found.files), 'file')} {what}{left}.", fg="green")
    if not dry_run and (moved or any(each.file in own for each in found.files)):
        say("Own code was among them, which the package hands out. Next: vtiger-orm generate")
    return 1 if found.remarks else 0


def _names(
    config: Config, folder: Path, since: str, own: list[Path]
) -> tuple[Vocabulary, NewNames]:
    """The words that the application was written with, and what is called otherwise now."""
    options = config.options()
    before, now = snapshot_at(since, folder), Snapshot.load(folder)
    lock = load_lock(folder / FILE_NAME)
    modules = selected(now, options)
    names = name_everything(modules, lock, options.naming)
    former = former_vocabulary(before, lock_at(since, folder), options, config.output)
    former = with_steps(former, own)
    today = vocabulary(modules, names, former.package)
    return former, new_names(former, today, remembered_renames(before, now, lock))


def _refuse_uncommitted(files: Iterable[Path]) -> None:
    dirty = uncommitted(files)
    if dirty:
        shown = ", ".join(map(str, dirty[:5])) + (", ..." if len(dirty) > 5 else "")
        raise ConfigError(
            f"Not committed: {shown}. Commit first, so that what is rewritten can be seen and "
            "taken back, or give --force."
        )


def _show(rewritten: Rewritten) -> None:
    name = str(rewritten.file)
    before = rewritten.file.read_bytes().decode("utf-8", "replace").splitlines()
    after = rewritten.content.decode("utf-8", "replace").splitlines()
    for line in difflib.unified_diff(before, after, name, name, lineterm=""):
        say(line)
