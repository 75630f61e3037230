"""One run at a time; whatever ends a run, the next one can begin."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from vtiger_orm.errors import ConfigError
from vtiger_orm.warehouse import WarehouseBusy
from vtiger_orm.warehouse.catalogue import RUN
from vtiger_orm.warehouse.hold import Hold


def pretend(engine: sa.Engine, **values: object) -> None:
    """Another run holds the database."""
    with Hold(engine)():
        pass
    other = {"token": "other", "host": os.uname().nodename, "beat": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(sa.update(RUN).values({**other, **values}))


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_second_is_told(engine: sa.Engine) -> None:
    with Hold(engine)():
        with pytest.raises(WarehouseBusy, match=f"process {os.getpid()} on"), Hold(engine)():
            pass
        with pytest.raises(WarehouseBusy):
            Hold(engine)().__enter__()
    with Hold(engine)():
        pass


def test_another_process_is_told(engine: sa.Engine) -> None:
    pretend(engine, process=os.getppid())
    with pytest.raises(WarehouseBusy, match=f"process {os.getppid()}"), Hold(engine)():
        pass


def test_the_dead_hold_nothing(engine: sa.Engine) -> None:
    pretend(engine, process=ended_process())
    with Hold(engine)():
        pass
    pretend(engine, process=os.getpid())  # a number that is given anew
    with Hold(engine)():
        pass
    pretend(engine, process=1, host="elsewhere", beat=datetime.now(UTC) - timedelta(hours=1))
    with Hold(engine)():
        pass
    pretend(engine, process=1, host="elsewhere")
    with pytest.raises(WarehouseBusy, match="on elsewhere"), Hold(engine)():
        pass


def test_who_was_overtaken_commits_nothing(engine: sa.Engine) -> None:
    with Hold(engine)() as hold:
        with engine.begin() as connection:
            connection.execute(sa.update(RUN).values(token="another"))
        with pytest.raises(WarehouseBusy, match="taken the database over"), hold.commit():
            pytest.fail("nothing may be written")
    with engine.connect() as connection:
        assert connection.execute(sa.select(RUN.c.token)).scalar() == "another"


def test_what_another_release_wrote_is_refused(engine: sa.Engine) -> None:
    pretend(engine, format=99, token="")
    with pytest.raises(ConfigError, match="another release"), Hold(engine)():
        pass
