"""`vtiger-orm pull` without its command line: a live CRM into a snapshot folder."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from vtiger_orm import Session
from vtiger_orm.dialects.base import Identity
from vtiger_orm.introspection.pull import PulledServer, PullProgress, pull
from vtiger_orm.metadata.interpret import UnknownFieldType, known_kind
from vtiger_orm.metadata.snapshot import Snapshot

from ..config import Config
from ..text.terminal import escaped
from .credentials import open_session
from .dependencies import with_dependencies
from .proofs import with_former_proofs

if TYPE_CHECKING:
    from rich.console import Console

Report = Callable[[PullProgress], object]


def pull_into(
    folder: str | Path,
    session: Session,
    *,
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    console: Console | None = None,
) -> Snapshot:
    """Describe the CRM of `session` and write the snapshot to `folder`, which is replaced as a
    whole once everything is there.

    A progress bar is drawn on `console` where that is a terminal. Warns (`UnknownFieldType`)
    about field types that this release does not know.
    """
    snapshot = pull_snapshot(session, include=include, exclude=exclude, console=console)
    snapshot.save(folder)
    warn_about_types(snapshot)
    return snapshot


def pull_snapshot(
    session: Session,
    *,
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    console: Console | None = None,
) -> Snapshot:
    """Describe the CRM of `session` and write nothing."""
    with _told(console), _progress(console) as report:
        return session.run(
            pull(
                server_of(session),
                include=include,
                exclude=exclude,
                side_by_side=session.facts.parallel,
                report=report,
            )
        )


def pull_again(
    known: Snapshot, config: Config, url: str | None, dialect: str | None
) -> tuple[Snapshot, Identity]:
    """What `vtiger-orm pull` would write now of the CRM that `known` was pulled from, and as
    whom. It is talked to as before, unless somebody says otherwise."""
    from rich.console import Console

    before = known.instance.dialect if config.dialect == "auto" else None
    with open_session(url, dialect or before, config) as session:
        now = pull_snapshot(
            session,
            include=config.include,
            exclude=config.exclude,
            console=Console(stderr=True),
        )
        now = with_dependencies(session, now, config.modules)
        identity = session.identify()
    return with_former_proofs(known, now), identity


def server_of(session: Session) -> PulledServer:
    """What is known of a session's CRM after logging in."""
    identity = session.identify()
    dialect = cast('Literal["webservice", "cloud"]', session.dialect)
    return PulledServer(
        dialect=dialect,
        version=identity.version,
        api_version=identity.api_version,
        serialised=session.facts.serialised,
        url_budget=session.capabilities.url_budget,
        user_id=identity.user_id,
        family=identity.family,
        administrator=identity.administrator,
        clock=session.clock,
    )


class _Told(logging.Handler):
    """Prints what the runtime warns of: a bar that stands still should say why."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        text = escaped(record.getMessage())
        self._console.print(text, style="yellow", markup=False, highlight=False)


@contextmanager
def _told(console: Console | None) -> Iterator[None]:
    if console is None:
        yield
        return
    handler, logger = _Told(console), logging.getLogger("vtiger_orm")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def _progress(console: Console | None) -> Iterator[Report]:
    if console is None or not console.is_terminal:
        yield lambda progress: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("listing modules", total=None)

        def report(progress: PullProgress) -> None:
            # Names of modules come from the CRM.
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                description="".join(each for each in progress.doing if each.isprintable()),
            )

        yield report


def warn_about_types(snapshot: Snapshot) -> None:
    unknown: dict[str, list[str]] = defaultdict(list)
    for module in snapshot:
        for field in module.describe.fields:
            if known_kind(field.type.name) is None:
                unknown[field.type.name].append(f"{module.describe.name}.{field.name}")
    for name, fields in sorted(unknown.items()):
        more = f" and {len(fields) - 3} more" if len(fields) > 3 else ""
        warnings.warn(
            f"The field type {name!r} is not known to this release; treated as text: "
            f"{', '.join(fields[:3])}{more}.",
            UnknownFieldType,
            stacklevel=3,
        )
