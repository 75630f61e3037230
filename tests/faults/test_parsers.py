"""Parsers of what comes from outside: any JSON or bytes is a value or an error of the library."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.config import load_config
from vtiger_codegen.naming.lock import load_lock

import vtiger_orm.emulator
from generated.demo._package import package
from vtiger_orm.calls import operations as calls
from vtiger_orm.calls.operations import Call
from vtiger_orm.dialects import dialect_named
from vtiger_orm.dialects.base import HttpResponse
from vtiger_orm.errors import MalformedAnswer, VtigerError
from vtiger_orm.ids import whole_number
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session.schema import PackageSchema
from vtiger_orm.testing.cassette import Cassette, describe_response
from vtiger_orm.testing.recorder import Recorder
from vtiger_orm.testing.scrub import Scrub, secrets_in
from vtiger_orm.writing.line_items import read_items_of

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"
KEYS = ["success", "result", "error", "code", "message", "id", "types", "information", "format"]
KEYS += ["fields", "name", "type", "describe", "modules", "calls", "request", "count", "tool"]
KEYS += ["server", "capabilities", "relations", "lastname", "accounts", "record_id"]

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("12x5")
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=12,
)
DEEP = [b"[" * depth + b"]" * depth for depth in (300, 900, 100_000)]
DEEP += [b'{"result":' * depth + b"1" + b"}" * depth for depth in (300, 900)]
contents = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(DEEP),
    values.map(lambda value: json.dumps(value).encode()),
    values.map(lambda value: json.dumps({"format": 1, "calls": value}).encode()),
)

CALLS: list[Call[Any]] = [
    calls.Query("select id,lastname from Contacts;", "Contacts"),
    calls.Retrieve("12x5"),
    calls.Create("Contacts", {"lastname": "x"}),
    calls.Revise("12x5", {}),
    calls.Delete("12x5"),
    calls.Describe("Contacts"),
    calls.ListTypes(),
    calls.RelatedTypes("Contacts"),
    calls.QueryRelated("select * from Contacts;", "11x1", "Contacts"),
    calls.Owners(),
    calls.Me(),
    calls.Operation("files_retrieve"),
]


@pytest.mark.parametrize("dialect", ["webservice", "cloud", "restfulapi"])
@given(
    content=st.one_of(
        contents,
        values.map(lambda value: json.dumps({"success": True, "result": value}).encode()),
        values.map(lambda value: json.dumps({"success": False, "error": value}).encode()),
    ),
    status=st.sampled_from([200, 201, 204, 302, 401, 429, 500, 503, 999]),
    call=st.sampled_from(CALLS),
)
def test_answers(dialect: str, content: bytes, status: int, call: Call[Any]) -> None:
    spoken = dialect_named(cast("Any", dialect), "https://crm.test", PackageSchema(package))
    with contextlib.suppress(VtigerError):
        spoken.result(call, HttpResponse(status, body=content))


@given(contents)
def test_cassettes_locks_and_settings(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "pyproject.toml").write_bytes(content)
        (place / "names.lock").write_bytes(content)
        (place / "instance.json").write_bytes(content)
        (place / "modules").mkdir()
        (place / "modules" / "Contacts.json").write_bytes(content)
        for read in (
            lambda: Cassette.load(place / "names.lock"),
            lambda: load_lock(place / "names.lock"),
            lambda: load_config(place),
            lambda: Snapshot.load(place),
        ):
            with contextlib.suppress(VtigerError):
                read()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of one module, as `pull` leaves it."""
    folder = tmp_path_factory.mktemp("snapshot")
    (folder / "modules").mkdir()
    shutil.copy(DEMO / "modules/Vendors.json", folder / "modules")
    instance = json.loads((DEMO / "instance.json").read_text())
    instance["prefixes"] = {"Vendors": instance["prefixes"]["Vendors"]}
    (folder / "instance.json").write_text(json.dumps(instance))
    Snapshot.load(folder).save(folder)
    return folder


@given(
    st.sampled_from(["observed.json", "instance.json", "modules/Vendors.json"]),
    st.lists(st.integers(0, 30), max_size=6),
    st.one_of(values, st.sampled_from([10**400, float("nan"), "\ud800", {"name": []}])),
)
def test_a_snapshot_of_which_one_value_is_another(
    snapshot: Path, name: str, way: list[int], value: Any
) -> None:
    file = snapshot / name
    before = file.read_bytes()
    whole = [json.loads(before)]
    inside: Any = whole
    place: Any = 0
    for step in way:
        if not isinstance(inside[place], dict | list) or not inside[place]:
            break
        inside = inside[place]
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        place = keys[step % len(keys)]
    inside[place] = value
    try:
        file.write_text(json.dumps(whole[0]))
        with contextlib.suppress(VtigerError):
            assert Snapshot.load(snapshot).instance.server
    finally:
        file.write_bytes(before)


@given(contents)
def test_answers_that_are_recorded(content: bytes) -> None:
    recorded = describe_response(200, "OK", {}, content, Scrub())
    assert recorded.body() is not None
    secrets_in(content)
    request = httpx.Request("POST", "https://crm.test/webservice.php", content=content)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
    recorder = Recorder()
    recorder.transport(transport).handle_request(request)


@given(values)
def test_tables_of_settings(content: Any) -> None:
    from vtiger_codegen.config import parse_config

    with contextlib.suppress(VtigerError):
        parse_config(content if isinstance(content, dict) else {"url": content}, "here")


@pytest.mark.programs
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_time_and_memory_are_bounded() -> None:
    """A megabyte of the worst kinds each, where there is memory for no copy of it by the dozen."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.bounded"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@given(st.one_of(values, st.sampled_from(["9" * 5000, 10**5000, "²", "٣", "-1", " 1", "1\n"])))
def test_whole_numbers_of_answers(told: Any) -> None:
    number = whole_number(told)
    assert number is None or (str(number) == str(told).lstrip("0") or not int(told))


def test_line_items_of_no_record_are_no_answer() -> None:
    plan = read_items_of(["4x1"])
    next(plan)
    with pytest.raises(MalformedAnswer, match="no id"):
        plan.send([[{"id": "2x1"}]])
