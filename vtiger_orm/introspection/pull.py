"""The plan of `vtiger-orm pull`: from a live CRM to a `Snapshot`, with reading calls only."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import ValidationError

from .._dataclass import dataclass
from ..calls.clock import ServerClock
from ..calls.operations import Describe, ListTypes, RelatedTypes
from ..calls.outcome import tells_nothing
from ..calls.plans import Plan, perform, together
from ..errors import ApiError, ConfigError, MalformedAnswer, VtigerError
from ..ids import is_id, parse_id
from ..metadata import describe as wire
from ..metadata.repair import (
    RepairedRelations,
    repaired_describe,
    repaired_listtypes,
    repaired_relations,
)
from ..metadata.server import ServerFamily, family_of, release_of
from ..metadata.snapshot import Instance, ModuleSnapshot, Snapshot, file_stem
from .abilities import probe_abilities
from .probing import Probe, probe_module
from .zone import ZoneProof


class PullWarning(UserWarning):
    """Something of a module is missing in the snapshot."""


@dataclass(frozen=True, slots=True)
class PulledServer:
    """What a session knows of the CRM before anything is asked."""

    dialect: Literal["webservice", "cloud"]
    version: str | None = None
    api_version: str | None = None
    serialised: bool = True
    """Whether a session's calls wait for each other: then nothing is gained side by side."""
    url_budget: int = 8000
    user_id: str = ""
    """Whose session it is: tells the prefix of Users, whom not every user may see."""
    family: ServerFamily = ServerFamily.UNKNOWN
    """The program, as far as the login told it."""
    administrator: bool | None = None
    """Whether the user sees everything; None where the CRM does not tell."""
    clock: ServerClock = field(default_factory=ServerClock, compare=False)
    """The session's: what is known of the zone of the CRM's times, and learns more."""

    def family_with(
        self, modules: Collection[str], describes: Iterable[wire.DescribeAnswer] = ()
    ) -> ServerFamily:
        """The family by what was seen besides: modules and keys that only one has."""
        if self.family is not ServerFamily.UNKNOWN:
            return self.family
        label_raw = any("label_raw" in (each.model_extra or {}) for each in describes)
        return family_of(self.dialect, self.version, label_raw=label_raw, modules=modules)


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is."""

    done: int
    total: int
    """Modules, and one step more for what the CRM can do as a whole."""
    doing: str


@dataclass(frozen=True, slots=True)
class _Pulled:
    module: str
    snapshot: ModuleSnapshot | None = None
    probe: Probe | None = None
    refusal: str = ""
    unrelated: str | None = None
    """Why its relations could not be read; empty where they were, None where nobody asked."""


def pull(
    server: PulledServer,
    *,
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    side_by_side: int = 1,
    report: Callable[[PullProgress], object] = lambda progress: None,
) -> Plan[Snapshot]:
    """Describe every module whose name fits `include` and not `exclude` (globs), find flaws of
    fields and abilities of the server.

    A module that refuses to be described is recorded in `skipped` with the reason. Raises
    `ConfigError` when nothing fits, and the error of a call that failed for another reason than
    the module (network, login, limit of calls).
    """
    answer = repaired_listtypes((yield from perform(ListTypes())))
    listed = wire.ListTypesAnswer.model_validate(answer.content)
    family = server.family_with(listed.types)
    if told := blindness(server, family, listed):
        raise ConfigError(f"{told} Nothing was pulled.")
    names = _chosen([*listed.types, *listed.information], include, exclude)
    if not names and listed.types:
        raise ConfigError(
            f"None of the {len(listed.types)} modules that this user sees fits "
            f"include ({', '.join(include)}) and not exclude ({', '.join(exclude) or 'nothing'}). "
            f"There are: {', '.join(sorted(listed.types))}."
        )
    skipped = _unusable_names(names)
    left = [name for name in names if name not in skipped]
    proof = ZoneProof(server.clock, left)
    yield from proof.begin()
    pulled: list[_Pulled] = []
    total = len(left) + 1
    for start in range(0, len(left), max(1, side_by_side)):
        group = left[start : start + max(1, side_by_side)]
        report(PullProgress(start, total, ", ".join(group)))
        pulled += yield from together([_pull_module(name, server) for name in group])
    skipped |= {each.module: each.refusal for each in pulled if each.refusal}
    modules = {each.module: each.snapshot for each in pulled if each.snapshot is not None}
    if not modules:
        raise ConfigError(
            "No module could be described"
            + (f": {_some(skipped)}." if skipped else ".")
            + " Has the user rights to any module?"
        )
    report(PullProgress(len(left), total, "what the CRM can do"))
    capabilities = yield from probe_abilities(
        [each.probe for each in pulled if each.probe is not None],
        [each.describe for each in modules.values()],
        serialised=server.serialised,
        url_budget=server.url_budget,
        provoking=family is not ServerFamily.CLOUD,
        proving_ids=family is ServerFamily.BERLICRM,
        sees_all=server.administrator is True,
    )
    proved_zone = yield from proof.end(syncs=capabilities.sync is True)
    found = {"relations": _related(pulled), "zone": proved_zone}
    capabilities = capabilities.model_copy(update=found)
    report(PullProgress(total, total, "done"))
    return Snapshot(
        instance=Instance(
            dialect=server.dialect,
            family=server.family_with(listed.types, [each.describe for each in modules.values()]),
            version=server.version,
            api_version=server.api_version,
            prefixes={name: each.describe.id_prefix for name, each in modules.items()},
            others=_others(server, modules),
            capabilities=capabilities,
            skipped=skipped,
            types={name: listed.information[name] for name in sorted(listed.information)},
            repairs=sorted(answer.told),
        ),
        modules=modules,
    )


def _others(server: PulledServer, described: Container[str]) -> dict[str, str]:
    if "Users" in described or not is_id(server.user_id):
        return {}
    return {"Users": parse_id(server.user_id).prefix}


def _pull_module(name: str, server: PulledServer) -> Plan[_Pulled]:
    try:
        raw = yield from perform(Describe(name))
    except VtigerError as error:
        if tells_nothing(error):
            raise
        return _Pulled(name, refusal=refusal(error))
    content, told = repaired_describe(raw, name)
    try:
        described = wire.DescribeAnswer.model_validate(content)
        Instance(dialect=server.dialect, prefixes={name: described.id_prefix})
    except ValidationError as error:
        return _Pulled(name, refusal=f"its description is not understood: {_first(error)}")
    if described.name != name:
        return _Pulled(name, refusal="the CRM described another module")
    (relations, odd), unrelated = repaired_relations(told_by_describe(content)), None
    if described.is_entity and not relations:
        (relations, odd), unrelated = yield from _relations(name)
    probe = yield from probe_module(described, server.url_budget)
    return _Pulled(
        name,
        ModuleSnapshot.model_validate(
            {
                "describe": content,
                "relations": relations,
                "flaws": probe.flaws,
                "repairs": sorted(told + odd),
            }
        ),
        probe,
        unrelated=unrelated,
    )


def told_by_describe(content: Mapping[str, Any]) -> dict[str, Any]:
    """The related lists that one family tells in its description, in the form of `relatedtypes`.

    Lists without a module (a history) are no relations.
    """
    told = content.get("relatedModules")
    return {
        "information": {
            label: {
                "name": each["related_module"],
                "label": label,
                "isEntity": "1",
                "relation_id": each.get("relationId"),
                "actions": each.get("actions") or None,
            }
            for label, each in (told.items() if isinstance(told, Mapping) else ())
            if isinstance(each, Mapping) and each.get("related_module")
        }
    }


def _relations(module: str) -> Plan[tuple[RepairedRelations, str]]:
    """What `relatedtypes` tells, or why it does not; not asked for modules without records of
    their own, for which stock servers fail."""
    try:
        return repaired_relations((yield from perform(RelatedTypes(module)))), ""
    except VtigerError as error:
        if tells_nothing(error):
            raise
        return RepairedRelations([]), refusal(error)


def _related(pulled: Sequence[_Pulled]) -> bool | None:
    """Whether relations are told; warns once of modules for which they are not."""
    refused = [each for each in pulled if each.unrelated]
    if refused:
        names = ", ".join(each.module for each in refused[:3])
        more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
        warnings.warn(
            f"The relations of {names}{more} could not be read ({refused[0].unrelated}): their "
            "records will have no related managers.",
            PullWarning,
            stacklevel=2,
        )
    told = {each.unrelated == "" for each in pulled if each.unrelated is not None}
    return None if not told else True in told


def blindness(server: PulledServer, family: ServerFamily, listed: wire.ListTypesAnswer) -> str:
    """What is wrong where a user sees no module with records by a known error of the server."""
    if server.administrator or any(each.is_entity for each in listed.information.values()):
        return ""
    if (family, release_of(server.version)) != (ServerFamily.VTIGER, (8, 3)):
        return ""
    return (
        "This user sees no module with records: Vtiger 8.3.0 hides them all by mistake from users "
        "whose profile has neither 'view all' nor 'edit all'. Give the profile 'view all' (sharing "
        "rules still apply where they are private), or use an administrator."
    )


def refusal(error: Exception) -> str:
    """Why a module was skipped, in the CRM's words: the same at every pull."""
    if isinstance(error, ApiError):
        detail = error.detail
        said = detail.get("message") if isinstance(detail, dict) else None
        code = error.code or f"HTTP {error.status}"
        return f"{code}: {said}" if said else code
    if isinstance(error, MalformedAnswer):
        return f"HTTP {error.status} with an answer that cannot be read"
    return str(error)


def _chosen(names: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> list[str]:
    return sorted(
        name
        for name in set(names)
        if any(fnmatchcase(name, glob) for glob in include)
        and not any(fnmatchcase(name, glob) for glob in exclude)
    )


def _unusable_names(names: Sequence[str]) -> dict[str, str]:
    """Names that must not become file names, with the reason."""
    skipped: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name in names:
        if file_stem(name) is None:
            skipped[name] = "its name cannot be a file name"
        elif (other := seen.setdefault(name.casefold(), name)) != name:
            skipped[name] = f"its name differs from {other} by case only"
    return skipped


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _some(skipped: dict[str, str]) -> str:
    shown = [f"{name} ({reason})" for name, reason in list(skipped.items())[:3]]
    return ", ".join(shown) + (", ..." if len(skipped) > 3 else "")
