"""Picklist dependencies that the settings name, asked of the CRM and kept in the snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from vtiger_orm import Session
from vtiger_orm.administration import picklists
from vtiger_orm.errors import ConfigError, VtigerError
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from ..config import TABLE, ModuleSettings


def with_dependencies(
    session: Session, snapshot: Snapshot, settings: Mapping[str, ModuleSettings]
) -> Snapshot:
    """The snapshot with the dependencies that are named in the settings, one call each.

    Raises `ConfigError` where the CRM cannot be asked for one: for what is no picklist, and where
    its API has no operation for it.
    """
    changed = {}
    for name, given in settings.items():
        if given.dependencies and name in snapshot.modules:
            asked = _asked(session, snapshot, name, given.dependencies)
            changed[name] = snapshot.modules[name].model_copy(update={"dependencies": asked})
    return snapshot.model_copy(update={"modules": {**snapshot.modules, **changed}})


def _asked(
    session: Session, snapshot: Snapshot, name: str, pairs: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, dict[str, list[str]]]]:
    module: ModuleSnapshot = snapshot.modules[name]
    meta = module_meta(module, {}, {}, snapshot.instance.prefixes)
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for source, targets in pairs.items():
        for target in targets:
            try:
                plan = picklists.dependency(meta, source, target, session.facts)
                told = session.run(plan)
            except VtigerError as error:
                raise ConfigError(
                    f"[{TABLE}.modules.{name}] dependencies: {source} -> {target} cannot be asked "
                    f"for: {error}"
                ) from error
            values = {value: list(allowed) for value, allowed in told.items()}
            found.setdefault(told.source, {})[told.target] = values
    return found
