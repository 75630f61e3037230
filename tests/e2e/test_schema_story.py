"""The life of a schema: a CRM changes twelve times, and each time the application is told, pointed
to the lines that use what changed, own code of its models included, and green again afterwards."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.diff.compare import compare
from vtiger_codegen.live.losses import losses

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]

APP = """\
from crm import Accounts, Contacts, Notes


def hot() -> list[Contacts]:
    stages = [Contacts.Stage.COLD_CALL, Contacts.Stage.WEB]
    return list(Contacts.objects.filter(stage__in=stages, tier="Gold").order_by("-tier"))


def score(contact: Contacts) -> int:
    return (contact.score or 0) + 1


def add(name: str) -> Contacts:
    return Contacts.objects.hot().create(lastname=name)


def fax(number: str) -> int:
    return Contacts.objects.filter(fax=None).update(fax=number)


def rename(name: str) -> int:
    return Accounts.objects.filter(accountname="x").update(accountname=name)


def notes() -> int:
    return Notes.objects.count()
"""


OWN = """\
from typing import Self

from .._typing.contacts import ContactsQuerySetBase
from ..contacts import ContactsBase


class ContactsQuerySet(ContactsQuerySetBase):
    def hot(self) -> Self:
        return self.filter(stage=Contacts.Stage.COLD_CALL, tier="Gold")  # own


class Contacts(ContactsBase, ordering=("-tier",)):
    @property
    def shown(self) -> str:
        return f"{self.lastname}: {self.tier} {self.fax}"
"""


def first() -> dict[str, Json]:
    """What the CRM describes at the beginning."""
    modules = [
        module("Accounts", field("accountname", mandatory=True)),
        module(
            "Contacts",
            field("lastname", mandatory=True),
            field("cf_1", label="Tier"),
            field("stage", "picklist", values=["Cold Call", "Web", "Won"]),
            field("score", "integer"),
            field("fax"),
        ),
        module("Notes", field("subject")),
    ]
    return {each.describe.name: each.to_json() for each in modules}


class Story:
    """A project beside a CRM that changes."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.file = folder / "app" / "main.py"
        self.crm = first()
        self._capsys = capsys
        self.file.parent.mkdir()
        self.file.write_text(APP)
        (folder / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "crm"\n')
        self._save()
        assert run(["generate"]) == 0
        assert run(["customise", "Contacts"]) == 0
        self.own = folder / "crm" / "custom" / "contacts.py"
        self.own.write_text(OWN)

    def _save(self) -> None:
        described = copy.deepcopy(self.crm)
        modules = [ModuleSnapshot.model_validate(described[name]) for name in sorted(described)]
        snapshot(*modules).save(self.folder / "vtiger-schema")

    def fields(self, name: str = "Contacts") -> dict[str, Json]:
        found: list[Json] = self.crm[name]["describe"]["fields"]
        return {each["name"]: each for each in found}

    def changes(
        self, change: Callable[[], object], code: int, *told: str, rename: str = ""
    ) -> None:
        """The CRM changes, the diff tells it with this exit code, and the package is made anew."""
        shutil.rmtree("before", ignore_errors=True)
        shutil.copytree("vtiger-schema", "before")
        own = self.own.read_bytes()
        change()
        self._save()
        self._capsys.readouterr()
        renames = ["--rename", rename] if rename else []
        assert run(["diff", "before", "--usage", "app", *renames]) == code
        shown = self._capsys.readouterr().out
        for each in told:
            assert each in shown
        assert run(["generate"]) == 0
        assert self.own.read_bytes() == own

    def would_lose(self, hide: Callable[[dict[str, Json]], object]) -> str:
        """What a user who sees less would lose by pulling; nothing of the project changes."""
        seen = copy.deepcopy(self.crm)
        hide(seen)
        modules = [ModuleSnapshot.model_validate(seen[name]) for name in sorted(seen)]
        known, now = Snapshot.load("vtiger-schema"), snapshot(*modules)
        who = Identity("19x5", "ada", facts={"is_admin": "off"})
        return str(losses(compare(known, now, ()), now, who, include=("*",), exclude=()))

    def edits(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def mypy(self) -> str:
        """What mypy finds wrong; empty when it finds nothing."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "mypy",
                "--strict",
                f"--cache-dir={self.cache}",
                "app",
                "crm/custom",
            ],
            env={"MYPYPATH": f"{ROOT}:.", "PATH": ""},
            capture_output=True,
            text=True,
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.timeout(180)
def test_a_crm_changes_and_the_application_follows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mypy_cache: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    story = Story(tmp_path, capsys, mypy_cache)
    contacts, fields = story.crm["Contacts"]["describe"], story.fields()

    # What is safe needs nothing.
    story.changes(lambda: fields["cf_1"].update(label="Level"), 1, "cf_1")
    story.changes(lambda: contacts["fields"].append(field("cf_2", label="Hobby")), 1, "cf_2")
    other = module("Tickets", field("title")).to_json()
    story.changes(lambda: story.crm.update(Tickets=other), 1, "Tickets")

    # What the CRM renamed keeps its name in Python, where somebody says so.
    values = fields["stage"]["type"]["picklistValues"]
    story.changes(
        lambda: values[0].update(value="Phone", label="Phone"),
        1,
        "COLD_CALL",
        rename="Contacts.stage.Cold Call=Phone",
    )
    story.changes(
        lambda: fields["cf_1"].update(name="cf_9"), 1, "tier", rename="Contacts.cf_1=cf_9"
    )
    assert story.file.read_text() == APP
    assert story.mypy() == ""

    # What breaks is shown with the lines that use it, and the checker finds the same ones.
    story.changes(lambda: values.pop(1), 2, "app/main.py:5")
    story.changes(lambda: fields["score"]["type"].update(name="string"), 2, "app/main.py:10")
    story.changes(lambda: fields["fax"].update(editable=False), 2, "app/main.py:18")
    more = field("cf_3", label="Source", mandatory=True)
    story.changes(lambda: contacts["fields"].append(more), 2, "app/main.py:14")
    story.changes(lambda: story.crm.pop("Notes"), 2, "app/main.py:1", "app/main.py:26")
    accounts = story.crm["Accounts"]["describe"]
    story.changes(lambda: accounts.update(updateable=False), 2, "app/main.py:22")
    found = story.mypy()
    for line in (1, 5, 10, 14, 18):
        assert f"app/main.py:{line}: error" in found, found

    story.edits(", Notes", "")
    story.edits(", Contacts.Stage.WEB", "")
    story.edits("(contact.score or 0) + 1", 'int(contact.score or "0") + 1')
    story.edits("create(lastname=name)", 'create(lastname=name, source="app")')
    story.edits("filter(fax=None).update(fax=number)", "filter(fax=number).count()")
    story.edits(
        'filter(accountname="x").update(accountname=name)', "filter(accountname=name).count()"
    )
    story.edits("\n\ndef notes() -> int:\n    return Notes.objects.count()\n", "")
    assert story.mypy() == ""
    assert run(["check"]) == 0

    # What somebody else would not see is not taken for gone.
    def hide(seen: dict[str, Json]) -> None:
        del seen["Accounts"]
        seen["Contacts"]["describe"]["fields"] = [
            each for each in seen["Contacts"]["describe"]["fields"] if each["name"] != "fax"
        ]

    assert "1 module (Accounts) and 1 field (Contacts.fax)" in story.would_lose(hide)
    assert run(["check"]) == 0

    # Another name in Python is carried into application and own code.
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    assert run(["names", "set", "Contacts.cf_9=level", "Contacts.stage.Phone=PHONE"]) == 0
    assert run(["generate"]) == 0
    assert run(["migrate", "app"]) == 0
    assert 'tier="Gold"' not in story.file.read_text()
    assert story.own.read_text() == OWN.replace("tier", "level").replace("COLD_CALL", "PHONE")
    assert story.mypy() == ""
    assert run(["check"]) == 0


def git(*arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)
