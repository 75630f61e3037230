"""Which server a CRM is recognised as, and what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from vtiger_orm.calls.environment import Environment
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import Hazard, Server, ServerFamily, family_of

V, F, C, B = (
    ServerFamily.VTIGER,
    ServerFamily.FREVOCRM,
    ServerFamily.COREBOS,
    ServerFamily.BERLICRM,
)


@pytest.mark.parametrize(
    ("version", "told", "family"),
    [
        ("8.0.0", {}, V),
        ("8.3.0", {}, V),
        ("7.5.0", {}, V),
        ("8.0.3", {}, F),
        ("8.0.0", {"modules": ["Contacts", "Dailyreports"]}, F),
        ("5.5.0", {"moreinfo": True}, C),
        ("5.5.0", {"label_raw": True}, C),
        ("5.5.0", {"modules": ["cbCalendar"]}, C),
        ("6.5.0", {"tag_version": "berlicrm-1.0.49"}, B),
        ("9.0.0", {}, ServerFamily.UNKNOWN),
        (None, {}, ServerFamily.UNKNOWN),
    ],
)
def test_families_are_told_apart(
    version: str | None, told: dict[str, Any], family: ServerFamily
) -> None:
    assert family_of("webservice", version, **told) is family
    assert family_of("cloud", version, **told) is ServerFamily.CLOUD


def test_what_was_proved_comes_before_what_is_known_of_the_kind() -> None:
    proved = Capabilities(sync=True, thinned={"Events": False})
    can = Server.known(V, "8.3.0", proved).capabilities
    assert (can.sync, can.counts, can.files_retrieve) == (True, False, False)
    assert can.thinned == {"Events": False, "Calendar": True}


def test_a_release_that_nobody_measured_is_unknown_and_taken_for_the_worse() -> None:
    server = Server.known(V, "8.4.0")
    assert server.capabilities == Capabilities()
    assert not any(server.refusal(hazard) for hazard in Hazard)
    env = Environment.of(server)
    assert (env.can_count, env.thins("Contacts"), env.precedence_known) == (False, True, False)


def test_thinning_is_told_by_module() -> None:
    env = Environment.of(Server.known(V, "8.3.0"))
    assert env.thins("Events")
    assert not env.thins("Contacts")


@pytest.mark.parametrize(
    ("family", "version", "refused"),
    [
        (V, "8.2.0", set()),
        (V, "8.3.0", {Hazard.CREATE_INVENTORY, Hazard.REPLACE_ITEMS, Hazard.ESCAPED_TEXT}),
        (F, "8.0.3", {Hazard.REPLACE_ITEMS, Hazard.CHANGE_HEADER}),
        (B, "6.5.0", {Hazard.UPDATE}),
        (C, "5.5.0", set()),
    ],
)
def test_writes_are_refused_by_family_and_version(
    family: ServerFamily, version: str, refused: set[Hazard]
) -> None:
    server = Server.known(family, version)
    assert {each for each in Hazard if server.refusal(each)} == refused


def test_only_what_is_known_is_kept() -> None:
    assert Capabilities(counts=False).known() == {
        "counts": False,
        "page_size": 100,
        "url_budget": 8000,
        "serialised_sessions": True,
    }
