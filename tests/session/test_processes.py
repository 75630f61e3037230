"""Sessions in other processes, as web servers and workers start them, and at the end of one."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generated.demo import Contacts, configure, connect
from tests.support.fake_server import FAST
from tests.support.spawned import count_contacts
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, str, str]]:
    with Crm(profile="cloud") as crm, crm.serve() as server:
        yield (server.url, *crm.credentials())


def in_a_fork(work: Any) -> Any:
    """What `work` returns in a child that is forked now, or the error's name and text."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def run() -> None:
        try:
            theirs.send(work())
        except BaseException as error:
            theirs.send(f"{type(error).__name__}: {error}")

    child = context.Process(target=run)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads at a fork
        child.start()
    assert ours.poll(20), "the child hangs"
    found = ours.recv()
    child.join(20)
    assert child.exitcode == 0
    ours.close()
    theirs.close()
    return found


@needs_fork
@pytest.mark.parametrize("dialect", ["webservice", "cloud"])
def test_an_iterator_begun_before_a_fork_is_refused_in_the_child(
    served: tuple[str, str, str], dialect: Any
) -> None:
    with connect(*served, dialect=dialect, retry=FAST):
        some = Contacts.objects.filter(lastname__startswith="S").only("lastname")
        expected = [each.id for each in some]
        assert len(expected) > 10
        reading = some.iterator(page_size=3)
        begun = [next(reading).id for _ in range(2)]

        def rest() -> list[str]:
            return [str(each.id) for each in reading]

        told = in_a_fork(rest)
        assert told.startswith("ConfigError: This iterator was begun before")
        assert begun + [each.id for each in reading] == expected, "the parent goes on"
        anew = in_a_fork(lambda: [str(each.id) for each in some])
        assert anew == [str(each) for each in expected]


@needs_fork
async def test_a_fork_while_threads_and_tasks_are_at_work(served: tuple[str, str, str]) -> None:
    """Whatever they hold at that moment: a child asks with both drivers, and the parent goes on."""
    session = connect(*served, dialect="cloud", retry=FAST)
    ids = Contacts.objects.using(session).only("id")
    expected = await ids.acount()
    over = threading.Event()

    def threads() -> None:
        while not over.is_set():
            assert len(list(ids.iterator(page_size=40))) == expected

    async def tasks() -> None:
        while not over.is_set():
            assert len([each async for each in ids.aiterator(page_size=40)]) == expected

    work = [asyncio.create_task(asyncio.to_thread(threads)) for _ in range(2)]
    work += [asyncio.create_task(tasks()) for _ in range(2)]
    try:
        for _ in range(2):
            await asyncio.sleep(0.02)
            found = [in_a_fork(ids.count), in_a_fork(lambda: asyncio.run(ids.acount()))]
            assert found == [expected] * 2
    finally:
        over.set()
        await asyncio.gather(*work)
    await session.aclose()
    session.close()


@needs_fork
def test_a_session_made_before_workers_are_forked(served: tuple[str, str, str]) -> None:
    """gunicorn's preload and Celery's prefork: made and used in the parent, used in children."""
    session = configure(*served, dialect="webservice", retry=FAST)
    try:
        expected = Contacts.objects.count()
        assert [in_a_fork(Contacts.objects.count) for _ in range(2)] == [expected] * 2
        assert Contacts.objects.count() == expected
    finally:
        session.close()


def run_python(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another program, with warnings as errors and everything that is printed."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(text), *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        check=False,
    )


def test_spawned_workers_open_their_own(served: tuple[str, str, str]) -> None:
    """`spawn` and the reloader of uvicorn: nothing is inherited, all of it is imported anew."""
    context = multiprocessing.get_context("spawn")
    counted = context.Queue()
    child = context.Process(target=count_contacts, args=[*served, counted])
    child.start()
    assert counted.get(timeout=40) > 0
    child.join(20)
    assert child.exitcode == 0


ENDS = {
    "a half-read iterator, session left open": """
        async def main():
            session = connect(*sys.argv[1:])
            reading = Contacts.objects.using(session).aiterator(page_size=2)
            await anext(reading)
            globals()["kept"] = reading
            print("read")
        asyncio.run(main())
        """,
    "a loop that is closed by hand": """
        async def main():
            session = connect(*sys.argv[1:])
            async for each in Contacts.objects.using(session).aiterator(page_size=2):
                break
            print("read")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.run_until_complete(asyncio.sleep(0.2))  # what was left is closed by the loop
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        """,
    "a half-read blocking iterator": """
        session = connect(*sys.argv[1:])
        reading = Contacts.objects.using(session).iterator(page_size=2)
        next(reading)
        print("read")
        """,
}


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_printed_at_the_end(served: tuple[str, str, str], name: str) -> None:
    program = "import asyncio, sys\nfrom generated.demo import Contacts, connect\n"
    done = run_python(program + textwrap.dedent(ENDS[name]), *served)
    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")


def test_a_worker_thread_of_trio_may_block(served: tuple[str, str, str]) -> None:
    """The cure that the message names: blocking methods in a thread without a loop."""
    session = connect(*served, retry=FAST)
    coroutine = session.aidentify()
    with pytest.raises(ConfigError, match=r"asyncio.*trio"):
        coroutine.send(None)
    assert session.identify().username == "admin"
    session.close()
