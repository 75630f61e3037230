"""Small applications against a small package, for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

import libcst as cst
from libcst import metadata as meta
from vtiger_codegen.application.places import Doubtful, Use
from vtiger_codegen.application.uses import uses_in
from vtiger_codegen.application.vocabulary import Vocabulary, vocabulary
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.metadata.snapshot import Snapshot

CRM: Snapshot = snapshot(
    module(
        "Accounts",
        field("accountname", mandatory=True),
        field("cf_7", label="Tier"),
        relations=[{"name": "Contacts", "label": "People"}],
    ),
    module(
        "Contacts",
        field("lastname", mandatory=True),
        field("cf_1", label="Tier"),
        field("stage", "picklist", values=["Cold Call", "Won"]),
        field("account_id", "reference", targets=["Accounts"]),
        field("boss_id", "reference", targets=["Accounts", "Contacts"]),
        relations=[{"name": "Contacts", "label": "Friends"}],
    ),
)
LOCK = name_everything(CRM.modules, NamesLock())
PACKAGE = ("home", "me", "src", "crm")
WORDS = vocabulary(CRM.modules, LOCK, PACKAGE)

HEAD = "from crm import Accounts, Contacts\n"


def words_with(lock: NamesLock) -> Vocabulary:
    return vocabulary(CRM.modules, lock, PACKAGE)


def uses(
    source: str,
    doubtful: Doubtful | None = None,
    head: str = HEAD,
    shapes: frozenset[str] = frozenset(),
) -> list[Use]:
    """The uses in a snippet, without those of its first line."""
    wrapper = meta.MetadataWrapper(cst.parse_module(head + textwrap.dedent(source)))
    positions = wrapper.resolve(meta.PositionProvider)
    return [
        each
        for each in uses_in(wrapper, WORDS, doubtful, shapes=shapes)
        if not head or positions[each.token].start.line > 1
    ]


def told(found: list[Use]) -> list[str]:
    """Each use as ``Contacts.cf_1 read``; a question mark where it is not sure."""
    return [
        f"{'.'.join(each.path[1:2] + each.path[3::2])}"
        f"{'' if len(each.path) % 2 == 0 else f' {each.path[-1]}'} {each.access}"
        f"{'' if each.sure else ' ?'}"
        for each in found
    ]


def write(folder: Path, **sources: str) -> list[Path]:
    """Files of an application."""
    files = []
    for name, source in sources.items():
        file = folder / f"{name}.py"
        file.write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
        files.append(file)
    return files
