"""`Crm` itself: what it is made from, what a test does with it, how many may use it at once."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import vtiger_orm.emulator
from vtiger_orm.emulator import PROFILES, Crm, CrmError, Profile, Request
from vtiger_orm.emulator.faults import ServerError
from vtiger_orm.errors import SnapshotError
from vtiger_orm.metadata.snapshot import Instance, Snapshot

COUNT = "select count(*) from Leads;"
DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"


def leads(crm: Crm) -> int:
    return int(crm.run("query", query=COUNT)[0]["count"])


class TestMaking:
    def test_the_demo_has_data_and_users(self) -> None:
        with Crm() as crm:
            assert leads(crm) > 100
            assert crm.users()[0].name == "admin"
            assert len(crm.users()) > 1

    @pytest.mark.parametrize("kind", [str, Path, Snapshot.load])
    def test_any_schema(self, kind: Any) -> None:
        with Crm(kind(DEMO)) as crm:
            assert leads(crm) == 0
            assert "Vehicles" in crm.run("listtypes")["types"]

    def test_data_from_a_mapping_and_from_a_file(self, tmp_path: Path) -> None:
        data: dict[str, list[dict[str, Any]]] = {"Leads": [{"lastname": "a"}, {"lastname": "b"}]}
        (tmp_path / "data.json").write_text(json.dumps(data))
        for given in (data, tmp_path / "data.json"):
            with Crm(data=given) as crm:
                assert leads(crm) == 2
        with pytest.raises(ValueError, match=r"The CRM refuses .* of Leads: MANDATORY"):
            Crm(data={"Leads": [{"firstname": "x"}]})
        (tmp_path / "data.json").write_text("[]")
        with pytest.raises(ValueError, match="module -> list of elements"):
            Crm(data=tmp_path / "data.json")

    def test_a_file_keeps_its_records_and_is_not_filled_twice(self, tmp_path: Path) -> None:
        data: dict[str, list[dict[str, Any]]] = {"Leads": [{"lastname": "first"}]}
        for expected in (1, 2):
            with Crm(data=data, database=tmp_path / "crm.db") as crm:
                assert leads(crm) == expected
                crm.create("Leads", {"lastname": "more"})

    def test_what_cannot_be_made(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"no profile 'stock-9'\. Known profiles: vtiger-7"):
            Crm(profile="stock-9")
        with pytest.raises(SnapshotError):
            Crm(tmp_path / "nosuch")

    def test_without_its_packages_it_says_which_extra(self) -> None:
        code = (
            "import sys; sys.modules['lark'] = None\n"
            "import vtiger_orm.emulator\n"
            "try:\n"
            "    crm = vtiger_orm.emulator.Crm(data=None)\n"
            "    crm.run('query', query='select id from Leads;')\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.startswith("MissingExtra The embedded CRM needs packages"), done.stderr
        assert "pip install 'vtiger-orm[emulator]'" in done.stdout

    def test_every_public_name_is_there(self) -> None:
        for name in vtiger_orm.emulator.__all__:
            assert getattr(vtiger_orm.emulator, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'Nosuch'"):
            vtiger_orm.emulator.Nosuch  # noqa: B018


class TestUsing:
    def test_credentials(self, crm: Crm) -> None:
        name, key = crm.credentials()
        assert name == "admin"
        assert key == crm.user("admin").access_key
        with pytest.raises(LookupError, match=r"no user 'nobody'\. Its users: admin"):
            crm.credentials("nobody")

    def test_a_block_that_is_undone(self, crm: Crm) -> None:
        crm.create("Leads", {"lastname": "stays"})
        with crm.rolled_back():
            crm.create("Leads", {"lastname": "goes"})
            assert leads(crm) == 2
        assert leads(crm) == 1

        def fail() -> None:
            with crm.rolled_back():
                crm.create("Leads", {"lastname": "goes"})
                crm.create("Leads", {})

        with pytest.raises(CrmError):
            fail()
        assert leads(crm) == 1

    def test_a_copy_is_another_crm(self, wire: Any) -> None:
        wire.logged_in().create("Leads", lastname="both")
        wire.crm.passwords["admin"] = "x"
        with wire.crm.copy() as other:
            other.create("Leads", {"lastname": "copy only"})
            assert (leads(wire.crm), leads(other)) == (1, 2)
            assert len(other.sessions) == 0
            assert other.passwords == {"admin": "x"}
        assert wire.ask("listtypes")["success"] is True

    def test_reset(self, wire: Any) -> None:
        wire.logged_in().create("Leads", lastname="stays")
        wire.crm.faults.always(ServerError())
        wire.crm.clock.advance(hours=1)
        wire.crm.reset()
        assert wire.ask("listtypes")["error"]["code"] == "INVALID_SESSIONID"
        assert wire.logged_in().ask("listtypes")["success"] is True
        assert leads(wire.crm) == 1

    def test_latency_of_every_answer(self) -> None:
        with Crm(data=None, latency=0.5) as crm, crm.copy() as other:
            for each in (crm, other):
                answer = each.handle(Request("GET", "/webservice.php?operation=listtypes"))
                assert answer.delivery.delay == 0.5


def test_many_threads_with_sessions_of_their_own(wire: Any) -> None:
    token = wire.challenge()
    sessions = [wire.login(token=token)["result"]["sessionName"] for _ in range(8)]
    made: list[str] = []
    broken: list[Any] = []

    def work(session: str) -> None:
        mine = copy.copy(wire)
        mine.session = session
        for number in range(20):
            answer = mine.tell(
                "create",
                elementType="Leads",
                element={"lastname": f"{session}-{number}", "assigned_user_id": "19x1"},
            )
            (made if answer["success"] else broken).append(answer["result"]["id"])
            if not mine.ask("query", query="select id from Leads limit 5;")["success"]:
                broken.append(session)

    with wire.crm.count_calls() as calls:
        threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert broken == []
    assert len(set(made)) == 160 == leads(wire.crm)
    assert calls.operations == {"create": 160, "query": 160}


@pytest.mark.parametrize(
    ("facts", "profile"),
    [
        ({"dialect": "webservice", "version": "8.0.0"}, "stock-8.0-php8"),
        ({"dialect": "webservice", "version": "7.4.0"}, "stock-7"),
        (
            {"dialect": "webservice", "version": "8.2.0", "capabilities": {"sync": True}},
            "stock-7",
        ),
        ({"dialect": "webservice", "version": "8.2.0"}, "vtiger-8.2"),
        ({"dialect": "webservice", "version": "8.3.0"}, "vtiger-8.3"),
        (
            {"dialect": "webservice", "version": "7.5.0", "capabilities": {"sync": False}},
            "vtiger-7.5",
        ),
        ({"dialect": "webservice", "version": "8.0.3", "family": "frevocrm"}, "frevocrm"),
        ({"dialect": "webservice", "version": "5.5.0", "family": "corebos"}, "corebos"),
        ({"dialect": "cloud", "version": None}, "cloud"),
    ],
)
def test_it_is_the_kind_of_server_that_the_snapshot_came_from(
    facts: dict[str, Any], profile: str
) -> None:
    with Crm(Snapshot(instance=Instance(**facts), modules={})) as crm:
        assert crm.profile.name == profile
        assert crm.version == (facts["version"] or "8.0.0")
        assert crm.capabilities.sync is (profile in ("stock-7", "cloud", "frevocrm", "corebos"))
        with crm.copy() as copy:
            assert copy.profile == crm.profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_server_tells_its_own_version_or_that_of_its_snapshot(profile: Profile) -> None:
    with Crm(profile=profile, data=None) as crm:
        told = "8.0.0" if profile.tells_snapshot_version else profile.vtiger_version
        assert crm.version == told


def test_a_line_of_the_log_stays_readable() -> None:
    names = ",".join(f"cf_{number}" for number in range(70))
    text = f"select {names} from Contacts where {' or '.join(['department = 1'] * 99)};"
    request = Request("GET", f"/webservice.php?operation=query&query={quote(text)}")
    with Crm(data=None) as crm, crm.count_calls() as calls:
        crm.handle(request)
        [line] = [record.line() for record in calls._records]
    assert "select cf_0,cf_1,cf_2, ... 66 more ..., cf_69 from Contacts where department" in line
    assert "characters" in line
    assert len(line) < 600
