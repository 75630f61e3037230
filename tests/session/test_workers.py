"""The servers and workers that applications run in: real ones, a session used on both sides."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vtiger_orm.emulator import Crm

ROOT = Path(__file__).parent.parent.parent
SECONDS = 30.0
"""The longest that a server may take to begin on a busy machine."""

SESSION = """
    import os
    from generated.demo import Contacts, configure
    session = configure(
        os.environ["CRM_URL"], os.environ["CRM_USER"], os.environ["CRM_KEY"], dialect="webservice"
    )
    """


@pytest.fixture(scope="module")
def crm() -> Iterator[dict[str, str]]:
    with Crm() as crm, crm.serve() as server:
        user, key = crm.credentials()
        yield {"CRM_URL": server.url, "CRM_USER": user, "CRM_KEY": key}


@contextmanager
def running(folder: Path, crm: dict[str, str], *command: str) -> Iterator[subprocess.Popen[str]]:
    """A program of this environment; when it ends, all that it started ends with it."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, **crm, "PYTHONPATH": path},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def ask(port: int, process: subprocess.Popen[str], folder: Path) -> list[str]:
    """The words of an answer; the server may still be beginning."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as answer:
                return str(answer.read().decode()).split()
        except OSError:
            told = (folder / "log").read_text()
            assert process.poll() is None, told
            assert time.monotonic() < until, told
            time.sleep(0.05)


def write(path: Path, text: str) -> None:
    path.write_text(textwrap.dedent(SESSION) + textwrap.dedent(text))


@pytest.mark.programs
def test_gunicorn_with_preload(tmp_path: Path, crm: dict[str, str]) -> None:
    """A session that was used before the workers were forked."""
    write(
        tmp_path / "site_of_preload.py",
        """
        before = Contacts.objects.count()

        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{before} {Contacts.objects.count()} {os.getpid()}".encode()]
        """,
    )
    port = free_port()
    command = ("gunicorn", "--preload", "--workers=2", f"--bind=127.0.0.1:{port}")
    with running(tmp_path, crm, *command, "site_of_preload:application") as process:
        workers: set[str] = set()
        until = time.monotonic() + SECONDS
        while len(workers) < 2 and time.monotonic() < until:
            before, now, worker = ask(port, process, tmp_path)
            assert before == now
            workers.add(worker)
        assert len(workers) == 2
        assert str(process.pid) not in workers


@pytest.mark.programs
def test_uvicorn_with_reload(tmp_path: Path, crm: dict[str, str]) -> None:
    """The program is begun anew while sessions are open."""
    site = tmp_path / "site_of_reload.py"
    text = """
        VERSION = 1

        async def application(scope, receive, send):
            if scope["type"] != "http":
                return
            number = await Contacts.objects.acount()
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            body = f"{number} {VERSION}".encode()
            await send({"type": "http.response.body", "body": body})
        """
    write(site, text)
    port = free_port()
    command = ("uvicorn", "--reload", "--reload-delay=0.05", "--lifespan=off", f"--port={port}")
    with running(tmp_path, crm, *command, "site_of_reload:application") as process:
        number, version = ask(port, process, tmp_path)
        assert version == "1"
        write(site, text.replace("VERSION = 1", "VERSION = 2"))
        os.utime(site, (time.time() + 2, time.time() + 2))
        until = time.monotonic() + SECONDS
        while ask(port, process, tmp_path) != [number, "2"]:
            assert time.monotonic() < until, (tmp_path / "log").read_text()


@pytest.mark.programs
def test_celery_with_prefork(tmp_path: Path, crm: dict[str, str]) -> None:
    """A session that was used before the pool was forked."""
    for each in ("queue", "control", "results"):
        (tmp_path / each).mkdir()
    write(
        tmp_path / "tasks_of_prefork.py",
        """
        import celery

        before = Contacts.objects.count()
        app = celery.Celery("tasks", broker="filesystem://", backend="file://results")
        app.conf.update(
            broker_transport_options={
                "data_folder_in": "queue",
                "data_folder_out": "queue",
                "control_folder": "control",
            },
            broker_connection_retry_on_startup=True,
        )

        @app.task
        def count():
            return [before, Contacts.objects.count(), os.getpid()]
        """,
    )
    ask_it = (
        "from tasks_of_prefork import count; print(*count.delay().get(timeout=40, interval=.05))"
    )
    options = ("--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle")
    command = ("celery", "--app=tasks_of_prefork", "worker", *options)
    with running(tmp_path, crm, *command) as process:
        done = subprocess.run(
            [sys.executable, "-c", ask_it],
            cwd=tmp_path,
            env={**os.environ, **crm, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr + (tmp_path / "log").read_text()
        before, now, worker = done.stdout.split()
        assert before == now
        assert worker != str(process.pid)
