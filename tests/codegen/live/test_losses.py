"""What a pull would lose because of who pulls, and what it still knows from a former one."""

from __future__ import annotations

import pytest
from vtiger_codegen.diff.compare import compare
from vtiger_codegen.diff.renames import Rename
from vtiger_codegen.live.losses import Losses, losses
from vtiger_codegen.live.proofs import with_former_proofs

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import Snapshot

BEFORE = snapshot(module("A", field("a"), field("b")), module("B"), module("C"))
NOW = snapshot(module("A", field("a")), module("C"))


def who(**facts: object) -> Identity:
    return Identity("19x5", "ada", facts=facts)


def lost(identity: Identity, now: Snapshot = NOW, renames: tuple[Rename, ...] = ()) -> Losses:
    diff = compare(BEFORE, now, renames)
    return losses(diff, now, identity, include=("*",), exclude=())


@pytest.mark.parametrize(
    ("facts", "administrator"),
    [
        ({"is_admin": "on"}, True),
        ({"is_admin": True}, True),
        ({"is_admin": "off"}, False),
        ({"is_admin": ""}, False),
        ({}, None),
    ],
)
def test_what_an_administrator_does_not_see_is_gone(
    facts: dict[str, object], administrator: bool | None
) -> None:
    assert who(**facts).administrator is administrator
    found = lost(who(**facts))
    if administrator:
        assert not found
    else:
        assert (found.modules, found.fields) == (("B",), ("A.b",))
        told = "1 module (B) and 1 field (A.b). "
        told += "ada is no administrator, " if administrator is False else "What is hidden from ada"
        assert str(found).startswith(told)


def test_what_could_not_be_described_is_not_gone() -> None:
    now = NOW.model_copy(
        update={"instance": NOW.instance.model_copy(update={"skipped": {"B": "HTTP 500"}})}
    )
    found = lost(who(is_admin="on"), now)
    assert (found.modules, found.fields) == (("B",), ())
    assert str(found) == "1 module (B). The CRM refused to describe it just now."


def test_what_was_not_asked_for_or_renamed_is_not_lost() -> None:
    diff = compare(BEFORE, NOW)
    for include, exclude in ((("A", "C"), ()), (("*",), ("B*",))):
        found = losses(diff, NOW, who(), include=include, exclude=exclude)
        assert (found.modules, found.fields) == ((), ("A.b",))
    now = snapshot(module("A", field("a"), field("c")), module("B"), module("C"))
    rename = Rename(("module", "A", "field", "b"), "c")
    assert lost(who(), now)
    assert not lost(who(), now, (rename,))


def test_many_are_counted() -> None:
    before = snapshot(module("A", *(field(f"f{number}") for number in range(9))))
    now = snapshot(module("A"))
    found = losses(compare(before, now), now, who(), include=("*",), exclude=())
    assert str(found).startswith("9 fields (A.f0, A.f1, A.f2, A.f3, A.f4, ...).")


def seen(version: str = "8.0.0", flaws: dict[str, str] | None = None, **can: object) -> Snapshot:
    found = snapshot(module("A", field("a"), field("b"), flaws=flaws))
    update = {"version": version, "capabilities": Capabilities.model_validate(can)}
    return Snapshot(
        instance=found.instance.model_copy(update=update),
        modules=found.modules,
    )


def test_what_was_proved_stays_proved() -> None:
    former = seen(
        flaws={"a": "absent", "b": "denied", "id": "unsortable", "gone": "absent"},
        precedence="sql",
        sync=False,
        page_size=200,
    )
    now = with_former_proofs(former, seen(flaws={"id": "denied"}, sync=True))
    can = now.instance.capabilities
    assert (can.precedence, can.sync, can.page_size) == ("sql", True, 200)
    assert now.modules["A"].flaws == {"a": Flaw.ABSENT, "id": Flaw.DENIED}


def test_of_another_release_nothing_is_known() -> None:
    former = seen(flaws={"a": "absent"}, precedence="sql")
    now = seen(version="8.1.0")
    assert with_former_proofs(former, now) == now
