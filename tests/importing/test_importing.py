"""Imports: good rows arrive, bad ones are told by line, and nothing is written twice."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vtiger_codegen.cli import run

import vtiger_orm.emulator
from generated.demo import Contacts, Potentials, connect
from tests.support.killed import killed
from tests.warehouse.test_command import ROUNDS, settings_of
from vtiger_orm import Session
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.errors import ConfigError, InvalidLookup, VtigerError
from vtiger_orm.importing import Imported, import_file
from vtiger_orm.importing.file_report import FileReport
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.report import Status

SCHEMA = Path(vtiger_orm.emulator.__file__).parent / "demo"


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm(data=None) as empty:
        yield empty


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with opened(crm) as session:
        yield session


def opened(crm: Crm, **more: Any) -> Session:
    return connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        retry=RetryPolicy(attempts=1, longest_work=0.0),
        **more,
    )


def written(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def people(path: Path, number: int) -> Path:
    lines = [f"p{n}@example.org,Name {n}" for n in range(number)]
    return written(path, "\n".join(["email,lastname", *lines]))


def brought(path: Path, **more: Any) -> Imported:
    return import_file(path, Contacts.objects, more.pop("key", "email"), **more)


def writes(crm: Crm, path: Path, **more: Any) -> int:
    """How many calls an import makes that write."""
    with crm.count_calls() as calls:
        brought(path, **more)
    return sum(calls.operations[name] for name in ("create", "revise", "update"))


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.csv", "email,lastname,description\r\na@x.org,Äpfel,\"one\r\ntwo, 'x'\"\r\n", "utf-8"),
        ("a.csv", "email;lastname;description\na@x.org;Äpfel;\"one\r\ntwo, 'x'\"\n", "utf-8-sig"),
        ("a.csv", "email\tlastname\tdescription\na@x.org\tÄpfel\t\"one\r\ntwo, 'x'\"", "utf-16"),
        (
            "a.jsonl",
            '\n{"email": "a@x.org", "lastname": "Äpfel", "description": "one\\r\\ntwo, \'x\'"}\n',
            "utf-8",
        ),
    ],
)
def test_what_files_look_like(
    session: Session, crm: Crm, tmp_path: Path, name: str, content: str, encoding: str
) -> None:
    path = written(tmp_path / name, content, encoding)
    assert brought(path).created == 1
    found = Contacts.objects.get()
    assert (found.email, found.lastname) == ("a@x.org", "Äpfel")
    assert (found.description or "").replace("\r\n", "\n") == "one\ntwo, 'x'"
    assert writes(crm, path) == 0


def test_every_kind_from_parquet(session: Session, crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "deals.parquet"
    rows: dict[str, Any] = {
        "potentialname": ["A", "B"],
        "amount": pa.array([Decimal("12.50"), None], pa.decimal128(20, 4)),
        "closingdate": [date(2026, 5, 1), date(2026, 5, 2)],
        "Sales Stage": ["Prospecting", "Closed Won"],
        "probability": [10, None],
    }
    pa.parquet.write_table(pa.table(rows), path)
    for _ in range(2):
        done = import_file(path, Potentials.objects, "potentialname")
        assert done.ok, done.failed
    assert done.counts == {Status.UNCHANGED: 2}
    first = Potentials.objects.get(potentialname="A")
    assert (first.amount, first.closingdate) == (Decimal("12.50"), date(2026, 5, 1))


def test_bad_rows_are_told_by_line(session: Session, tmp_path: Path) -> None:
    content = """\
        email,lastname,birthday,donotcall
        a@x.org,"two
        lines",1990-02-03,true
        b@x.org,No day,yesterday,true
        c@x.org,Too,few
        ,No key,1990-02-03,
        A@X.org,Again,,
        d@x.org,,,
        e@x.org,"quoted"x,,

        f@x.org,Good,,false
        """
    path = written(tmp_path / "a.csv", textwrap.dedent(content))
    told: list[int] = []
    done = brought(path, told=lambda row: told.append(row.line))
    assert told == [4, 5, 6, 7, 8, 9]
    assert {row.created for row in done.failed} == {None}
    why = {row.line: str(row.error) for row in done.failed}
    assert "'yesterday' does not fit the date field 'birthday'" in why[4]
    assert "3 cells, and the first line names 4" in why[5]
    assert "no email" in why[6]
    assert "key of line 2" in why[7]
    assert "lastname" in why[8]
    assert "quotation marks" in why[9]
    assert (done.created, done.counts[Status.FAILED]) == (2, 6)
    lines = ['{"email": "g@x.org", "lastname": "G"}', "{oops", "[1]", '{"lastname": "H"}']
    done = brought(written(tmp_path / "b.jsonl", "\n".join(lines)))
    assert [row.line for row in done.failed] == [2, 3, 4]
    assert done.created == 1


def test_what_is_refused_before_anything_is_sent(
    session: Session, crm: Crm, tmp_path: Path
) -> None:
    def refused(name: str, content: str, why: str, **more: Any) -> None:
        path = written(tmp_path / name, content, more.pop("written", "utf-8"))
        with crm.count_calls() as calls, pytest.raises((ConfigError, InvalidLookup), match=why):
            brought(path, **more)
        assert calls.number == 0

    refused("a.xlsx", "", "what is imported is")
    refused("a.csv", "", "is empty")
    refused("a.csv", "email,lastnme\n", "Did you mean lastname")
    refused("a.csv", "email,email\n", "same name: 'email'")
    refused("a.csv", "email,Last Name,lastname\n", "both lastname")
    refused("a.csv", "email,modifiedtime\n", "cannot be written")
    refused("a.csv", "id,lastname\n", "cannot be written", key="lastname")
    refused("a.csv", "lastname\n", "no column for the key: email")
    refused("a.csv", "email\n", "emial", key="emial")
    refused("a.csv", "email,lastname\n\xff", "is not utf-8", written="latin-1")
    refused("a.csv", "email\n", "There is no encoding", encoding="utf-99")
    refused("a.parquet", "PAR0", "no Parquet file")


def test_all_that_is_wrong_with_the_columns_is_told_at_once(
    session: Session, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.csv", "email,Lastname,lastname,Last Name,contact_no,id\n")
    with pytest.raises(ConfigError) as caught:
        brought(path)
    told = str(caught.value)
    assert "'Lastname' is no field of Contacts. Did you mean lastname?" in told
    assert "'lastname' and 'Last Name' are both lastname" in told
    assert "'contact_no' is contact_no, which cannot be written" in told
    assert "'id' is id, which cannot be written" in told
    assert told.count("--map COLUMN=FIELD") == 1
    with pytest.raises(ConfigError, match=r"mapped to 'lastnme', which is no field .* lastname"):
        brought(path, columns={"Lastname": "lastnme"})
    rows = written(tmp_path / "a.jsonl", '{"email": "a@x.org", "Surname": "A", "id": "12x1"}')
    (failed,) = brought(rows).failed
    assert str(failed.error).count("--map COLUMN=FIELD") == 1
    assert "'Surname'" in str(failed.error)
    assert "'id'" in str(failed.error)


def test_columns_by_other_names(session: Session, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Mail,Last Name,Remarks\na@x.org,A,skip\n", "cp1252")
    columns = {"Mail": "email", "Remarks": ""}
    assert brought(path, columns=columns, encoding="windows-1252").created == 1
    with pytest.raises(ConfigError, match="no column 'Mial'\\. Did you mean 'Mail'"):
        brought(path, columns={**columns, "Mial": "phone"})


def test_a_dry_run_writes_nothing(crm: Crm, tmp_path: Path) -> None:
    path = people(tmp_path / "a.csv", 5)
    with opened(crm):
        brought(people(tmp_path / "b.csv", 2))
        Contacts.objects.filter(email="p1@example.org").update(lastname="Other")
    with opened(crm, dry_run=True):
        done = brought(path)
    assert (done.pending, done.created, done.counts[Status.UNCHANGED]) == (4, 3, 1)
    assert len(crm.engine.backdoor.ids("Contacts")) == 2


def test_it_goes_on_by_its_report(crm: Crm, tmp_path: Path) -> None:
    path, report = people(tmp_path / "a.csv", 130), tmp_path / "a.report"
    with opened(crm):
        for call in range(65, 90):
            crm.faults.next(faults.ServerError(), after=call)
        with pytest.raises(VtigerError):
            brought(path, report=report)
        crm.faults.clear()
        done = brought(path, report=report)
        assert done.ok
        assert done.resumed >= 50
        assert sorted(str(each.email) for each in Contacts.objects) == sorted(
            f"p{n}@example.org" for n in range(130)
        )
        assert writes(crm, path, report=report) == 0
        other = people(tmp_path / "other.csv", 3)
        assert brought(other, report=report).created == 0  # the report was finished


def test_reports_that_do_not_fit_are_refused(crm: Crm, tmp_path: Path) -> None:
    report = written(tmp_path / "r", "{}\n")
    with pytest.raises(ConfigError, match="no report of an import"):
        FileReport(report, {"file": "x"})
    assert report.read_text() == "{}\n"
    report.unlink()
    FileReport(report, {"file": "x"})
    with pytest.raises(ConfigError, match="another import that is not finished"):
        FileReport(report, {"file": "y"})
    with report.open("ab") as file:
        file.write(b'{"line": 3, "sta')
    FileReport(report, {"file": "x"}).finish()
    FileReport(report, {"file": "y"})


class Break(BaseException):
    """A process that ends."""


@pytest.fixture(scope="module")
def template() -> Iterator[Crm]:
    with Crm(data=None) as empty:
        yield empty


@settings(max_examples=max(1, (settings.default.max_examples if settings.default else 60) // 5))
@given(data=st.data())
def test_wherever_it_ends_the_next_runs_make_each_row_once(
    template: Crm, tmp_path: Path, data: st.DataObject
) -> None:
    """Law: a run that ends at any call, whose answer may be lost, leaves a report to go on by."""
    number = data.draw(st.integers(1, 60))
    path, report = people(tmp_path / "a.csv", number), tmp_path / "a.report"
    report.unlink(missing_ok=True)

    def end(*_: object) -> None:
        raise Break

    kinds: st.SearchStrategy[faults.Fault]
    kinds = st.sampled_from([faults.LostAnswer(), faults.ServerError(), faults.Meanwhile(end)])
    with template.copy() as crm:
        for _ in range(data.draw(st.integers(0, 3))):
            crm.faults.next(data.draw(kinds), after=data.draw(st.integers(0, 70)))
            try:
                with opened(crm):
                    brought(path, report=report)
            except (VtigerError, Break):
                pass
            crm.faults.clear()
        with opened(crm):
            assert brought(path, report=report).ok
        stored = crm.engine.store.rows('SELECT email FROM "m_Contacts" WHERE _state = 0')
        assert sorted(email for (email,) in stored) == sorted(
            f"p{n}@example.org" for n in range(number)
        )


def test_what_was_exported_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with Crm() as crm, crm.serve() as server:
        for name, value in settings_of(crm, server.url).items():
            monkeypatch.setenv(name, value)
        schema = ["--schema", str(SCHEMA)]
        fields = "vendor_no,vendorname,city,glacct,description"
        export = ["export", "Vendors", "--to", str(tmp_path), "-f", fields, "--format", "csv"]
        assert run([*export, *schema]) == 0
        # Nobody looks, so there is no bar.
        assert re.fullmatch(r"1 file written in \d+ calls\.\n", capsys.readouterr().err)
        path = tmp_path / "Vendors.csv"
        common = ["--module", "Vendors", "--key", "vendorname", "-m", "vendor_no=", *schema]
        assert run(["import", str(path), *common]) == 0
        assert "36 unchanged." in capsys.readouterr().out
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        rows[0]["city"] = "Elsewhere"
        rows.append({**rows[0], "vendorname": "New one"})
        rows.append({**rows[0], "vendorname": ""})
        changed = tmp_path / "changed.jsonl"
        changed.write_text("\n".join(json.dumps(row) for row in rows))
        assert run(["import", str(changed), *common, "--dry-run"]) == 1
        told = capsys.readouterr()
        assert "1 would be created, 1 would be changed, 35 unchanged, 1 not written" in told.out
        assert "line 38: failed: " in told.err
        assert run(["import", str(changed), *common]) == 1
        assert "1 created, 1 changed, 35 unchanged, 1 not written" in capsys.readouterr().out
        assert run(["import", str(path), "--module", "Vendorz", "--key", "x", *schema]) == 1
        assert run(["import", str(path), *common, "-m", "city"]) == 1
        assert "COLUMN=FIELD" in capsys.readouterr().err


@pytest.mark.programs
def test_killed_processes_make_no_double(tmp_path: Path) -> None:
    """Killed without a word at some moment, and run again by the report."""
    program = textwrap.dedent(f"""\
        import sys
        sys.path[:0] = {sys.path!r}
        from generated.demo import Contacts, connect
        from vtiger_orm.importing import import_file
        from vtiger_orm.session import RetryPolicy

        url, user, key, path, report = sys.argv[1:]
        with connect(url, user, key, retry=RetryPolicy(longest_work=0.5)):
            import_file(path, Contacts.objects, "email", report=report)
        """)
    with Crm(data=None) as crm, crm.serve() as server:
        for number in range(ROUNDS):
            path, report = tmp_path / f"{number}.csv", tmp_path / f"{number}.report"
            people(path, 400 + number)
            command = [sys.executable, "-c", program, server.url, *crm.credentials()]
            command += [str(path), str(report)]
            for call in (3 + number * 37 % 400, 4 + number * 11 % 200):
                killed(crm, command, call, later=0.002 * (number % 10))
            subprocess.run(command, check=True)
            stored = crm.engine.store.rows('SELECT email FROM "m_Contacts" WHERE _state = 0')
            assert len(stored) == len(set(stored)) == 400 + number


def test_a_file_that_cannot_be_read_to_its_end_is_not_begun(
    session: Session, crm: Crm, tmp_path: Path
) -> None:
    path = people(tmp_path / "a.csv", 3000)
    with path.open("ab") as file:
        file.write(b"\nlast@example.org,M\xfcller\n")
    with pytest.raises(ConfigError, match=r"line 3002: .* Nothing was imported"):
        brought(path)
    assert crm.engine.backdoor.ids("Contacts") == []
