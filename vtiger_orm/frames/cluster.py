"""A queryset as a Dask dataframe: its partitions are read by the workers, side by side."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .._dataclass import dataclass
from ..columns.arrow import schema_of
from ..errors import MissingExtra
from ..models.tables import table_fields
from ..records.handle import package_of

try:
    import dask.dataframe as dd
    import distributed
    import pandas as pd
    from dask.base import tokenize
except ImportError as _missing:
    raise MissingExtra("A Dask dataframe", "dask") from _missing

if TYPE_CHECKING:
    from ..models.reading import BaseQuerySet
    from ..package import Package
    from ..session import Session

Connect: TypeAlias = "Callable[[], Session]"
"""Opens a session on a worker."""

_sessions: Final[dict[tuple[int, str, str], Session]] = {}
"""By process, package and way of connecting: a worker logs in once. A function that travels as its
code is another object in every task, so its ways are told apart by what Dask names it."""
_opening: Final = threading.Lock()


def dask(
    queryset: BaseQuerySet[Any], npartitions: int, *, connect: Connect | None = None
) -> dd.DataFrame:
    """The records of a queryset as a `dask.dataframe.DataFrame` of Arrow dtypes.

    ::

        frame = frames.dask(Potentials.objects, npartitions=8)
        frame.groupby("sales_stage").amount.sum().compute()

    The queryset is cut into ranges of ids that are about equally full; that asks the CRM, through
    the session that is open here. Each worker reads ranges through a session of its own, which it
    opens once: by `connect`, a function that every worker can import, or as the package's
    `connect()` does by VTIGER_URL, VTIGER_USERNAME and VTIGER_ACCESS_KEY of its environment.
    Workers of one cluster log in one after the other. A budget with a ``file`` (VTIGER_BUDGET) is
    shared by those of one machine.

    Raises `UnsupportedQuery` for a slice. Needs the extra ``dask``.
    """
    parts = queryset.partitions(npartitions)
    empty = schema_of(table_fields(queryset)).empty_table()
    meta = empty.to_pandas(types_mapper=pd.ArrowDtype)
    named = [_Part(each) for each in parts]
    way = tokenize(connect)
    frame: dd.DataFrame = dd.from_map(_read, named, connect=connect, way=way, meta=meta)
    return frame


@dataclass(frozen=True, slots=True)
class _Part:
    """A partition under a name of its own: what it reads is another time something else, so Dask
    must not take two readings for one."""

    queryset: BaseQuerySet[Any]
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __dask_tokenize__(self) -> str:
        return self.name


def _read(part: _Part, connect: Connect | None, way: str) -> pd.DataFrame:
    return part.queryset.using(_session(part.queryset, connect, way)).to_pandas()


def _session(part: BaseQuerySet[Any], connect: Connect | None, way: str) -> Session:
    package = cast("Package", package_of(part.model))
    key = os.getpid(), package.name, way
    with _opening:
        if key not in _sessions:
            session: Session = (connect or package.connect)()
            with _one_at_a_time():
                session.identify()
            _sessions[key] = session
    return _sessions[key]


def _one_at_a_time() -> AbstractContextManager[Any]:
    """A second login spoils the challenge of one that is under way."""
    try:
        distributed.get_worker()
    except ValueError:
        return nullcontext()  # a scheduler within this process
    lock: AbstractContextManager[Any] = distributed.Lock("vtiger-orm-login")
    return lock
