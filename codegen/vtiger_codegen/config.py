"""`[tool.vtiger-orm]` of the pyproject.toml found upwards from the current folder.

::

    [tool.vtiger-orm]
    url = "https://crm.example.com"
    schema = "vtiger-schema"            # where pull writes the snapshot
    output = "generated/crm"            # where generate writes the package
    include = ["*"]                     # modules by name, with * and ?
    exclude = ["PBXManager", "SMS*"]
    names = "label"                     # cf_853 is called by its label; "wire": stays cf_853
    timezone = "UTC"                    # the server's
    username = "ada"                    # VTIGER_USERNAME comes first
    keyring = "crm"                     # the access key is kept there: keyring set crm ada

    [tool.vtiger-orm.profiles.staging]  # --profile staging, or VTIGER_PROFILE
    url = "https://staging.example.com" # any of the keys above

    [tool.vtiger-orm.overrides.Contacts]
    class = "Person"
    fields = { cf_853 = "loyalty" }
    members = { leadsource = { "Cold Call" = "COLD" } }

    [tool.vtiger-orm.modules.Contacts]  # own classes, where they are not in <output>/custom
    model = "shop.people:Contacts"
    queryset = "shop.people:ContactsQuerySet"
    dependencies = { industry = ["rating"] } # picklists whose values depend on another's

Paths are relative to the file. Secrets have no place here: they come from the environment or
from the system's keyring.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from vtiger_orm.errors import ConfigError, suggest

from .building.own_code import OwnCode, parse_own_class
from .generate import Options
from .naming.assignment import CustomNames, NamingRules
from .naming.lock import ModuleNames

TABLE: Final = "tool.vtiger-orm"
PROFILE: Final[ContextVar[str | None]] = ContextVar("vtiger_codegen.profile", default=None)
"""The profile that the command line chose; else VTIGER_PROFILE."""


class ModuleSettings(BaseModel):
    """What is particular about one module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    """The own class that inherits the generated one, as ``module:class``."""
    queryset: str | None = None
    dependencies: dict[str, tuple[str, ...]] = {}
    """Picklist -> those that depend on it, by wire name: `pull` asks which values go together,
    since no description tells it, and the site shows it."""

    def own_code(self, module: str) -> OwnCode:
        """Raises `ConfigError` for what is no place of a class."""
        return OwnCode(
            *(
                parse_own_class(text, f"modules.{module}.{name}") if text is not None else None
                for name, text in (("model", self.model), ("queryset", self.queryset))
            )
        )


class Config(BaseModel):
    """The table, with its defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    url: str | None = None
    """Address of the CRM; VTIGER_URL and --url come first."""
    username: str | None = None
    """User name; VTIGER_USERNAME comes first."""
    keyring: str | None = None
    """Service of the system's keyring that holds the access key; VTIGER_ACCESS_KEY comes first."""
    dialect: Literal["auto", "webservice", "cloud", "restfulapi"] = "auto"
    """How the CRM is talked to; `auto` finds out. With `restfulapi` records are read and written by
    that module, and everything else goes as with `auto`."""
    schema_folder: Path = Field(default=Path("vtiger-schema"), alias="schema")
    """Folder of the snapshot and of names.lock: pull writes it, generate reads it."""
    output: Path = Path("generated/crm")
    """Folder of the package; applications import it by its name."""
    include: tuple[str, ...] = ("*",)
    """Modules to take, by name, with * and ?."""
    exclude: tuple[str, ...] = ()
    """Modules to leave out."""
    names: CustomNames = "label"
    """What custom fields are called by: their label, or their wire name (cf_853)."""
    overrides: dict[str, ModuleNames] = {}
    """Names of one module that you choose: class, fields, picklists, members, relations."""
    modules: dict[str, ModuleSettings] = {}
    """Of one module: own classes, where they are not in the package's custom folder, and
    `dependencies`, the picklists whose values depend on another's."""
    templates: Path | None = None
    """Folder whose templates replace shipped ones of the same name."""
    timezone: str = "UTC"
    """Where a day begins, in queries of the command line."""
    profiles: dict[str, dict[str, Any]] = {}
    """Other CRMs of the project: what of the settings is different there."""

    _profile: str | None = PrivateAttr(None)

    @property
    def profile(self) -> str | None:
        """The one of `profiles` that was chosen."""
        return self._profile

    def options(self, templates: Path | None = None) -> Options:
        """What the generator needs of it."""
        return Options(
            include=self.include,
            exclude=self.exclude,
            naming=NamingRules(custom=self.names, overrides=self.overrides),
            templates=templates or self.templates,
            own={name: each.own_code(name) for name, each in self.modules.items()},
        )


def chosen_profile() -> str | None:
    """The profile of this command, or of the environment."""
    return PROFILE.get() or os.environ.get("VTIGER_PROFILE") or None


def load_config(start: Path | None = None) -> Config:
    """The settings of the project that `start` (the current folder) lies in, as the chosen
    profile has them.

    Without a pyproject.toml, or without the table, the defaults hold, relative to `start`.
    Raises `ConfigError` for unknown keys and wrong values.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return _from_file(file)
    return _rooted(parse_config({}, f"{start} (there is no pyproject.toml)"), start)


def _from_file(file: Path) -> Config:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    table = content.get("tool", {}).get("vtiger-orm", {})
    return _rooted(parse_config(table, str(file)), file.parent)


def parse_config(table: Mapping[str, Any], where: str) -> Config:
    """The settings a table holds, with those of the chosen profile over them; `where` is told in
    errors (`ConfigError`)."""
    try:
        whole = Config.model_validate(table)
        for name, given in whole.profiles.items():
            Config.model_validate(_of_profile(given, name, where))
        chosen = chosen_profile()
        if chosen is None:
            return whole
        if chosen not in whole.profiles:
            close = suggest(chosen, whole.profiles)
            hint = f"Did you mean {close!r}?" if close else f"Write [{TABLE}.profiles.{chosen}]."
            raise ConfigError(f"[{TABLE}] of {where} has no profile {chosen!r}. {hint}")
        config = Config.model_validate({**table, **whole.profiles[chosen]})
        config._profile = chosen
        return config
    except ValidationError as error:
        lines = [_wrong(each) for each in error.errors(include_url=False)]
        raise ConfigError(f"[{TABLE}] of {where}:\n" + "\n".join(lines)) from error


def _of_profile(given: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    if "profiles" in given:
        raise ConfigError(f"[{TABLE}.profiles.{name}] of {where}: a profile has no profiles.")
    return given


def _wrong(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"  {place}: {error['msg']}"
    key = str(error["loc"][-1])
    table: type[BaseModel] = Config
    if len(error["loc"]) > 1:
        table = ModuleNames if error["loc"][0] == "overrides" else ModuleSettings
    known = _keys(table)
    close = suggest(key, known)
    hint = f'did you mean "{close}"?' if close else f"known are {', '.join(sorted(known))}."
    return f"  {place}: unknown key; {hint}"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _rooted(config: Config, folder: Path) -> Config:
    return config.model_copy(
        update={
            "schema_folder": folder / config.schema_folder,
            "output": folder / config.output,
            "templates": config.templates and folder / config.templates,
        }
    )
