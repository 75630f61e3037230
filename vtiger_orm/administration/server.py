"""Questions to the CRM as a whole: who am I, what is there, who has this number, what is left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic import ValidationError

from .._dataclass import dataclass
from ..calls.operations import Describe, ListTypes, Me, Operation, Row
from ..calls.plans import Plan, perform
from ..calls.server import ServerFacts
from ..calls.support import remembering, require
from ..errors import ConfigError, InvalidValue, MalformedAnswer, NotSupported
from ..ids import is_id, parse_id, whole_number
from ..metadata.server import ServerFamily
from ..records.handle import load
from .answers import acknowledged, reading
from .edition_limits import EditionLimit, Limit

if TYPE_CHECKING:
    from ..metadata import describe as wire
    from ..records import BaseRecord
    from ..records.references import Ref

SearchedFields: TypeAlias = "Mapping[str, Sequence[str]] | Mapping[type[BaseRecord], Sequence[str]]"
SearchIn: TypeAlias = "SearchedFields | Sequence[str | type[BaseRecord]]"
"""Modules, by name or class; or those with the wire names of the fields to look in."""


@dataclass(frozen=True, slots=True)
class User:
    """The user a session works as. It never holds a password hash or an access key."""

    id: str
    name: str
    """The name that is used to log in."""
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    time_zone: str | None = None
    """The user's own zone; the API itself speaks UTC."""
    is_admin: bool | None = None
    """None where the CRM does not tell."""

    @classmethod
    def from_wire(cls, row: Mapping[str, Any]) -> User:
        """From the answer of `me` (one manual misspells a key) or of a login."""
        admin = row.get("is_admin")
        id_ = row.get("id") or row.get("userId")
        if not id_:
            raise MalformedAnswer("The CRM did not tell the id of the session's user.")
        return cls(
            id=str(parse_id(str(id_))),
            name=str(row.get("user_name") or row.get("username") or ""),
            first_name=row.get("first_name") or row.get("fist_name") or None,
            last_name=row.get("last_name") or None,
            email=row.get("email1") or row.get("email") or None,
            time_zone=row.get("time_zone") or None,
            is_admin=None if admin is None else str(admin).lower() in ("on", "1", "true"),
        )


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One module the session's user may see."""

    name: str
    label: str
    singular: str
    is_entity: bool


@dataclass(frozen=True, slots=True)
class AccountNode:
    """One organization of a hierarchy, as the CRM lists it from the top."""

    id: Ref[Any]
    name: str
    level: int
    label: str
    """``Org`` or ``Parent Org``."""
    current: bool
    """Whether it is the one that was asked about."""


def me() -> Plan[User]:
    return User.from_wire((yield from perform(Me())))


def modules(
    with_field_type: str | Sequence[str] | None, facts: ServerFacts
) -> Plan[list[ModuleInfo]]:
    """Modules of the CRM; with `with_field_type` those that have a field of such a type."""
    from ..metadata import describe as wire
    from ..metadata.repair import repaired_listtypes

    require("listtypes", facts)
    types = (with_field_type,) if isinstance(with_field_type, str) else (with_field_type or ())
    if not isinstance(types, Iterable) or not all(isinstance(each, str) for each in types):
        raise InvalidValue("with_field_type is the name of a field type, or several of them.")
    answer = yield from perform(ListTypes(tuple(types)))
    if not isinstance(answer, Mapping) or "types" not in answer:
        raise MalformedAnswer("listtypes answered without a list of modules.")
    try:
        listed = wire.ListTypesAnswer.model_validate(repaired_listtypes(answer).content)
    except ValidationError as error:
        raise MalformedAnswer(f"listtypes answered in an unknown form: {error}") from error
    blank = wire.TypeInformation()
    found = [(name, listed.information.get(name, blank)) for name in listed.types]
    return [
        ModuleInfo(name, info.label or name, info.singular or name, info.is_entity)
        for name, info in found
    ]


def describe(module: str, facts: ServerFacts) -> Plan[wire.DescribeAnswer]:
    """The CRM's present description of a module, beyond what the package was generated from."""
    from ..metadata import describe as wire
    from ..metadata.repair import repaired_describe

    require("describe", facts)
    answer = yield from perform(Describe(module))
    try:
        return wire.DescribeAnswer.model_validate(repaired_describe(answer, module).content)
    except ValidationError as error:
        raise MalformedAnswer(f"describe of {module} has an unknown form: {error}") from error


def reopen(id_: str, facts: ServerFacts) -> Plan[None]:
    """Open a closed record again, where the user may."""
    call = Operation("reopen", "POST", {"id": str(parse_id(id_))})
    if not acknowledged((yield from remembering(call, facts))):
        raise MalformedAnswer(
            f"reopen of {id_} was answered without a word of success: whether it was done is not "
            "known. refresh() reads the record."
        )


def decrypt(id_: str, wire_name: str, facts: ServerFacts) -> Plan[str]:
    """The clear text of a sensitive field. It is neither logged nor kept in the record."""
    params = {"id": str(parse_id(id_)), "fieldname": wire_name}
    answer = yield from remembering(Operation("decrypt", "GET", params), facts)
    return "" if answer is None else str(answer)


def hierarchy(account: type[BaseRecord], id_: str, facts: ServerFacts) -> Plan[list[AccountNode]]:
    """Parents and children of an organization, in the CRM's order."""
    call = Operation("get_account_hierarchy", "GET", {"id": str(parse_id(id_))})
    answer = yield from remembering(call, facts)
    with reading("get_account_hierarchy"):
        return [
            AccountNode(
                id=account.ref(str(node["id"])),
                name=str(node.get("name") or ""),
                level=whole_number(node.get("level")) or 0,
                label=str(node.get("label") or ""),
                current=str(node.get("current")).lower() in ("true", "1"),
            )
            for node in _rows(answer, "get_account_hierarchy")
        ]


def lookup(
    kind: Literal["phone", "email"], value: str, search_in: SearchIn | None, facts: ServerFacts
) -> Plan[list[Row]]:
    """Records of any module that have exactly this phone number or e-mail address."""
    if kind not in ("phone", "email"):
        raise InvalidValue(f"lookup finds by 'phone' or by 'email', not by {kind!r}.")
    if not value.strip():
        raise InvalidValue("lookup needs the number or address to look for.")
    params = {"type": kind, "value": value}
    if search_in:
        where: Any = (
            {_module_named(each): list(fields) for each, fields in search_in.items()}
            if isinstance(search_in, Mapping)
            else [_module_named(each) for each in _each(search_in)]
        )
        params["searchIn"] = json.dumps(where, ensure_ascii=False)
    answer = yield from remembering(Operation("lookup", "GET", params), facts)
    rows = _rows(answer, "lookup")
    if not all(is_id(str(row.get("id"))) for row in rows):
        raise MalformedAnswer("lookup answered records without ids.")
    return rows


def _each(search_in: object) -> Iterable[object]:
    if isinstance(search_in, Iterable) and not isinstance(search_in, (str, type)):
        return search_in
    return [search_in]


def _module_named(module: object) -> str:
    """The CRM's name of a module, given by that or by its class."""
    name = module if isinstance(module, str) else getattr(getattr(module, "meta", None), "name", "")
    if not isinstance(name, str) or not name:
        raise InvalidValue(
            f"lookup searches in modules, given by name or class, not in {module!r}. Nothing was "
            "sent."
        )
    return name


def _rows(answer: object, operation: str) -> list[Row]:
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise MalformedAnswer(f"{operation} answered no list of records.")
    return answer


def records_of(rows: Sequence[Row], runner: Any) -> list[Any]:
    """Rows of mixed modules as records, the class chosen by each id's prefix."""
    package = getattr(runner, "package", None)
    if package is None:
        raise ConfigError(
            "The session belongs to no generated package, so rows cannot become records. Open it "
            "with the package's connect(), or use session.call('lookup', ...)."
        )
    return [load(package.model_of(str(row["id"])), [row], runner)[0] for row in rows]


def edition_limit(service: EditionLimit | str, facts: ServerFacts) -> Plan[Limit]:
    """One limit of the CRM's edition. The manuals do not state the verb: GET, then POST."""
    params = {"serviceName": str(service)}
    answer = yield from remembering(
        Operation("editionLimits", "GET", params),
        facts,
        Operation("editionLimits", "POST", params),
    )
    return Limit.from_wire(str(service), answer)


_EXTENDS_NONE: Final = frozenset(
    {ServerFamily.FREVOCRM, ServerFamily.COREBOS, ServerFamily.BERLICRM}
)


def extend(facts: ServerFacts) -> Plan[None]:
    """Ask the server to keep the session; dialects without one have nothing to do.

    Raises `NotSupported` on servers that extend the sessions of browsers only: their answer would
    read like that to a wrong key.
    """
    if facts.server.family in _EXTENDS_NONE:
        raise NotSupported(
            f"{facts.server} extends no session of the API. Nothing was sent, and nothing is lost: "
            "when a session has ended, the next call logs in again."
        )
    if facts.dialect == "webservice":
        yield Operation("extendsession", "POST", {})
    return
