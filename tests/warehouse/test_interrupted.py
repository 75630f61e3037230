"""Ctrl-C anywhere inside the database's library: no file stays open, and the next run goes on."""

from __future__ import annotations

import sqlite3
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Final

import pytest
import sqlalchemy as sa

from generated import demo
from tests.support.databases import contents
from tests.support.kinds import open_session
from vtiger_orm import warehouse
from vtiger_orm.emulator import Crm

PARTS: Final = (0.03, 0.3, 0.9)


class Interrupts:
    """Counts how often SQLAlchemy's functions begin and end, and breaks one of them off."""

    def __init__(self, at: int | None) -> None:
        self.seen = 0
        self._at = at

    def __enter__(self) -> Interrupts:
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _profile(self, frame: FrameType, what: str, _: Any) -> None:
        if what in ("call", "return") and "sqlalchemy" in frame.f_code.co_filename:
            self.seen += 1
            if self.seen == self._at:
                sys.setprofile(None)
                raise KeyboardInterrupt


class Told(sqlite3.Connection):
    """Knows whether it was closed, and not only forgotten."""

    made: ClassVar[list[Told]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.closed = False
        self.made.append(self)

    def close(self) -> None:
        super().close()
        self.closed = True


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
def test_no_file_stays_open(
    crm: Crm, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Told, "made", [])
    with open_session(crm, kind):
        address = f"sqlite:///{tmp_path / 'whole.db'}"
        with Interrupts(None) as undisturbed:
            warehouse.sync(address, demo, modules=["Vendors"])
        address = f"sqlite:///{tmp_path / 'crm.db'}"
        dbapi = "sqlite3.dbapi2.connect"
        monkeypatch.setattr(dbapi, partial(sqlite3.connect, factory=Told))
        for part in PARTS:
            with pytest.raises(KeyboardInterrupt), Interrupts(int(undisturbed.seen * part)):
                warehouse.sync(address, demo, modules=["Vendors"])
        assert len(Told.made) >= len(PARTS)
        assert [each.closed for each in Told.made] == [True] * len(Told.made)
        warehouse.sync(address, demo, modules=["Vendors"]).raise_for_errors()
        engine = sa.create_engine(address)
        assert len(contents(engine, "Vendors")) == 5
        engine.dispose()
