"""Which changes of the code would no test notice? By hand, for it takes minutes a file.

::

    python -m tests.mutation vtiger_orm/session         # by the tests of tests/session
    python -m tests.mutation vtiger_orm/session/retry.py --tests tests/session/test_pure.py

The tests are collected once. Each change is tried in a fork, in which the functions of the file get
the code of the changed source; only what is no code of a function (numbers and defaults that are
evaluated at import) has the tests imported anew. Whatever survives is listed in
build/mutation/survivors.txt: kill it with a test, or know why it is the same program.

A change that does not end is stopped after so much time of the processor, not of the clock: a busy
machine makes no difference to what is told. Words of errors and of the log are left alone.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

import pytest

from tests.support.source_changes import SourceChange, changes_of

ROOT: Final = Path(__file__).parents[1]
REPORT: Final = ROOT / "build" / "mutation" / "survivors.txt"
OPTIONS: Final = (
    *("--exitfirst", "--quiet", "--quiet", "--no-header", "--no-summary", "--tb=no"),
    *("-p", "no:cacheprovider", "--timeout=0", "--numprocesses=0"),
    "--hypothesis-profile=mutation",  # the same examples every time, and no search for smaller ones
    # pytest loads the package of its plugins by itself otherwise, past the change.
    *("--assert=plain", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
PATIENCE: Final = 5
"""How many times the processor's time of a run without a change one with a change may take."""
LONGEST: Final = 900.0
"""Seconds of the processor for a run without a change."""
MEMORY: Final = 6 << 30
"""Bytes that a fork may take, as a change may collect rows for ever."""

KILLED, SURVIVED, STOPPED, BROKEN = "killed", "survived", "out of time", "no program"


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """The code of every function of a module, and of its classes, in their order."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & 1:  # the body of a class is no optimized code
                yield each
            else:
                yield from codes_of(each)


def functions_of(file: Path) -> Mapping[str, list[list[FunctionType]]]:
    """The live functions of a file by their names; several of one name in their order."""
    gc.unfreeze()
    found: defaultdict[str, defaultdict[int, list[FunctionType]]]
    found = defaultdict(lambda: defaultdict(list))
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(file):
            found[each.__code__.co_qualname][each.__code__.co_firstlineno].append(each)
    gc.freeze()
    return {name: [places[line] for line in sorted(places)] for name, places in found.items()}


def put_in_place(functions: Mapping[str, list[list[FunctionType]]], code: CodeType) -> None:
    """Give the functions the code they have in another version of their module."""
    seen: Counter[str] = Counter()
    for each in codes_of(code):
        name = each.co_qualname
        if seen[name] < len(functions.get(name, ())):
            for function in functions[name][seen[name]]:
                function.__code__ = each
        seen[name] += 1


def in_a_fork(work: Callable[[], str], seconds: float) -> tuple[str, str]:
    """What became of the work, and what it returns: the test that failed."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():  # threads of whoever runs this as a test are of no matter
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            failed = work()
            os.write(writing, failed.encode())
            os._exit(1 if failed else 0)
        finally:
            os._exit(2)
    os.close(writing)
    ends = time.monotonic() + 60 + 20 * seconds
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    os.set_blocking(reading, False)  # a program of a test may hold the other end
    told = b""
    with suppress(BlockingIOError):
        told = os.read(reading, 4096)
    os.close(reading)
    if os.WIFSIGNALED(ended[1]):
        return STOPPED, ""
    return {0: SURVIVED, 1: KILLED}.get(os.waitstatus_to_exitcode(ended[1]), BROKEN), told.decode()


def limit(unchanged: Callable[[], str]) -> float:
    """Seconds of the processor for a fork with a change, by one without."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    fate, failed = in_a_fork(unchanged, LONGEST)
    if fate != SURVIVED:
        raise pytest.UsageError(f"without any change: {fate} {failed}")
    return 10 + PATIENCE * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began)


@dataclass
class Trial:
    """A plugin that tries every change in place of running the tests once."""

    changes: Sequence[SourceChange]
    fates: dict[SourceChange, str] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        live = {file: functions_of(file) for file in {each.file for each in self.changes}}

        def with_code(file: Path, source: str) -> str:
            put_in_place(live[file], compile(source, str(file), "exec", dont_inherit=True))
            return first_failed(session)

        if unknown := [str(file) for file, functions in live.items() if not functions]:
            raise pytest.UsageError(f"the tests import nothing of {unknown}")
        limits = {file: limit(partial(with_code, file, file.read_text("utf-8"))) for file in live}
        print(f"{len(session.items)} tests, {len(self.changes)} changes", flush=True)
        for change in self.changes:
            if change.in_function:
                work = partial(with_code, change.file, change.source)
                self.fates[change], failed = in_a_fork(work, limits[change.file])
                tell(change, self.fates[change])
                # Whatever notices one change is likely to notice the next.
                session.items.sort(key=lambda item: item.nodeid != failed)
        return True


def first_failed(session: pytest.Session) -> str:
    """Run the collected tests up to the first that fails."""
    for item, following in zip(session.items, [*session.items[1:], None]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return item.nodeid
    return ""


def tell(change: SourceChange, fate: str) -> None:
    """What is not killed, at once."""
    if fate != KILLED:
        print(f"{fate}: {change}", flush=True)


def import_changed(change: SourceChange) -> list[str]:
    """From now on the file is imported as it is changed; tells as which modules it was."""
    get_code, imported = SourceFileLoader.get_code, list[str]()

    def changed(self: Any, fullname: str) -> CodeType | None:
        if Path(self.path) != change.file:
            return get_code(self, fullname)
        imported.append(fullname)
        return change.compiled()

    SourceFileLoader.get_code = changed  # type: ignore[method-assign]
    return imported


def fates_of(changes: Sequence[SourceChange], tests: Sequence[str]) -> dict[SourceChange, str]:
    """What the tests make of each change."""
    trial = Trial(changes)

    def anew(change: SourceChange | None) -> str:
        imported = ["nothing"] if change is None else import_changed(change)
        failed = pytest.main([*OPTIONS, *tests])
        assert imported, "nobody imports what is changed"
        return "some" if failed else ""

    # First, as the files are not imported yet.
    at_import = [each for each in changes if not each.in_function]
    seconds = limit(partial(anew, None)) if at_import else 0.0
    for change in at_import:
        trial.fates[change], _ = in_a_fork(partial(anew, change), seconds)
        tell(change, trial.fates[change])
    code = pytest.main([*OPTIONS, "--capture=no", *tests], [trial])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"pytest did not run to its end: {code!r}")
    return trial.fates


def main(arguments: Sequence[str]) -> int:
    """Change, test, and tell what survived; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("paths", nargs="+", help="files or folders below vtiger_orm")
    parser.add_argument(
        "--tests",
        nargs="+",
        help="folders, files, or single tests (file::test); default: the folder of that name",
    )
    given = parser.parse_args(arguments)
    found = [ROOT / path for path in given.paths]
    files = [
        file for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    tests = given.tests or sorted({f"tests/{each.relative_to(ROOT).parts[1]}" for each in files})
    for path in (*map(str, files), *tests):
        if not (ROOT / path.partition("::")[0]).exists():
            parser.error(f"{path} is not there; name the tests with --tests")
    fates = fates_of([each for file in files for each in changes_of(file)], tests)
    left = [f"{fate}: {change}" for change, fate in fates.items() if fate != KILLED]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(left), encoding="utf-8")
    counts = Counter(fates.values())
    print(f"{dict(counts)} of {len(fates)}: {REPORT.relative_to(ROOT)}")
    return 1 if counts[SURVIVED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
