"""`vtiger-orm demo` tells the whole story, within its time, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from vtiger_orm.emulator import Crm

ROOT = Path(__file__).parents[2]


def demo(*arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "vtiger_codegen", "demo", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mypy_cache: Path
) -> dict[str, str]:
    import os

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = {"MYPY_CACHE_DIR": str(mypy_cache), "MYPYPATH": str(ROOT)}
    return {**os.environ, **cache, "TMPDIR": str(tmp_path), "COLUMNS": "200"}


def test_the_story(environment: dict[str, str], tmp_path: Path) -> None:
    started = time.perf_counter()
    told = demo(environment=environment)
    assert time.perf_counter() - started < 60, "30 seconds on an idle machine"
    assert "36 modules" in told
    assert 'did you mean "birthday__month"?' in told
    assert "no issues found" in told
    assert "select count(*) from Contacts" in told
    assert "1 revise" in told
    assert list(tmp_path.iterdir()) == []


def test_a_real_crm_is_only_read(environment: dict[str, str]) -> None:
    with Crm() as crm, crm.serve() as server:
        name, key = crm.credentials()
        environment |= {"VTIGER_USERNAME": name, "VTIGER_ACCESS_KEY": key}
        with crm.count_calls() as calls:
            told = demo("--url", server.url, environment=environment)
        assert "by id" in told
        assert not {"create", "revise", "update", "delete"} & set(calls.operations)
        assert key not in told
