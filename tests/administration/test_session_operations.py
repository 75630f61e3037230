"""Operations of the session: who, what, and anything by its name."""

from __future__ import annotations

import inspect

import pytest

from generated.demo import Contacts, Documents, Products, Users
from tests.support.kinds import Face
from vtiger_orm import (
    AccessDenied,
    ApiError,
    ConfigError,
    EditionLimit,
    InvalidValue,
    Session,
    VtigerError,
)
from vtiger_orm.administration.edition_limits import Limit
from vtiger_orm.administration.server import User, records_of
from vtiger_orm.session.operations import SessionOperations


async def test_me_tells_no_secret(face: Face) -> None:
    me = await face.session.ame() if face.mode == "async" else face.session.me
    assert me.name == "admin"
    assert me.id == face.crm.user().wire_id
    key = face.crm.credentials()[1]
    assert key not in repr(me)


async def test_modules_and_the_filter_by_field_type(face: Face) -> None:
    names = {each.name: each for each in await face(face.session, "modules")}
    assert names["Contacts"].is_entity
    assert not names["Currency"].is_entity
    with_images = await face(face.session, "modules", "image")
    assert {"Contacts", "Products"} == {each.name for each in with_images}
    assert await face(face.session, "modules", ["nosuchtype"]) == []


async def test_describe_is_the_present_one(face: Face) -> None:
    described = await face(face.session, "describe", "Contacts")
    assert described.id_prefix == Contacts.meta.prefix
    assert await face(face.session, "describe", Contacts) == described
    with pytest.raises(AccessDenied):
        await face(face.session, "describe", "NoSuch")


async def test_extend(face: Face) -> None:
    await face(Contacts.objects, "first")
    await face(face.session, "extend")
    await face(Contacts.objects, "first")


async def test_any_operation_by_its_name(face: Face) -> None:
    contact = await face(Contacts.objects, "first")
    row = await face(face.session, "call", "retrieve", {"id": str(contact.id)})
    assert row["id"] == contact.id
    element = {"id": str(contact.id), "department": "raw"}
    row = await face(face.session, "call", "revise", {"element": element}, method="POST")
    assert row["department"] == "raw"
    with pytest.raises(ApiError):
        await face(face.session, "call", "retrieve", {"id": "12x99999999"})


async def test_raw_calls_are_sent_as_the_manuals_say(face: Face) -> None:
    element = {"lastname": "Raw", "assigned_user_id": face.crm.user().wire_id}
    params = {"elementType": "Contacts", "element": element}
    row = await face(face.session, "call", "create", params)
    assert row["lastname"] == "Raw"


async def test_a_raw_call_by_the_wrong_verb_spoils_nothing(face: Face) -> None:
    element = {"lastname": "Raw", "assigned_user_id": face.crm.user().wire_id}
    params = {"elementType": "Contacts", "element": element}
    with pytest.raises(VtigerError):
        await face(face.session, "call", "create", params, method="GET")
    assert (await face(Contacts.objects, "create", lastname="Typed")).id


async def test_raw_statements(face: Face) -> None:
    rows = await face(Contacts.objects, "raw", "select lastname from Contacts limit 3")
    assert len(rows) == 3
    assert isinstance(rows[0], Contacts)


async def test_users_never_carry_their_secrets(face: Face) -> None:
    users = await face.list(Users.objects.all())
    key = face.crm.credentials()[1]
    assert users
    for user in users:
        shown = f"{user!r}{user.model_dump()}{dict(user.extra)}{user.raw}"
        assert key not in shown
        assert "$2" not in shown


def test_every_method_has_its_twin() -> None:
    names = [name for name in vars(SessionOperations) if not name.startswith("_")]
    blocking = [name for name in names if not (name.startswith("a") and name[1:] in names)]
    assert blocking
    for name in blocking:
        twin = getattr(Session, f"a{name}")
        own = getattr(Session, name)
        if isinstance(own, property):
            continue
        assert inspect.signature(own).parameters == inspect.signature(twin).parameters
        assert inspect.iscoroutinefunction(twin)


def test_rows_of_mixed_modules_need_a_package() -> None:
    with pytest.raises(ConfigError, match=r"connect\(\)"):
        records_of([{"id": "12x1"}], object())


def test_a_user_from_every_shape_of_answer() -> None:
    login = {"userId": "19x1", "username": "admin", "is_admin": "on", "email": "a@b.example"}
    manual = {"id": "19x1", "user_name": "admin", "fist_name": "A", "accesskey": "secret"}
    assert User.from_wire(login).is_admin is True
    user = User.from_wire(manual)
    assert (user.first_name, user.is_admin) == ("A", None)
    assert "secret" not in repr(user)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("50MB", 50 << 20),
        ("1.5 GB", 3 << 29),
        ("1000", 1000),
        ("unlimited", None),
        ("10 KiB", 10240),
    ],
)
def test_limits_as_numbers(text: str, number: int | None) -> None:
    limit = Limit.from_wire("SOMETHING_NEW", {"serviceName": "SOMETHING_NEW", "limit": text})
    assert limit.number == number
    assert not limit.service.known
    assert EditionLimit.STORAGE.known


def test_modules_that_take_a_file() -> None:
    from vtiger_orm import NotSupported
    from vtiger_orm.writing.uploads import part_name

    assert part_name(Documents.meta) == "filename"
    assert part_name(Contacts.meta) == part_name(Products.meta) == "imagename[]"
    with pytest.raises(NotSupported):
        part_name(Users.meta)


def test_lookup_needs_something_to_look_for() -> None:
    from vtiger_orm.administration import server
    from vtiger_orm.calls.server import ServerFacts

    with pytest.raises(InvalidValue):
        next(server.lookup("phone", " ", None, ServerFacts(dialect="cloud")))


@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
async def test_lookup_takes_modules_by_name_or_class(face: Face) -> None:
    made = await face(Contacts.objects, "create", lastname="Phone", mobile="0123 456")
    for where in ([Contacts], ["Contacts"], {Contacts: ["mobile"]}, {"Contacts": ["mobile"]}):
        found = await face(face.session, "lookup", "phone", "0123 456", where)
        assert [each.id for each in found] == [made.id]
    assert await face(face.session, "lookup", "phone", "0123 456", [Products]) == []
    with pytest.raises(InvalidValue, match="by name or class"):
        await face(face.session, "lookup", "phone", "0123 456", [5])
