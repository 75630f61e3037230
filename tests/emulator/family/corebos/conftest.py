"""coreBOS, and its recorded exchanges asked again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.emulator.engine.conftest import Server

from ..conftest import Make
from ..replay import Replay


@pytest.fixture
def crm(on: Make) -> Server:
    crm = on("corebos")
    crm.clock.time = datetime(2026, 11, 28, 14, 40, tzinfo=UTC)
    # Recorded requests name numbers that nobody had there: keep clear of them.
    crm.engine.store.execute("INSERT OR REPLACE INTO sequence VALUES ('record', 5000)")
    return crm


@pytest.fixture
def replay(crm: Server) -> Replay:
    return Replay(crm)


@pytest.fixture
def related(replay: Replay) -> Replay:
    owner = {"assigned_user_id": "19x1"}
    account = replay.seed("11x9208", "Accounts", accountname="Rel Acc", **owner)
    replay.seed("11x9209", "Accounts", accountname="Rel Acc 2", **owner)
    replay.seed("12x9210", "Contacts", lastname="Rel C1", firstname="Zed", account_id=account)
    replay.seed("12x9211", "Contacts", lastname="Rel C2", firstname="Abe", account_id=account)
    replay.seed("15x9212", "Documents", notes_title="Rel Doc")
    replay.seed("15x9213", "Documents", notes_title="Rel Doc0")
    replay.seed("14x9214", "Products", productname="Rel Prod", discontinued="1", unit_price="5")
    replay.seed("1x9215", "Campaigns", campaignname="Rel Camp", closingdate="2026-12-31")
    return replay
