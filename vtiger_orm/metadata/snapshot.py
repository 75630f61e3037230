"""The snapshot: what `vtiger-orm pull` writes and everything offline reads.

A folder of sorted JSON, meant to be committed::

    instance.json            dialect, version, id prefixes, skipped modules
    modules/Contacts.json    raw describe answer and relations, each by name, and their order
    observed.json            capabilities and flaws of fields: what also depends on the records
                             that were there and on the user's settings (see `observed`)
    names.lock               written by `generate`, never touched here

It holds no address, no user, no secret and no date, so that pulling an unchanged CRM twice
gives the same bytes. Format 1, which had no file for what was observed, is read as well.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeVar
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from ..errors import SnapshotError
from .capabilities import Capabilities
from .describe import DescribeAnswer, RelatedType, TypeInformation, relation_keys
from .module import Flaw
from .observed import put_back, take_out
from .server import Server, ServerFamily, family_of

M = TypeVar("M", bound=BaseModel)

FORMAT: Final = 2
"""The format of the folder that is written; a higher one was written by a newer release."""

_READABLE: Final = (1, FORMAT)

_MODULE_NAME = re.compile(r"\w+(?:[ -]\w+)*")
_DEVICE = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.ASCII | re.IGNORECASE)
"""On Windows these are devices, whatever follows the dot."""
_LONGEST_STEM: Final = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_PREFIX = re.compile(r"[0-9]{1,9}", re.ASCII)


def file_stem(module: str) -> str | None:
    """The name of a module's file: ASCII letters, digits and underscores as they are, every other
    byte as ``%C3``. None for what is no name of a module: letters and digits of any script with
    single blanks or hyphens between them, not too long."""
    if _MODULE_NAME.fullmatch(module) is None:
        return None
    stem = "".join(map(_in_file_name, module))
    if _DEVICE.fullmatch(stem):
        stem = f"%{ord(stem[0]):02X}{stem[1:]}"
    return stem if len(stem) <= _LONGEST_STEM else None


def module_of_file(stem: str) -> str | None:
    """The module whose file is called so; None where it is none's."""
    name = unquote(stem)
    return name if file_stem(name) == stem else None


def _in_file_name(character: str) -> str:
    if character == "_" or (character.isascii() and character.isalnum()):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode())


class Instance(BaseModel):
    """`instance.json`: facts about the CRM as a whole."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="allow")

    format: int = FORMAT
    dialect: Literal["webservice", "cloud"]
    family: ServerFamily | None = None
    """The program; None in snapshots of releases that did not tell programs apart."""
    version: str | None = None
    """Version of the CRM (``8.0.0``), where it tells."""
    api_version: str | None = None
    prefixes: dict[str, str] = Field(default_factory=dict)
    """Module -> the number before the ``x`` of its ids; differs from CRM to CRM."""
    others: dict[str, str] = Field(default_factory=dict)
    """The same of modules that are not described, as far as it is known: that of Users is told at
    each login."""
    capabilities: Capabilities = Capabilities()
    skipped: dict[str, str] = Field(default_factory=dict)
    """Module -> why it could not be described."""
    repairs: list[str] = Field(default_factory=list)
    """What was odd about the list of modules, in words."""
    types: dict[str, TypeInformation] = Field(default_factory=dict)

    @property
    def server(self) -> Server:
        """The server that was pulled from, and what is known of servers of its kind."""
        family = self.family or family_of(self.dialect, self.version, modules=self.prefixes)
        return Server.known(family, self.version, self.capabilities)

    @field_validator("prefixes", "others")
    @classmethod
    def _prefixes(cls, value: dict[str, str]) -> dict[str, str]:
        for module, prefix in value.items():
            if _PREFIX.fullmatch(prefix) is None:
                raise ValueError(f"id prefix {prefix!r} of {module} is not a number")
        return value


class ModuleSnapshot(BaseModel):
    """`modules/<Module>.json`: one module as its CRM describes it."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    describe: DescribeAnswer
    relations: list[RelatedType] = Field(default_factory=list)
    flaws: dict[str, Flaw] = Field(default_factory=dict)
    """Wire name of a described field -> why it cannot be used like the others."""
    repairs: list[str] = Field(default_factory=list)
    """What was odd about the description, in words (see `repair`); the rest of it is as it was."""
    dependencies: dict[str, dict[str, dict[str, list[str]]]] = Field(default_factory=dict)
    """Wire name of a picklist -> that of one which depends on it -> value -> values that go with
    it. No describe answer tells it: only of those that the settings name it is asked."""

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _raw_relations: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(
        cls, data: Any, handler: ModelWrapValidatorHandler[ModuleSnapshot]
    ) -> ModuleSnapshot:
        """What the server sent is kept beside what was understood: flags it wrote as "1" and
        keys this release does not know must survive a load and a save."""
        if isinstance(data, ModuleSnapshot):
            return handler(data)
        given = _in_order(data) if isinstance(data, Mapping) else {}
        module = handler(given or data)
        describe = given.get("describe")
        module._raw = dict(describe) if isinstance(describe, Mapping) else _dump(module.describe)
        relations = given.get("relations") or []
        module._raw_relations = [
            dict(each) if isinstance(each, Mapping) else _dump(each) for each in relations
        ]
        return module

    @property
    def raw(self) -> dict[str, Any]:
        """The describe answer as the server sent it."""
        return self._raw

    @property
    def relations_by_key(self) -> dict[str, RelatedType]:
        """The relations by what tells them apart: mostly their label; see `relation_keys`."""
        keys = relation_keys((each.label, each.name) for each in self.relations)
        first = {(each.label, each.name): each for each in reversed(self.relations)}
        unique = dict.fromkeys((each.label, each.name) for each in self.relations)
        return {key: first[each] for key, each in zip(keys, unique)}

    def to_json(self) -> dict[str, Any]:
        """What the file holds: fields by name, relations by label; the order in which a server
        lists them is one list of names, fields first, and changes nothing else."""
        fields, relations = self._raw.get("fields", ()), self._raw_relations
        describe = {**self._raw, "fields": sorted(fields, key=_field_key)}
        content = {
            "describe": describe,
            "relations": sorted(relations, key=_relation_key),
            "flaws": {name: flaw.value for name, flaw in self.flaws.items()},
        }
        if (describe["fields"], content["relations"]) != (list(fields), relations):
            labels = (_relation_key(each)[0] for each in relations)
            content["order"] = [*map(_field_key, fields), *labels]
        if self.dependencies:
            content["dependencies"] = self.dependencies
        return content | {"repairs": sorted(self.repairs)} if self.repairs else content


class Snapshot(BaseModel):
    """A whole CRM, as far as its describe answers tell."""

    instance: Instance
    modules: dict[str, ModuleSnapshot] = Field(default_factory=dict)

    def __iter__(self) -> Iterator[ModuleSnapshot]:  # type: ignore[override]  # pydantic: fields
        """Modules in the order of their names."""
        return (self.modules[name] for name in sorted(self.modules))

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """Read a snapshot folder.

        Raises `SnapshotError` when it is missing, damaged, or written by a newer release.
        """
        folder = Path(path)
        file = folder / "instance.json"
        if not file.is_file():
            raise SnapshotError(
                f"{folder} is not a snapshot: {file.name} is missing. "
                "Make one with: vtiger-orm pull --url URL"
            )
        content = _read(file)
        written = content.get("format")
        if written not in _READABLE:
            raise SnapshotError(
                f"{file} has format {written!r}; this release reads format {FORMAT}. "
                "Update vtiger-orm, or pull the snapshot again."
            )
        contents = {}
        for each in sorted((folder / "modules").glob("*.json")):
            name = module_of_file(each.stem)
            if name is None:
                raise SnapshotError(f"{each} has a name that no module can have.")
            contents[name] = _read(each)
        if written != 1:
            content, contents = put_back(content, contents, _read(folder / "observed.json"))
        instance = _validate(Instance, content | {"format": FORMAT}, file)
        modules = {}
        for name, each_content in contents.items():
            file = folder / "modules" / f"{file_stem(name)}.json"
            module = _validate(ModuleSnapshot, each_content, file)
            if module.describe.name != name:
                raise SnapshotError(
                    f"{file} describes {module.describe.name!r}. "
                    "Each file must bear its module's name: pull the snapshot again."
                )
            modules[name] = module
        _check_prefixes(folder, instance, modules)
        return cls(instance=instance, modules=modules)

    def save(self, path: str | Path) -> None:
        """Write the folder: everything is staged first and then renamed into place, so that a
        failure leaves the former snapshot as it was. Files of others (`names.lock`) stay.

        Raises `SnapshotError` for a module name that must not become a file name.
        """
        seen: dict[str, str] = {}
        for name in self.modules:
            if file_stem(name) is None:
                raise SnapshotError(f"The module name {name!r} must not become a file name.")
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                raise SnapshotError(
                    f"{other} and {name} would be one file where case does not count."
                )
        folder = Path(path).resolve()
        _check_ours(folder)
        folder.mkdir(parents=True, exist_ok=True)
        instance = _dump(self.instance, complete=True) | {"format": FORMAT}
        for name in ("others", "repairs"):
            if not instance[name]:
                del instance[name]
        instance, modules, observed = take_out(
            instance,
            {name: module.to_json() for name, module in self.modules.items()},
        )
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder))
        try:
            staged = staging / "modules"
            staged.mkdir()
            for name, module in modules.items():
                _write(staged / f"{file_stem(name)}.json", module)
            for file, content in (("observed.json", observed), ("instance.json", instance)):
                _write(staging / file, content)
            _swap(staged, folder / "modules", staging / "former")
            for file in ("observed.json", "instance.json"):
                (staging / file).replace(folder / file)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _check_ours(folder: Path) -> None:
    """The folder `modules` is replaced as a whole, so it must hold what a snapshot wrote alone.

    Raises `SnapshotError` for anything else in it, and for a link.
    """
    modules = folder / "modules"
    if modules.is_symlink() or modules.is_file():
        raise SnapshotError(
            f"{modules} is {'a link' if modules.is_symlink() else 'a file'}, and a snapshot keeps "
            "its modules in a folder of that name. Nothing was written: choose another folder."
        )
    if not modules.is_dir():
        return
    known = (folder / "instance.json").is_file()
    for each in sorted(modules.iterdir()):
        if not (known and _is_module(each)):
            raise SnapshotError(
                f"{each} was not written by a snapshot, and the folder {modules} would be replaced "
                "as a whole. Nothing was written: choose another folder (--schema), or move the "
                "file away."
            )


def _is_module(file: Path) -> bool:
    """Whether it is a module's file; a damaged one is, too."""
    if file.is_symlink() or not file.is_file() or file.suffix != ".json":
        return False
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return True
    return isinstance(content, dict) and "describe" in content


def _swap(new: Path, place: Path, former: Path) -> None:
    """Rename `new` to `place`, and what was there to `former`; undone when it fails."""
    existed = place.exists()
    if existed:
        place.rename(former)
    try:
        new.rename(place)
    except OSError:
        if existed:
            former.rename(place)
        raise


def _check_prefixes(
    folder: Path, instance: Instance, modules: Mapping[str, ModuleSnapshot]
) -> None:
    described = {name: module.describe.id_prefix for name, module in modules.items()}
    if described == instance.prefixes:
        return
    odd = sorted(
        name
        for name in described.keys() | instance.prefixes.keys()
        if described.get(name) != instance.prefixes.get(name)
    )
    raise SnapshotError(
        f"{folder}: instance.json and modules/ do not belong together ({', '.join(odd[:5])}). "
        "Pull the snapshot again."
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SnapshotError(f"{file} cannot be read: {error}. Pull the snapshot again.") from error
    if not isinstance(content, dict):
        raise SnapshotError(f"{file} does not hold a JSON object. Pull the snapshot again.")
    return content


def _validate(model: type[M], content: dict[str, Any], file: Path) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SnapshotError(f"{file}: {where}: {first['msg']}. Pull the snapshot again.") from error


def _write(file: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    # Halves of characters, which a server may send, can only be written as escapes.
    text = _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")


def _dump(model: BaseModel, *, complete: bool = False) -> dict[str, Any]:
    """As the wire has it: wire names, and only what was given unless `complete`."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=not complete)


def _in_order(given: Mapping[str, Any]) -> dict[str, Any]:
    """The file's content with fields and relations as the server listed them; what the list does
    not name comes last."""
    order, describe, relations = (given.get(key) for key in ("order", "describe", "relations"))
    fields = describe.get("fields") if isinstance(describe, Mapping) else ()
    if not (isinstance(order, list) and isinstance(fields, list) and isinstance(describe, Mapping)):
        return dict(given)
    found = {**given, "describe": {**describe, "fields": _by(order, "name", fields)}}
    if isinstance(relations, list):
        # A relation may be called as a field is, and stands behind all of them.
        found["relations"] = _by(order[len(fields) :], "label", relations)
    return found


def _by(order: list[Any], key: str, things: list[Any]) -> list[Any]:
    numbered = reversed([*enumerate(order)])
    places = {name: place for place, name in numbered if isinstance(name, str)}
    return sorted(things, key=lambda each: places.get(_name(each, key), len(order)))


def _name(thing: object, key: str) -> str:
    return str(thing.get(key)) if isinstance(thing, Mapping) else ""


def _field_key(field: Mapping[str, Any]) -> str:
    return str(field.get("name", ""))


def _relation_key(relation: Mapping[str, Any]) -> tuple[str, str, str]:
    label, name = str(relation.get("label", "")), str(relation.get("name", ""))
    return label, name, str(relation.get("relation_id", ""))
