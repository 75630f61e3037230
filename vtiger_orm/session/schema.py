"""What a dialect without metadata of its own has to know of the CRM, taken from the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..calls.protocols import Package
    from ..metadata.module import ModuleMeta


class PackageSchema:
    """The modules of a generated package, by name and by id."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def meta(self, module: str) -> ModuleMeta:
        """Raises `SchemaMismatch` for a module the package does not have."""
        meta: ModuleMeta = self._package.model(module).meta
        return meta

    def prefix(self, module: str) -> str | None:
        place = self._package.modules.get(module)
        return place.prefix if place is not None else None

    def module_of(self, id: str) -> str:
        """The module of an id; raises `InvalidId` for a prefix the package does not know."""
        name: str = self._package.model_of(str(id)).meta.name
        return name
