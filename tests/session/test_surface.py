"""What a session offers: parity of its two sides, its settings in plans, and what it hides."""

from __future__ import annotations

import inspect
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.fake_server import KEY, FakeServer
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.package import Package
from vtiger_orm.session import Session

WITHOUT_IO = {"count_calls"}
"""Public methods that send nothing."""


def methods() -> dict[str, Any]:
    return {
        name: member.fget if isinstance(member, property) else member
        for name, member in inspect.getmembers(Session)
        if not name.startswith("_") and (inspect.isfunction(member) or name == "me")
    }


def asynchronous(member: Any) -> bool:
    return inspect.iscoroutinefunction(member) or member.__name__ == "astream"


def test_everything_that_waits_has_its_twin() -> None:
    found = methods()
    plain = {name for name, each in found.items() if not asynchronous(each)} - WITHOUT_IO
    twins = {name for name, each in found.items() if asynchronous(each)}
    assert twins == {f"a{name}" for name in plain}


@pytest.mark.parametrize("name", sorted(name for name in methods() if f"a{name}" in methods()))
def test_twins_take_and_give_the_same(name: str) -> None:
    plain, twin = methods()[name], methods()[f"a{name}"]
    one, two = inspect.signature(plain), inspect.signature(twin)
    assert list(one.parameters.values()) == list(two.parameters.values())
    given, awaited = one.return_annotation, two.return_annotation
    assert str(awaited).replace("AsyncIterator", "Iterator") == str(given)
    assert twin.__doc__
    assert f"`{name}`" in twin.__doc__


def test_settings_reach_the_plans() -> None:
    found = Capabilities(
        precedence="sql", page_size=200, url_budget=4000, collation="general_ci", thinned_pages=True
    )
    session = FakeServer().session(
        capabilities=found,
        timezone="Europe/Berlin",
        server_timezone="Asia/Tokyo",
        parallel=4,
        max_scan_rows=7,
        max_writes=9,
        page_size=150,
        consistency="strict",
        strict=True,
    )
    environment = session.environment
    assert (environment.page_size, environment.url_budget) == (150, 4000)
    assert environment.precedence_known
    assert environment.thinned_pages
    assert environment.collation == "general_ci"
    assert environment.timezone == ZoneInfo("Europe/Berlin")
    assert environment.zone == ZoneInfo("Asia/Tokyo")
    assert environment.clock is session.facts.clock is session.clock
    assert (environment.max_scan_rows, environment.parallel) == (7, (4, 4))
    assert environment.consistency == "strict"
    assert environment.knowledge is session.environment.knowledge
    assert (session.facts.max_writes, session.facts.parallel, session.facts.strict) == (9, 4, True)


def test_nothing_is_assumed_of_an_unknown_server() -> None:
    environment = FakeServer().session().environment
    assert not environment.precedence_known
    assert environment.collation == "unknown"
    assert FakeServer().session(page_size=5000).environment.page_size == 100


def test_long_paths_shorten_the_room_for_statements() -> None:
    path = "/deep" * 60
    session = Session(f"https://crm.test{path}", "a", "k", dialect="webservice")
    assert session.environment.url_budget < Capabilities().url_budget - 150


def test_the_package_tells_what_its_crm_can_do() -> None:
    package = Package(
        "crm_package",
        format=1,
        generator="0",
        dialect="cloud",
        version=None,
        modules={"Contacts": ("contacts", "4")},
        capabilities={"precedence": "sql", "sync": True, "page_size": 200, "of_a_later": "release"},
    )
    session = FakeServer().session(package=package, dialect="cloud")
    assert session.environment.precedence_known
    facts = session.facts
    assert (facts.dialect, facts.server.capabilities.sync, facts.prefixes) == (
        "cloud",
        True,
        {"Contacts": "4"},
    )
    assert facts.parallel == 4


def test_facts_learn_the_version_at_the_login() -> None:
    session = FakeServer(version="7.5.0").session()
    assert session.facts.version is None
    assert session.identify().version == "7.5.0"
    assert session.facts.version == "7.5.0"
    assert session.facts.refusals is session.facts.refusals


def test_the_key_is_nowhere_in_sight() -> None:
    session = FakeServer().session()
    session.identify()
    assert KEY not in repr(session)
    assert KEY not in repr(vars(session))
    assert "canary-session" not in repr(vars(session))
    assert repr(session) == "<Session https://crm.test as admin (webservice)>"


def test_knowledge_survives_closing() -> None:
    session = FakeServer().session()
    session.environment.knowledge.verify("shape")
    session.close()
    assert session.environment.knowledge.is_verified("shape")
