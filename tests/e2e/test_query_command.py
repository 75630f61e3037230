"""`vtiger-orm query`: from words to rows, on a server, from a snapshot alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.cli.query.selection import Question, meta_of, selection_of, zone_of
from vtiger_codegen.cli.query.tables import as_csv, as_json, plain
from vtiger_codegen.naming.lock import load_lock
from vtiger_codegen.text.terminal import escaped

import vtiger_orm.emulator
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConfigError, InvalidLookup, SnapshotError, UnsupportedQuery
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.values.picklists import Choices

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"
SNAPSHOT = Snapshot.load(DEMO)
LOCK = load_lock(DEMO / "names.lock")
EAST = timezone(timedelta(hours=8))

Command = Callable[..., tuple[int, str, str]]


# From words to a selection


def where(module: str, *conditions: str, exclude: tuple[str, ...] = (), zone: Any = UTC) -> str:
    meta = meta_of(SNAPSHOT, LOCK, module)
    return str(selection_of(meta, Question(module, conditions, exclude), zone).where)


@pytest.mark.parametrize(
    ("module", "condition", "expected"),
    [
        ("Contacts", "lastname=Smith", "lastname = 'Smith'"),
        ("Contacts", "lastname=a=b", "lastname = 'a=b'"),
        ("Contacts", "lastname=", "lastname is blank"),
        ("Contacts", "email__isnull=no", "email is not blank"),
        ("Contacts", "donotcall=true", "donotcall = '1'"),
        ("Contacts", "birthday__gte=1990-02-01", "birthday >= '1990-02-01'"),
        ("Contacts", "birthday__month=2", "month of birthday = 2"),
        ("Contacts", "lastname__in=a,b,a", "lastname in ('a', 'b')"),
        ("Contacts", 'lastname__in="a,b",c', "lastname in ('a,b', 'c')"),
        ("Contacts", "account_id=11x5", "account_id = '11x5'"),
        ("Potentials", "amount__gt=12.50", "amount > '12.50'"),
        (
            "Potentials",
            "amount__range=1,2",
            "amount >= '1' and amount <= '2'",
        ),
        (
            "Contacts",
            "createdtime__lt=2024-02-29",
            "createdtime < start of 2024-02-29",
        ),
        (
            "Contacts",
            "createdtime__gte=2024-02-29T08:00",
            "createdtime >= '2024-02-29 00:00:00'",
        ),
        (
            "Contacts",
            "createdtime__gte=2024-02-29T08:00:00+00:00",
            "createdtime >= '2024-02-29 08:00:00'",
        ),
    ],
)
def test_conditions_are_typed_by_their_field(module: str, condition: str, expected: str) -> None:
    assert where(module, condition, zone=EAST) == expected


def test_conditions_add_up_and_excluded_ones_are_negated() -> None:
    assert where("Contacts", "lastname=a", "firstname=b", exclude=("email=", "fax=1")) == (
        "lastname = 'a' and firstname = 'b' and email is not blank and not fax = '1'"
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("lastnme=x", "Did you mean 'lastname'"),
        ("lastname__startwith=x", "Did you mean lastname__startswith"),
        ("lastname", "write field=value"),
        ("birthday=yesterday", "ISO text"),
        ("birthday__month=x", "a whole number"),
        ("createdtime=soon", "a moment such as"),
        ("donotcall=perhaps", "True or False"),
        ("email__isnull=perhaps", "true or false"),
        ("account_id=12", "id"),
        ("account_id=12x5", "begin with 11x"),
        ("account_id__industry=Banking", "account_id__in"),
        ('lastname__in="a', "list of values"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(condition: str, message: str) -> None:
    with pytest.raises(InvalidLookup, match=message):
        where("Contacts", condition)


def test_orders_fields_and_modules_are_checked() -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    for question in (
        Question("Contacts", order=("-nmae",)),
        Question("Contacts", fields=("lastnme",)),
    ):
        with pytest.raises((InvalidLookup, UnsupportedQuery)):
            selection_of(meta, question, UTC)
    for name in ("contacts", "Contact"):
        with pytest.raises(SnapshotError, match="Did you mean Contacts"):
            meta_of(SNAPSHOT, LOCK, name)
    with pytest.raises(SnapshotError, match="It has: Accounts, "):
        meta_of(SNAPSHOT, LOCK, "Nothing")
    with pytest.raises(ConfigError, match="no time zone"):
        zone_of("Mars/Olympus")


def test_without_fields_the_label_and_what_was_asked_about_is_shown() -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    question = Question("Contacts", ("birthday__year=1990",), (), ("-modifiedtime",))
    columns = selection_of(meta, question, UTC).columns or ()
    assert [each.name for each in columns] == [
        "id",
        "firstname",
        "lastname",
        "birthday",
        "modifiedtime",
    ]


# From values to text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (Decimal("1E+3"), "1000"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 13, 45, tzinfo=UTC), "2024-02-29T13:45:00+00:00"),
        (Choices(["b", "a"]), "b, a"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert plain(value) == text


HOSTILE = "\x1b[2Jred\r\n\t\x9b31m\u202egnp\ud83d|\U0001f600é"


def test_nothing_in_the_output_commands_a_terminal() -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    fields, rows = [meta.fields["lastname"]], [{"lastname": HOSTILE}]
    shown = escaped(HOSTILE)
    assert shown.isprintable()
    assert shown.endswith("\\ud83d|\U0001f600é")
    told = "".join(as_json(fields, rows))
    assert json.loads(told) == [{"lastname": HOSTILE}]
    assert told.replace("\n", "").isprintable()
    safe = "".join(as_csv(fields, rows, safe=True))
    assert safe.replace("\r\n", "").isprintable()
    exact = "".join(as_csv(fields, [{"lastname": "two\nlines, \x9b"}], safe=False))
    assert list(csv.reader(io.StringIO(exact, newline="")))[1] == ["two\nlines, \x9b"]


def test_text_that_does_not_fit_its_type_is_shown_as_it_came() -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    rows = [{"birthday": "sometime"}, {}]
    assert "".join(as_csv([meta.fields["birthday"]], rows, safe=False)) == (
        'birthday\r\nsometime\r\n""\r\n'
    )


# The command


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def command(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    """Runs ``vtiger-orm query``: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    with crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)

        def ask(*arguments: str) -> tuple[int, str, str]:
            code = run(["query", *arguments, "--schema", str(DEMO)])
            out, err = capsys.readouterr()
            return code, out, err

        yield ask


def test_a_table(command: Command) -> None:
    code, out, err = command("Contacts", "--order", "lastname", "-f", "lastname,email", "-n", "3")
    assert code == 0
    lines = [line for line in out.splitlines() if line.strip()]
    assert lines[0].split() == ["lastname", "email"]
    assert len(lines) == 5
    assert "3 records in 1 call" in err
    assert "--limit 0" in err


def test_json_and_csv(command: Command) -> None:
    arguments = ("Potentials", "-w", "amount__gte=1000", "-f", "potentialname,amount", "-n", "4")
    _, out, _ = command(*arguments, "--format", "json")
    from_json = json.loads(out)
    assert len(from_json) == 4
    assert all(Decimal(row["amount"]) >= 1000 for row in from_json)
    _, out, _ = command(*arguments, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(out))) == from_json
    _, out, _ = command("Contacts", "-w", "lastname=Nobody", "--format", "json")
    assert json.loads(out) == []


def test_counting_and_reading_everything_agree(command: Command) -> None:
    _, out, _ = command("Contacts", "-x", "email=", "--count")
    total = int(out)
    assert total > 500
    _, out, err = command("Contacts", "-x", "email=", "-f", "id", "-n", "0", "--format", "csv")
    assert len(out.splitlines()) == total + 1
    assert "There may be more" not in err


def test_explain_sends_nothing(command: Command, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VTIGER_URL", "VTIGER_USERNAME", "VTIGER_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with crm.count_calls() as calls:
        code, out, _ = command("Contacts", "-w", "lastname__startswith=Sm", "--explain")
    assert code == 0
    assert "Sm%" in out
    assert calls.number == 0


def test_a_count_is_not_explained(command: Command) -> None:
    code, out, err = command("Contacts", "--count", "--explain")
    assert (code, out) == (2, "")
    assert "leave --count out" in err


def test_mistakes_end_with_one_line_and_exit_code_one(command: Command) -> None:
    code, out, err = command("Contacts", "-w", "lastnme=x")
    assert (code, out) == (1, "")
    assert "Did you mean 'lastname'" in err
    assert "Traceback" not in err


def test_another_crm_is_refused(command: Command, tmp_path: Path) -> None:
    import shutil

    schema = tmp_path / "other"
    shutil.copytree(DEMO, schema, ignore=shutil.ignore_patterns("*.py", "*.jsonl", "__pycache__"))
    for file, key in ((schema / "instance.json", None), (schema / "modules/Users.json", "x")):
        content = json.loads(file.read_text("utf-8"))
        if key is None:
            content["prefixes"]["Users"] = "77"
        else:
            content["describe"]["idPrefix"] = "77"
        file.write_text(json.dumps(content), "utf-8")
    assert run(["query", "Contacts", "--schema", str(schema), "--count"]) == 1


# Groups and files


def test_groups(command: Command) -> None:
    code, out, err = command(
        *("Potentials", "-g", "sales_stage", "--sum", "amount", "--format", "json"),
        *("-o", "-amount__sum", "-n", "3"),
    )
    assert code == 0
    rows = json.loads(out)
    assert list(rows[0]) == ["sales_stage", "count", "amount__sum"]
    assert [Decimal(row["amount__sum"]) for row in rows] == sorted(
        (Decimal(row["amount__sum"]) for row in rows), reverse=True
    )
    assert "3 groups in" in err
    code, out, _ = command("Potentials", "-g", "closingdate__year", "--format", "csv")
    years = [row["closingdate__year"] for row in csv.DictReader(io.StringIO(out))]
    assert code == 0
    assert years == sorted(years)
    code, out, _ = command("Potentials", "--sum", "amount", "--format", "json")
    assert code == 0
    assert [row["count"] for row in json.loads(out)] == [315]
    code, out, _ = command("Potentials", "-g", "sales_stage", "--explain")
    assert "calls:" in out
    assert command("Potentials", "-g", "sales_stage", "-o", "amount")[0] == 1
    assert command("Potentials", "--sum", "potentialname")[0] == 1
    assert command("Potentials", "--sum", "amount", "--count")[0] == 2


@pytest.mark.parametrize("style", ["parquet", "arrow"])
def test_binary_formats(
    crm: Crm,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    style: str,
) -> None:
    with crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        options = ["-n", "150", "--format", style, "-f", "amount,id", "--schema", str(DEMO)]
        assert run(["query", "Potentials", *options]) == 0
    content = io.BytesIO(capfdbinary.readouterr().out)
    if style == "parquet":
        table = pa.parquet.read_table(content)
    else:
        with pa.ipc.open_file(content) as reader:
            table = reader.read_all()
    assert (table.num_rows, table.column_names) == (150, ["amount", "id"])
