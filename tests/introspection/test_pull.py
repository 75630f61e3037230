"""Pulling a whole CRM: what is written, what is skipped, what it costs, and what stays out."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from vtiger_codegen.live.pull import pull_into, server_of

from tests.support.fake_server import FAST, FakeServer, ok, refused
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Html, PlainAnswer, RateLimited, ServerError
from vtiger_orm.errors import AuthError, ConfigError
from vtiger_orm.errors import ServerError as ServerFailed
from vtiger_orm.introspection.pull import PulledServer, PullProgress, PullWarning, pull
from vtiger_orm.metadata.interpret import UnknownFieldType, module_meta
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session import Session

DEMO = Path(__file__).parent.parent.parent / "vtiger_orm" / "emulator" / "demo"


READING = {"listtypes", "describe", "relatedtypes", "query", "sync", "files_retrieve", "me"}


@pytest.fixture(scope="module")
def store() -> bytes:
    return Crm().snapshot()


@pytest.fixture
def crm(store: bytes) -> Crm:
    crm = Crm(data=None)
    crm.restore(store)
    return crm


def session_with(crm: Crm, user: str | None = None, **settings: Any) -> Session:
    settings.setdefault("retry", FAST)
    return Session(crm.url, *crm.credentials(user), transport=crm.transport(), **settings)


def files(folder: Path) -> dict[str, bytes]:
    names = [f"modules/{file.name}" for file in (folder / "modules").iterdir()]
    names += ["instance.json", "observed.json"]
    return {name: (folder / name).read_bytes() for name in sorted(names)}


def test_the_demo_crm_pulls_as_its_own_snapshot(crm: Crm, tmp_path: Path) -> None:
    """The demo snapshot was made from recordings: pulling finds the same facts by asking."""
    session = session_with(crm)
    with crm.count_calls() as calls:
        pull_into(tmp_path / "pulled", session)
    Snapshot.load(DEMO).save(tmp_path / "demo")  # in today's format
    assert files(tmp_path / "pulled") == files(tmp_path / "demo")
    assert len(calls) < 7 * 36


def test_pulling_only_reads(crm: Crm, tmp_path: Path) -> None:
    before = crm.snapshot()
    with crm.count_calls() as calls:
        pull_into(tmp_path, session_with(crm))
    assert crm.snapshot() == before
    assert set(calls.operations) <= READING
    assert not any("*" in query and "count(*)" not in query for query in calls.queries)


def test_no_secret_address_or_date_is_written(crm: Crm, tmp_path: Path) -> None:
    pull_into(tmp_path, session_with(crm))
    text = "".join(file.read_text("utf-8") for file in tmp_path.rglob("*.json"))
    for user in crm.users():
        assert user.access_key not in text
    for hidden in ("crm.test", "admin@example.com", "sessionName", "2024-", "2025-", "2026-"):
        assert hidden not in text


@pytest.mark.parametrize("dialect", ["webservice", "cloud"])
def test_a_cloud_pulls_through_both_doors(store: bytes, tmp_path: Path, dialect: Any) -> None:
    """Nobody measured one, so what finds out about it reads, and by its own door provokes nothing
    but the refusal of a file that is not there and of what this user may not see. By webservice.php
    it says that it is another one, which is asked for its grammar."""
    crm = Crm(data=None, profile="cloud")
    crm.restore(store)
    before = crm.snapshot()
    with crm.count_calls() as calls:
        found = pull_into(tmp_path, session_with(crm, dialect=dialect))
    assert crm.snapshot() == before
    assert set(calls.operations) <= READING
    refused = {each.error for each in calls.records if each.error}
    harmless = {"RECORD_NOT_FOUND", "ACCESS_DENIED"}
    asked = " ".join(calls.queries).replace("count(*)", "")
    if dialect == "cloud":
        assert refused <= harmless
        assert not any(word in asked for word in (" is ", " not ", "("))
    assert refused <= harmless | {"QUERY_SYNTAX_ERROR"}
    assert found.instance.dialect == dialect
    assert found.instance.capabilities.sync is True
    assert found.instance.capabilities.files_retrieve is True
    assert found.instance.capabilities.serialised_sessions is (dialect == "webservice")
    assert found.modules["Contacts"].raw["fields"][0].keys() >= {"quickcreate", "summaryfield"}
    for module in Snapshot.load(tmp_path):
        assert module_meta(module).prefix


def test_a_restricted_user_pulls_what_may_be_seen(crm: Crm, tmp_path: Path) -> None:
    admin = pull_into(tmp_path / "admin", session_with(crm))
    other = pull_into(tmp_path / "restricted", session_with(crm, "restricted"))
    assert set(other.modules) < set(admin.modules)
    assert other.instance.skipped == {}
    for name, module in other.modules.items():
        mine = {field.name for field in module.describe.fields}
        assert mine <= {field.name for field in admin.modules[name].describe.fields}


def test_modules_are_chosen_by_globs(crm: Crm, tmp_path: Path) -> None:
    found = pull_into(
        tmp_path, session_with(crm), include=["Pro*", "Contacts"], exclude=["*Task", "Product?*s"]
    )
    assert sorted(found.modules) == ["Contacts", "Products", "Project", "ProjectMilestone"]
    assert len(found.instance.types) == 36
    with pytest.raises(ConfigError, match="None of the 36 modules"):
        pull_into(tmp_path, session_with(crm), include=["Nothing"])


def test_modules_that_refuse_are_skipped_with_the_reason(crm: Crm, tmp_path: Path) -> None:
    crm.faults.always(ServerError(), operation="describe", module="Assets")
    crm.faults.always(PlainAnswer(), operation="describe", module="Faq")
    crm.faults.always(Html(status=200), operation="describe", module="Vendors")
    found = pull_into(tmp_path, session_with(crm), include=["[A-F]*", "V*"])
    assert found.instance.skipped == {
        "Assets": "HTTP 500",
        "Faq": "HTTP 200",
        "Vendors": "HTTP 200 with an answer that cannot be read",
    }
    assert not (tmp_path / "modules" / "Faq.json").exists()
    assert "Contacts" in found.modules


def test_a_gateway_error_ends_the_pull_and_keeps_the_former_snapshot(
    crm: Crm, tmp_path: Path
) -> None:
    pull_into(tmp_path, session_with(crm))
    before = files(tmp_path)
    crm.faults.always(Html(status=503), operation="describe", module="Leads")
    with pytest.raises(ServerFailed, match="503"):
        pull_into(tmp_path, session_with(crm))
    assert files(tmp_path) == before


def test_a_limit_of_calls_is_waited_for(crm: Crm, tmp_path: Path) -> None:
    crm.faults.next(RateLimited(retry_after=0.01), operation="describe", times=2)
    found = pull_into(tmp_path, session_with(crm))
    assert (len(found.modules), found.instance.skipped) == (36, {})


def test_lost_relations_are_told(crm: Crm, tmp_path: Path) -> None:
    crm.faults.always(ServerError(), operation="relatedtypes", module="Contacts")
    with pytest.warns(PullWarning, match=r"relations of Contacts could not be read \(HTTP 500\)"):
        found = pull_into(tmp_path, session_with(crm), include=["Contacts", "Accounts"])
    assert found.modules["Contacts"].relations == []
    assert found.modules["Accounts"].relations


def test_a_module_side_by_side_is_the_same_module(crm: Crm) -> None:
    session = session_with(crm)
    one, many = (
        session.run(pull(server_of(session), include=["C*"], side_by_side=width))
        for width in (1, 4)
    )
    assert [each.to_json() for each in one] == [each.to_json() for each in many]


def test_progress_is_told(crm: Crm) -> None:
    seen: list[PullProgress] = []
    session = session_with(crm)
    session.run(pull(server_of(session), include=["A*"], report=seen.append))
    assert [(each.done, each.total) for each in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert [each.doing for each in seen][:2] == ["Accounts", "Assets"]


def test_a_session_that_expires_meanwhile_does_no_harm(crm: Crm, tmp_path: Path) -> None:
    from vtiger_orm.emulator.faults import ExpiredSession

    crm.faults.next(ExpiredSession(), operation="describe", after=3)
    crm.faults.next(ExpiredSession("SESSION_LEFT_IDLE"), operation="query", after=30)
    assert len(pull_into(tmp_path, session_with(crm)).modules) == 36


# Servers that describe odd things


def odd_server(*described: dict[str, Any], names: list[str] | None = None) -> FakeServer:
    server = FakeServer()
    by_name = {each["name"]: each for each in described}
    types = names or list(by_name)
    facts = {"isEntity": True, "label": "x", "singular": "x"}
    server.always("listtypes", ok({"types": types, "information": dict.fromkeys(types, facts)}))
    server.always("relatedtypes", ok({"types": [], "information": []}))

    def describe(given: dict[str, str]) -> httpx.Response:
        found = by_name.get(given["elementType"])
        return ok(found) if found else refused("ACCESS_DENIED", "denied for name : x")

    server.always("describe", describe)
    server.always("query", ok([]))
    return server


def thing(name: str = "Things", **changes: Any) -> dict[str, Any]:
    field = {"name": "id", "label": "Id", "type": {"name": "autogenerated"}}
    return {"name": name, "label": name, "idPrefix": "7", "isEntity": True, "fields": [field]} | (
        changes
    )


PLAIN = PulledServer("webservice", "8.0.0")


def test_an_unknown_field_type_is_told_and_kept(tmp_path: Path) -> None:
    grid = {"name": "grid", "label": "Grid", "type": {"name": "grid", "rows": 3}, "x": [1]}
    server = odd_server(thing(fields=[grid]))
    with pytest.warns(UnknownFieldType, match=r"'grid' is not known .*: Things\.grid\."):
        pull_into(tmp_path, server.session())
    content = json.loads((tmp_path / "modules" / "Things.json").read_text("utf-8"))
    assert content["describe"]["fields"] == [grid]


def test_half_a_character_is_told_with_the_module_it_is_in() -> None:
    """It is no text at all: nobody can send it, and most can not even write it."""
    server = odd_server(thing("Good"), thing())
    text = json.dumps({"success": True, "result": thing(odd="a\ud800b")})
    good, broken = ok(thing("Good")), httpx.Response(200, content=text.encode())
    server.always("describe", lambda given: good if given["elementType"] == "Good" else broken)
    found = server.session().run(pull(PLAIN))
    assert found.instance.skipped == {"Things": "HTTP 200 with an answer that cannot be read"}


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (thing(idPrefix="7 or 1"), "is not a number"),
        (thing(idPrefix=None), "id"),
        (thing(fields="none"), "is not understood: fields"),
        ({"name": "Things"}, "is not understood"),
    ],
)
def test_descriptions_that_make_no_sense_are_skipped(
    described: dict[str, Any], reason: str
) -> None:
    server = odd_server(described, thing("Good"))
    found = server.session().run(pull(PLAIN))
    assert reason in found.instance.skipped["Things"]
    assert list(found.modules) == ["Good"]


def test_a_description_of_another_module_is_skipped() -> None:
    server = odd_server(thing("Good"), names=["Good", "Other"])
    server.script("describe", ok(thing("Good")), ok(thing("Good")))
    found = server.session().run(pull(PLAIN))
    assert found.instance.skipped == {"Other": "the CRM described another module"}


def test_names_that_cannot_be_files_are_skipped() -> None:
    hostile = ["../../etc/passwd", "a/b", "Gr\u00f6/e", "x;y", "good", "Good"]
    server = odd_server(thing("Good"), thing("good"), names=hostile)
    found = server.session().run(pull(PLAIN))
    assert list(found.modules) == ["Good"]
    assert set(found.instance.skipped) == set(hostile) - {"Good"}
    assert "differs from Good by case only" in found.instance.skipped["good"]
    asked = {given.get("elementType") for name, given in server.requests if name == "describe"}
    assert asked == {"Good"}


def test_a_refused_user_ends_the_pull() -> None:
    server = odd_server(thing())
    server.always("login", refused("INVALID_USER_CREDENTIALS"))
    with pytest.raises(AuthError):
        server.session().run(pull(PLAIN))


def test_the_known_line_item_fields_are_marked_without_proof(crm: Crm, tmp_path: Path) -> None:
    """A CRM whose quotes have one line each cannot prove that lines are joined."""
    empty = Crm(data=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PullWarning)
        found = pull_into(tmp_path, session_with(empty), include=["Quotes", "Events"])
    assert found.modules["Quotes"].flaws["quantity"] is Flaw.MULTIPLIES
    assert found.modules["Events"].flaws["contact_id"] is Flaw.MULTIPLIES
    assert found.instance.capabilities.precedence == "unknown"
