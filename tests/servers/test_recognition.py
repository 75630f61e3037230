"""What pull, whoami and a session find out about each server, against its embedded twin."""

from __future__ import annotations

import warnings

import pytest
from vtiger_codegen.cli.whoami.first_contact import survey
from vtiger_codegen.live.pull import server_of

from tests.servers.world import SERVERS
from vtiger_orm import ConfigError, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.introspection.pull import pull
from vtiger_orm.metadata.server import ServerFamily

SOME = ("Contacts", "Accounts", "Documents", "LineItem", "InventoryDetails")


def session_with(crm: Crm, user: str | None = None) -> Session:
    return Session(
        crm.url,
        *crm.credentials(user),
        dialect="cloud" if crm.profile.cloud else "webservice",
        transport=crm.transport(),
    )


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_is_recognised_alike(name: str) -> None:
    with Crm(profile=name) as crm, session_with(crm) as session:
        server = server_of(session)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pulled = session.run(pull(server, include=SOME)).instance
        met = session.run(survey(server))
        family = ServerFamily(crm.profile.family)
        assert session.server.family is pulled.family is met.server.family is family
        for can in (pulled.capabilities, met.proved, session.capabilities):
            assert can.counts in (None, crm.profile.counts_records)
            assert can.patterns_of_ids in (None, not crm.profile.ids_have_a_form)
            assert can.sql_errors in (
                "unknown",
                "told" if crm.profile.sql_errors_told else "silent",
            )
            assert can.zone is None
        assert pulled.capabilities.counts is crm.profile.counts_records


def test_a_user_who_sees_no_modules_is_told_why() -> None:
    with Crm(profile="vtiger-8.3") as crm, session_with(crm, "restricted") as session:
        with pytest.raises(ConfigError, match="'view all'"):
            session.run(pull(server_of(session)))
        assert "'view all'" in session.run(survey(server_of(session))).blindness


def test_a_zone_that_was_proved_is_kept_and_used() -> None:
    with Crm(profile="frevocrm") as crm:
        user, key = crm.credentials()
        transport = crm.transport()
        with Session(
            crm.url, user, key, transport=transport, server_timezone="Asia/Tokyo"
        ) as session:
            pulled = session.run(pull(server_of(session), include=["Contacts"])).instance
        assert pulled.capabilities.zone == "Asia/Tokyo"
        can = pulled.capabilities
        with Session(crm.url, user, key, transport=transport, capabilities=can) as session:
            assert session.clock.zone.written == "Asia/Tokyo"
            assert str(session.environment.zone) == "Asia/Tokyo"
