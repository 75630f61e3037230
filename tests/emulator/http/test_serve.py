"""`vtiger-orm serve`: whose keys it prints, whom it lets in, and what it says when it cannot."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

import vtiger_orm.emulator
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import default_key

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command; it ends as soon as it serves."""
    module = import_module("vtiger_codegen.cli.serve")
    monkeypatch.setattr(module, "_wait", lambda: None)

    def run(*options: str | Path, **variables: str) -> Result:
        return CliRunner().invoke(module.serve, [str(each) for each in options], env=variables)

    return run


def key_of(result: Result) -> str:
    assert result.exit_code == 0, result.output
    line = result.stdout.splitlines()[2]
    assert line.startswith("export VTIGER_ACCESS_KEY=")
    return line.partition("=")[2]


class TestKeys:
    def test_in_memory_on_this_machine_it_is_the_demo_key(self, runner: Any) -> None:
        result = runner("--data", "none")
        assert key_of(result) == default_key("admin")
        assert result.stderr == "Stopped.\n"

    def test_a_file_has_its_own_and_keeps_it(self, runner: Any, tmp_path: Path) -> None:
        keys = [key_of(runner("--database", tmp_path / name)) for name in ("a.db", "b.db", "a.db")]
        assert keys[0] == keys[2] != keys[1]
        assert default_key("admin") not in keys

    @pytest.mark.parametrize("options", [(), ("--database",)])
    def test_beyond_this_machine_it_is_fresh_and_that_is_told(
        self, runner: Any, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        more = [*options, *(tmp_path / "crm.db" for _ in options)]
        result = runner("--data", "none", "--host", "0.0.0.0", *more)
        assert key_of(result) != default_key("admin")
        assert "listens on 0.0.0.0: other machines can reach it" in result.stderr
        assert key_of(result) not in result.stderr

    def test_one_can_be_given(self, runner: Any, tmp_path: Path) -> None:
        file = ("--data", "none", "--database", tmp_path / "crm.db")
        given = "given-0123456789"
        assert key_of(runner("--data", "none", "--host", "0.0.0.0", "--key", given)) == given
        assert key_of(runner(*file, VTIGER_SERVE_KEY=given)) == given
        assert key_of(runner(*file)) == given
        result = runner(*file, "--key", "short")
        assert (result.exit_code, "--key" in result.output) == (2, True)


def copy_of_the_demo(folder: Path, *modules: str) -> Path:
    """Some of the demo's modules as a snapshot."""
    (folder / "modules").mkdir(parents=True, exist_ok=True)
    instance = json.loads((DEMO / "instance.json").read_text("utf-8"))
    for part in ("prefixes", "types"):
        instance[part] = {name: instance[part][name] for name in modules}
    (folder / "instance.json").write_text(json.dumps(instance), "utf-8")
    for name in modules:
        shutil.copy(DEMO / "modules" / f"{name}.json", folder / "modules")
    return folder


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A snapshot to be damaged."""
    return copy_of_the_demo(tmp_path / "schema", "Contacts", "Accounts", "Leads", "Users")


def edit(schema: Path, module: str, *fields: dict[str, Any], keep: bool = True) -> None:
    file = schema / "modules" / f"{module}.json"
    content = json.loads(file.read_text("utf-8"))
    described = content["describe"]["fields"] if keep else []
    content["describe"]["fields"] = [*described, *fields]
    file.write_text(json.dumps(content), "utf-8")


class TestFailing:
    """In one line, and nothing is left behind."""

    def check(self, result: Result, database: Path, *told: str) -> None:
        assert result.exit_code in (1, 2)
        assert isinstance(result.exception, SystemExit)
        assert len(result.output.splitlines()) == 1, result.output
        for each in told:
            assert each in result.output
        left = {each.name for each in database.parent.iterdir()}
        assert left <= {"schema", "data.json"}

    def test_a_mandatory_field_of_an_unknown_type(self, runner: Any, schema: Path) -> None:
        edit(
            schema,
            "Contacts",
            {"name": "cf_odd", "label": "Odd", "mandatory": True, "type": {"name": "hologram"}},
        )
        database = schema.parent / "crm.db"
        result = runner("--schema", schema, "--data", "3", "--database", database)
        self.check(result, database, "--data", "Contacts.cf_odd", "hologram")

    def test_a_bad_third_record(self, runner: Any, schema: Path) -> None:
        database, data = schema.parent / "crm.db", schema.parent / "data.json"
        data.write_text(json.dumps({"Leads": [{"lastname": "a"}, {"lastname": "b"}, {}]}))
        result = runner("--schema", schema, "--data", data, "--database", database)
        self.check(result, database, "--data", "record 3 of Leads", "lastname does not have")

    def test_fields_that_differ_in_case_only(self, runner: Any, schema: Path) -> None:
        edit(schema, "Contacts", {"name": "CF_853", "label": "x", "type": {"name": "string"}})
        database = schema.parent / "crm.db"
        result = runner("--schema", schema, "--database", database)
        self.check(result, database, "Contacts", "'cf_853' and 'CF_853'")

    @pytest.mark.parametrize("fields", [(), ({"name": "id", "type": {"name": "autogenerated"}},)])
    def test_a_module_without_fields(self, runner: Any, schema: Path, fields: Any) -> None:
        edit(schema, "Leads", *fields, keep=False)
        database = schema.parent / "crm.db"
        result = runner("--schema", schema, "--data", "2", "--database", database)
        self.check(result, database, "'Leads'", "it has no fields")

    def test_a_file_of_another_schema(self, runner: Any, schema: Path, tmp_path: Path) -> None:
        database = tmp_path / "crm.db"
        assert runner("--database", database, "--data", "none").exit_code == 0
        result = runner("--schema", schema, "--database", database)
        assert result.exit_code == 2
        assert "--database" in result.output
        assert "made for another schema" in result.output
        assert len(result.output.splitlines()) == 1

    def test_a_port_and_a_host_that_cannot_be(self, runner: Any) -> None:
        assert "65535" in runner("--data", "none", "--port", "70000").output
        result = runner("--data", "none", "--host", "nosuch.invalid")
        assert (result.exit_code, "nosuch.invalid" in result.output) == (1, True)


@pytest.mark.parametrize("modules", [("Contacts", "Leads"), ("Contacts", "Accounts", "Leads")])
def test_made_up_records_without_users_and_groups(
    runner: Any, tmp_path: Path, modules: tuple[str, ...]
) -> None:
    schema, database = copy_of_the_demo(tmp_path / "schema", *modules), tmp_path / "crm.db"
    assert runner("--schema", schema, "--data", "3", "--database", database).exit_code == 0
    with Crm(schema, database=database) as crm:
        for name in modules:
            assert len(crm.run("query", query=f"select id from {name};")) == 3


def test_users_of_whom_little_may_be_seen(runner: Any, schema: Path) -> None:
    fields = [{"name": "last_name", "type": {"name": "string"}}]
    edit(schema, "Users", *fields, {"name": "id", "type": {"name": "autogenerated"}}, keep=False)
    assert key_of(runner("--schema", schema)) == default_key("admin")
    with Crm(schema) as crm:
        described = crm.run("describe", elementType="Users")["fields"]
        assert [field["name"] for field in described] == ["last_name", "id"]
        user = crm.run("retrieve", id=crm.user().wire_id)
        assert user.keys() == {"last_name", "id", "label"}


def test_a_server_without_file_descriptors_recovers() -> None:
    """The real thing: as many clients as it has descriptors for, and then one more."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "from vtiger_codegen.cli.serve import serve; serve()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "--data", "none", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = httpx.URL(process.stdout.readline().partition("=")[2].strip())
            # In the middle of a request, so that none of them can be sent away.
            greedy = []
            for _ in range(60):
                sock = socket.create_connection((url.host, url.port or 0), timeout=10)
                sock.sendall(b"GET / HTTP/1.1\r\n")
                greedy.append(sock)
            time.sleep(0.5)
            for sock in greedy:
                sock.close()
            with httpx.Client(trust_env=False, timeout=10) as client:
                assert client.get(url.join("/nothing")).status_code == 404
        finally:
            process.terminate()
