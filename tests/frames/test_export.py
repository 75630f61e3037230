"""Exports: every record and value, complete or no file, and after any break the same file."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
from vtiger_codegen.cli import run

import vtiger_orm.emulator
from generated.demo import Contacts, Potentials, connect
from tests.support.killed import killed
from vtiger_orm import Session
from vtiger_orm.columns.naming import Naming
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConfigError, UnsupportedQuery, VtigerError
from vtiger_orm.frames.export import Exported, ExportProgress, export
from vtiger_orm.frames.files import FORMATS, FileFormat

SCHEMA = Path(vtiger_orm.emulator.__file__).parent / "demo"
ROUNDS = int(os.environ.get("VTIGER_ORM_ROUNDS", "1"))
"""How often a process is killed; more by hand."""


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as demo:
        yield demo


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        yield session


def exported(
    queryset: Any,
    session: Session,
    path: Path,
    style: FileFormat = "parquet",
    naming: Naming = "attribute",
    **more: Any,
) -> Exported:
    fields = queryset.selection.columns or queryset.model.meta.columns
    return export(queryset.selection, session, path, style, fields=fields, naming=naming, **more)


def read(path: Path, style: str) -> list[dict[str, Any]]:
    if style == "parquet":
        return pa.parquet.read_table(path).to_pylist()
    if style == "arrow":
        with pa.ipc.open_file(str(path)) as reader:
            return reader.read_all().to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        if style == "csv":
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return " |##| ".join(value)
        case Decimal():
            return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@pytest.mark.parametrize("style", FORMATS)
def test_every_value_arrives(session: Session, tmp_path: Path, style: FileFormat) -> None:
    told: list[ExportProgress] = []
    path = tmp_path / f"Potentials.{style}"
    done = exported(Potentials.objects, session, path, style, told=told.append, part_rows=100)
    truth = Potentials.objects.to_arrow().to_pylist()
    assert done == Exported(path, len(truth), 0)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert (told[-1].rows, told[-1].total) == (len(truth), len(truth))
    found = read(path, style)
    if style in ("parquet", "arrow"):
        assert found == truth
    else:
        for row, true in zip(found, truth, strict=True):
            assert {name: as_text(value) for name, value in row.items()} == {
                name: as_text(value) for name, value in true.items()
            }


def test_names_and_empty_modules(session: Session, tmp_path: Path) -> None:
    two = Contacts.objects.only("lastname", "email")
    labels = [two.model.meta.fields[name].label for name in ("id", "lastname", "email")]
    exported(two.none(), session, tmp_path / "none.csv", "csv", "label")
    assert (tmp_path / "none.csv").read_text() == ",".join(labels) + "\n"
    exported(two.none(), session, tmp_path / "none.parquet")
    assert pa.parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_a_break_loses_nothing(crm: Crm, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    broken = tmp_path / "broken.parquet"
    contacts = Contacts.objects.only("lastname", "email")
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        exported(contacts, session, whole)

        def stop(progress: ExportProgress) -> None:
            if progress.rows >= 700:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            exported(contacts, session, broken, part_rows=200, told=stop)
        assert not broken.exists()
        with crm.count_calls() as calls:
            done = exported(contacts, session, broken, part_rows=200)
        assert done.resumed == 600
        assert calls.number < 10
        assert pa.parquet.read_table(broken).equals(pa.parquet.read_table(whole))
        with pytest.raises(KeyboardInterrupt):
            exported(contacts, session, broken, part_rows=200, told=stop)
        other = exported(contacts.filter(email__isnull=False), session, broken, part_rows=200)
        assert other.resumed == 0  # another question begins anew
        assert other.rows == contacts.filter(email__isnull=False).count()


@pytest.mark.parametrize("at", range(8))
def test_dying_at_any_rename(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    class Death(BaseException):
        pass

    real, count = Path.replace, iter(range(100))

    def dying(self: Path, target: Path) -> Path:
        if next(count) == at:
            raise Death
        return real(self, target)

    path = tmp_path / "p.jsonl"
    deals = Potentials.objects.only("potentialname")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        try:
            exported(deals, session, path, "jsonl", part_rows=100)
        except Death:
            assert not path.exists()
    exported(deals, session, path, "jsonl", part_rows=100)
    assert [row["id"] for row in read(path, "jsonl")] == [str(each.id) for each in deals]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_damaged_parts_are_not_believed(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    parts = tmp_path / ".p.csv.parts"
    parts.mkdir()
    (parts / "00000000.arrow").write_bytes(b"ARROW1 but no more")
    assert exported(Potentials.objects.only("amount"), session, path, "csv").resumed == 0


def test_what_is_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedQuery, match="order of ids"):
        exported(Potentials.objects.order_by("amount"), session, tmp_path / "a.csv", "csv")
    with pytest.raises(UnsupportedQuery, match="order of ids"):
        exported(Potentials.objects[:3], session, tmp_path / "a.csv", "csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="no file that could be replaced"):
        exported(Potentials.objects, session, tmp_path / "link.csv", "csv")
    assert issubclass(ConfigError, VtigerError)


@pytest.mark.programs
def test_killed_processes_go_on(tmp_path: Path) -> None:
    """The command line, killed without a word at or behind some call, and run again."""
    with Crm() as crm, crm.serve() as server:
        user, key = crm.credentials()
        environment = {
            **os.environ,
            "VTIGER_URL": server.url,
            "VTIGER_USERNAME": user,
            "VTIGER_ACCESS_KEY": key,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        for number in range(ROUNDS):
            out = tmp_path / f"out{number}"
            command = [sys.executable, "-m", "vtiger_codegen", "export", "Contacts"]
            command += ["--to", str(out), "--schema", str(SCHEMA), "--format", "jsonl"]
            later = 0.002 * (number % 10)
            for call in (3 + number * 5 % 13, 4 + number % 7):
                killed(crm, command, call, later=later, environment=environment)
            subprocess.run(command, env=environment, check=True, capture_output=True)
            ids = [row["id"] for row in read(out / "Contacts.jsonl", "jsonl")]
            assert len(ids) == len(set(ids)) == 1189
            assert [each.name for each in out.iterdir()] == ["Contacts.jsonl"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with Crm() as crm, crm.serve() as server:
        user, key = crm.credentials()
        for name, value in {
            "VTIGER_URL": server.url,
            "VTIGER_USERNAME": user,
            "VTIGER_ACCESS_KEY": key,
        }.items():
            monkeypatch.setenv(name, value)
        out = tmp_path / "out"
        common = ["--to", str(out), "--schema", str(SCHEMA)]
        assert run(["export", "Accounts", "Potentials", *common, "-f", "id"]) == 0
        told = capsys.readouterr().out
        assert "Accounts.parquet: 217 records of Accounts." in told
        assert "Potentials.parquet: 315 records of Potentials." in told
        condition = ["-w", "amount__gte=500000", "--format", "csv", "--names", "label"]
        assert run(["export", "Potentials", *common, *condition]) == 0
        rows = read(out / "Potentials.csv", "csv")
        assert rows
        assert all(float(row["Amount"]) >= 500_000 for row in rows)
        assert run(["export", "Potentialz", *common]) == 1
        assert "Did you mean Potentials?" in capsys.readouterr().err


def test_a_page_that_cannot_be_read_leaves_no_file(crm: Crm, tmp_path: Path) -> None:
    with (
        crm.copy() as own,
        connect(own.url, *own.credentials(), transport=own.transport()) as session,
    ):
        own.engine.store.execute("UPDATE \"m_Potentials\" SET amount = 'much' WHERE id = 1700")
        with pytest.raises(VtigerError, match=r"13x1700: .*'much'"):
            exported(Potentials.objects.only("amount"), session, tmp_path / "p.parquet")
        assert not (tmp_path / "p.parquet").exists()
