"""`vtiger-orm serve` in processes of its own: shared stores, killed servers, readable logs."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from vtiger_codegen.cli.serve import serve

import vtiger_orm.emulator
from vtiger_orm.emulator import Response
from vtiger_orm.emulator.server import Server

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"


class Process:
    """A running ``vtiger-orm serve``."""

    def __init__(self, *options: str) -> None:
        code = "from vtiger_codegen.cli.serve import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(3)]
        self.exports = dict(line.strip().removeprefix("export ").split("=", 1) for line in lines)
        self.url = self.exports["VTIGER_URL"]

    def client(self) -> Client:
        exports = self.exports
        return Client(
            exports["VTIGER_URL"], exports["VTIGER_USERNAME"], exports["VTIGER_ACCESS_KEY"]
        )

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what it printed about its calls."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, log


class Client:
    """A session by hand."""

    def __init__(self, url: str, user: str, key: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False)
        challenge = self._get(operation="getchallenge", username=user)["token"]
        digest = hashlib.md5((challenge + key).encode()).hexdigest()
        form = {"operation": "login", "username": user, "accessKey": digest}
        self.session = self.http.post("/webservice.php", data=form).json()["result"]["sessionName"]

    def _get(self, **params: str) -> Any:
        return self.http.get("/webservice.php", params=params).json()["result"]

    def query(self, statement: str) -> Any:
        return self._get(operation="query", sessionName=self.session, query=statement)

    def create(self, lastname: str) -> str:
        element = json.dumps({"lastname": lastname, "assigned_user_id": "19x1"})
        form = {
            "operation": "create",
            "sessionName": self.session,
            "elementType": "Contacts",
            "element": element,
        }
        record = self.http.post("/webservice.php", data=form).json()["result"]
        return str(record["id"])


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for each in started:
        each.stop(signal.SIGKILL)


def names(client: Client) -> list[str]:
    found: list[str] = []
    last = "12x0"
    while True:
        rows = client.query(
            f"select lastname from Contacts where id > '{last}' order by id limit 100;"
        )
        if not rows:
            return found
        found += [row["lastname"] for row in rows]
        last = rows[-1]["id"]


def test_it_prints_how_to_reach_it_and_logs_its_calls(processes: list[Process]) -> None:
    process = Process("--data", "none")
    processes.append(process)
    assert list(process.exports) == ["VTIGER_URL", "VTIGER_USERNAME", "VTIGER_ACCESS_KEY"]
    assert process.url.startswith("http://127.0.0.1:")
    client = process.client()
    client.create("Smith")
    assert client.query("select lastname from Contacts;")[0]["lastname"] == "Smith"
    code, log = process.stop(signal.SIGINT)
    assert code == 0
    lines = [" ".join(line.split()) for line in log.splitlines()]
    assert "admin create 200 ok" in lines[2]
    assert "admin query 200 1 row" in lines[3]
    assert lines[3].endswith("select lastname from Contacts;")
    assert process.exports["VTIGER_ACCESS_KEY"] not in log
    assert client.session not in log


def test_made_up_records_latency_and_a_profile(processes: list[Process]) -> None:
    options = ("--data", "3", "--latency", "30", "--profile", "cloud", "--quiet")
    process = Process(*options)
    processes.append(process)
    assert process.client().query("select count(*) from Contacts;") == [{"count": "3"}]
    exports = process.exports
    answer = httpx.get(
        f"{process.url}/restapi/v1/vtiger/default/listtypes",
        auth=(exports["VTIGER_USERNAME"], exports["VTIGER_ACCESS_KEY"]),
        trust_env=False,
    )
    assert answer.json()["success"] is True
    assert answer.elapsed.total_seconds() >= 0.03
    assert process.stop() == (0, "Stopped.\n")


def test_two_servers_share_a_store(processes: list[Process], tmp_path: Path) -> None:
    database = tmp_path / "crm.db"
    for _ in range(2):
        processes.append(Process("--data", "none", "--database", str(database), "--quiet"))
    clients = [each.client() for each in processes]
    made: list[list[str]] = [[], []]

    def write(number: int) -> None:
        for turn in range(40):
            made[number].append(clients[number].create(f"{number}-{turn}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*made[0], *made[1]}) == 80  # no number was given twice
    expected = sorted(f"{number}-{turn}" for number in range(2) for turn in range(40))
    for client in clients:  # each sees what the other wrote
        assert sorted(names(client)) == expected
    for each in processes:
        each.stop()
    with sqlite3.connect(database) as connection:
        connection.create_collation("general_ci", lambda a, b: (a > b) - (a < b))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.programs
def test_a_killed_server_loses_nothing_it_acknowledged(
    processes: list[Process], tmp_path: Path
) -> None:
    options = ("--data", "none", "--database", str(tmp_path / "crm.db"), "--quiet")
    acknowledged: list[str] = []
    for turn in range(3):
        process = Process(*options)
        processes.append(process)
        enough = threading.Event()

        def write(client: Client, name: str, enough: threading.Event = enough) -> None:
            number = 0
            while True:
                number += 1
                try:
                    client.create(f"{name}-{number}")
                except httpx.TransportError:
                    return
                acknowledged.append(f"{name}-{number}")
                if number >= 25:
                    enough.set()

        writers = [
            threading.Thread(target=write, args=(process.client(), f"{turn}-{each}"))
            for each in range(2)
        ]
        for writer in writers:
            writer.start()
        assert enough.wait(30)
        os.kill(process.process.pid, signal.SIGKILL)
        for writer in writers:
            writer.join()
    survivor = Process(*options)
    processes.append(survivor)
    kept = names(survivor.client())
    assert len(acknowledged) >= 75
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept)) <= len(acknowledged) + 6  # at most the unanswered ones more


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nosuch.json"], "neither demo, none, a number nor a file"),
        (["--data", __file__], "--data"),
        (["--data", "demo", "--schema", str(DEMO)], "The demo data fits the demo schema only"),
        (["--user", "nobody"], "This CRM has no user 'nobody'"),
        (["--profile", "stock-9"], "is not one of"),
        (["--schema", "nosuch"], "does not exist"),
    ],
)
def test_wrong_options_are_explained(options: list[str], message: str) -> None:
    result = CliRunner().invoke(serve, options)
    assert result.exit_code == 2
    assert message in result.output


def test_a_port_that_is_taken() -> None:
    with Server(lambda _: Response()) as server:
        result = CliRunner().invoke(serve, ["--data", "none", "--port", str(server.port)])
    assert result.exit_code == 1
    assert f"Cannot listen on 127.0.0.1:{server.port}" in result.output


def test_a_file_is_not_filled_twice(processes: list[Process], tmp_path: Path) -> None:
    options = ("--data", "3", "--quiet", "--database", str(tmp_path / "crm.db"))
    for expected in ("3", "4"):
        process = Process(*options)
        processes.append(process)
        client = process.client()
        assert client.query("select count(*) from Contacts;") == [{"count": expected}]
        client.create("One more")
        process.stop()


@pytest.mark.parametrize(
    ("option", "content", "told"),
    [
        ("--database", "no database", "cannot be used as a SQLite file"),
        ("--data", "{", "is not JSON"),
        ("--data", '{"Nope": [{}]}', "refuses"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, option: str, content: str, told: str) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    result = CliRunner().invoke(serve, [option, str(file), "--schema", str(DEMO)])
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
