"""What a former pull proved and this one could not, for want of records. Pure."""

from __future__ import annotations

from typing import Final

from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

_NEED_RECORDS: Final = frozenset({Flaw.ABSENT, Flaw.UNSORTABLE})
"""Flaws that only show where a module has records."""


def with_former_proofs(former: Snapshot, now: Snapshot) -> Snapshot:
    """Today's snapshot with what the former one knew of the same release of the same CRM.

    A module that was emptied, or a user who sees no records, proves nothing; the server still
    does what it did.
    """
    known, instance = former.instance, now.instance
    if (known.dialect, known.version) != (instance.dialect, instance.version):
        return now
    nothing = Capabilities()
    proved = {
        name: value
        for name, value in known.capabilities
        if getattr(instance.capabilities, name) == getattr(nothing, name)
    }
    capabilities = instance.capabilities.model_copy(update=proved)
    return Snapshot(
        instance=instance.model_copy(update={"capabilities": capabilities}),
        modules={
            name: _module(former.modules.get(name), module) for name, module in now.modules.items()
        },
    )


def _module(former: ModuleSnapshot | None, now: ModuleSnapshot) -> ModuleSnapshot:
    described = {field.name for field in now.describe.fields}
    known = former.flaws if former is not None else {}
    flaws = {
        name: flaw
        for name, flaw in known.items()
        if flaw in _NEED_RECORDS and name in described and name not in now.flaws
    }
    return now.model_copy(update={"flaws": now.flaws | flaws}) if flaws else now
