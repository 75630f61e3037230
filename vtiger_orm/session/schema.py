"""What the generated package says about the CRM, and whether it is the CRM it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..calls.operations import Call
from ..calls.outcome import Fate, Outcome
from ..dialects.base import Identity
from ..errors import MalformedAnswer, SchemaMismatch
from ..ids import is_id, parse_id
from ..metadata.server import Server
from .logs import logger
from .settings import same_server

if TYPE_CHECKING:
    from ..calls.protocols import Package
    from ..metadata.module import ModuleMeta


class PackageSchema:
    """The modules of a generated package, by name and by id, for a dialect that has no metadata
    of its own."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def meta(self, module: str) -> ModuleMeta:
        """Raises `SchemaMismatch` for a module the package does not have."""
        meta: ModuleMeta = self._package.model(module).meta
        return meta

    def prefix(self, module: str) -> str | None:
        return self._package.prefixes.get(module)

    def module_of(self, id: str) -> str:
        """The module of an id; raises `InvalidId` for a prefix the package does not know, and
        `SchemaMismatch` where it has no class for the module."""
        name: str = self._package.model_of(str(id)).meta.name
        return name


class SchemaCheck:
    """Compares what the CRM answers with the package: its release at each login, the ids of each
    module once."""

    def __init__(self, url: str, package: Package | None) -> None:
        self._url: Final = url
        self._package: Final = package
        self._checked: set[str] = set()
        self._told = False

    def login(self, identity: Identity) -> None:
        """Raises `SchemaMismatch` for the user of another CRM; another release is told in the log:
        it is most likely the same CRM after an upgrade, or a trial of one."""
        package = self._package
        if package is None:
            return
        if "Users" in package.prefixes and identity.user_id:
            self._compare(package, "Users", identity.user_id)
        known = package.server
        if not self._told and not same_server(known, identity.family, identity.version):
            self._told = True
            logger.warning(
                "the CRM at %s is %s; the package %r was generated from %s. What is known of that "
                "release is not believed of this one. Run: vtiger-orm pull && vtiger-orm generate",
                *(self._url, Server(identity.family, identity.version), package.name, known),
            )

    def answer(self, call: Call[object], result: object) -> None:
        """Raises `SchemaMismatch` for the id of another CRM; of a write, which took place,
        `MalformedAnswer`."""
        package, module = self._package, getattr(call, "module", None)
        if package is None or not module or module in self._checked:
            return
        row = result[0] if isinstance(result, list) and result else result
        id_ = row.get("id") if isinstance(row, dict) else None
        if module not in package.prefixes or not isinstance(id_, str) or not is_id(id_):
            return
        try:
            self._compare(package, module, id_)
        except SchemaMismatch as error:
            if not call.writes:
                raise
            # Whoever asked for it must not take it for refused, and twice is no better.
            odd = MalformedAnswer(f"{call.operation} of {module}: {error}")
            odd.outcome = Outcome(Fate.UNKNOWN)
            raise odd from None
        self._checked.add(module)

    def _compare(self, package: Package, module: str, id_: str) -> None:
        found, expected = parse_id(id_).prefix, package.prefix(module)
        if found != expected:
            raise SchemaMismatch(
                f"Ids of {module} begin with {found}x at {self._url}, but with "
                f"{expected}x in the package {package.name!r} (the CRM answered {id_}): it was "
                "generated from another CRM. Connect to that one, or run: vtiger-orm pull && "
                "vtiger-orm generate"
            )
