"""One door for writes: what one way of writing refuses, every way refuses, unsent.

Rules and ways are read from where they are defined: a new one without a case here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Events, Potentials, Products, connect
from tests.writing.door_cases import CASES, DAY, VALID, Case
from vtiger_orm import BulkReport, Dependency, InvalidRecord, InvalidValue, NotSupported
from vtiger_orm._writes import Rule
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta, Relation
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.models.bulk import BulkQuerySet
from vtiger_orm.models.crm import Crm as RecordCrm
from vtiger_orm.models.crm_modules import AccountCrm, DocumentCrm, InventoryCrm, LeadCrm
from vtiger_orm.models.record import Record
from vtiger_orm.models.related_manager import RelatedManager
from vtiger_orm.models.writing import WritingQuerySet
from vtiger_orm.planner.related_ids import Side
from vtiger_orm.writing import leads
from vtiger_orm.writing.policies.table import POLICIES
from vtiger_orm.writing.preview import Preview
from vtiger_orm.writing.report import BulkError

WRITES = {"create", "revise", "update", "delete", "add_related", "convertlead"}


def test_every_rule_has_a_case() -> None:
    checks = {check.__name__ for policy in POLICIES for check in policy.checks}
    assert set(CASES) == {*Rule, *checks}


# The ways


def saved(case: Case) -> Any:
    """A record of the module as it was read."""
    return case.model.objects.order_by("id")[0]


def assign(record: Any, values: Mapping[str, Any]) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    return record


def fresh(case: Case) -> dict[str, Any]:
    return {**VALID[case.model], **case.values}


def unsaved(case: Case) -> Any:
    values = fresh(case)
    items = values.pop("items", None)
    record = case.model(**values)
    if items is not None:
        record.crm.items = items
    return record


def relation_to(case: Case) -> Any:
    """A relation that leads to the module: through a reference field where there is one."""
    account = Accounts.objects.order_by("id")[0]
    name = case.model.meta.name
    relations = [each for each in Accounts.meta.relations if each.module == name]
    relation = relations[0] if relations else Relation("any", "Any", name)
    manager: Any = RelatedManager(account, relation)
    return manager


def of_report(report: BulkReport[Any]) -> None:
    assert not report.done
    report.raise_for_errors()


def of_preview(preview: Preview) -> None:
    if preview.problems:
        raise InvalidRecord(preview.module, preview.problems)


def update_found(case: Case) -> None:
    found = saved(case)
    case.model.objects.update_or_create(id=found.id, defaults=case.values)


def none_such(case: Case) -> dict[str, Any]:
    """A condition that no record of the module satisfies."""
    name = "description" if "description" in case.model.meta.fields else "comment"
    return {name: "There is none such"}


def bulk_new(case: Case) -> None:
    [key] = none_such(case)
    row = {**none_such(case), **fresh(case)}
    of_report(case.model.objects.bulk_update_or_create([row], key=key))


def bulk_found(case: Case) -> None:
    row = {"id": saved(case).id, **case.values}
    of_report(case.model.objects.bulk_update_or_create([row], key="id"))


def upload(case: Case) -> None:
    case.model.objects.upload(b"x", filename="x.png", **fresh(case))


def add(case: Case) -> None:
    """Relating sets a reference and nothing else: only what forbids that can be in its way."""
    relation_to(case).add(saved(case))


def remove(case: Case) -> None:
    manager = relation_to(case)
    manager.remove(manager.order_by("id")[0])


def able(server: Server | None) -> Server:
    """The server, its PHP old enough to convert leads."""
    server = server or Server(ServerFamily.VTIGER, "7.5.0")
    return Server.known(server.family, server.version, Capabilities(sync=True))


def convert(case: Case) -> None:
    meta = {case.model.meta.name: case.model.meta}
    order = leads.order("10x1", {case.model.meta.name: case.values}, meta)
    facts = replace(SESSION[0].facts, server=able(case.server))
    runner: Any = SimpleNamespace(facts=facts, environment=SESSION[0].environment)
    case.model.objects._runner().run(leads.convert(order, meta, runner))


Way = Callable[[Case], Any]

CREATING: Mapping[str, Way] = {
    "create": lambda case: case.model.objects.create(**fresh(case)),
    "save, new": lambda case: unsaved(case).save(),
    "preview, new": lambda case: of_preview(unsaved(case).crm.preview()),
    "bulk_create": lambda case: of_report(case.model.objects.bulk_create([unsaved(case)])),
    "get_or_create": lambda case: case.model.objects.get_or_create(
        **none_such(case), defaults=fresh(case)
    ),
    "update_or_create, new": lambda case: case.model.objects.update_or_create(
        **none_such(case), defaults=fresh(case)
    ),
    "bulk_update_or_create, new": bulk_new,
    "related.create": lambda case: relation_to(case).create(**fresh(case)),
    "related.bulk_create": lambda case: of_report(relation_to(case).bulk_create([unsaved(case)])),
    "upload": upload,
    "convert": convert,
}

CHANGING: Mapping[str, Way] = {
    "save": lambda case: assign(saved(case), case.values).save(),
    "save, update": lambda case: assign(saved(case), case.values).save(operation="update"),
    "preview": lambda case: of_preview(assign(saved(case), case.values).crm.preview()),
    "bulk_update": lambda case: of_report(
        case.model.objects.bulk_update([assign(saved(case), case.values)])
    ),
    "update": lambda case: case.model.objects.filter(id=saved(case).id).update(**case.values),
    "preview of update": lambda case: of_preview(
        case.model.objects.filter(id=saved(case).id).preview(**case.values)
    ),
    "update_or_create": update_found,
    "bulk_update_or_create": bulk_found,
}

CLOSED: Mapping[str, Way] = {
    "related.add": add,
    "related.remove": remove,
    "delete": lambda case: saved(case).delete(),
    "delete of a queryset": lambda case: case.model.objects.filter(id=saved(case).id).delete(),
    "bulk_delete": lambda case: case.model.objects.bulk_delete([saved(case)]),
    "preview of delete": lambda case: of_preview(
        case.model.objects.filter(id=saved(case).id).preview()
    ),
}
"""Ways without values of their own: only a module that is closed can be in their way."""

NO_WRITE = {
    "max_writes",
    "changes",
    "loaded",
    "adjusted",
    "in_doubt",
    "copy",
    "resolve",
    "tags",
} | {
    *("fetch_file", "download", "decrypt", "items", "load_items", "hierarchy", "apply"),
}
"""Public names beside those that write fields of a record."""

ELSEWHERE = {"reopen", "attach_to"}
"""Operations that write no field."""


def methods_of(*classes: type[Any]) -> set[str]:
    """The public names of classes, each with its awaited twin counted once."""
    names = {name for each in classes for name in vars(each) if not name.startswith("_")}
    return {name for name in names if not (name[0] == "a" and name[1:] in names)}


def ways() -> set[str]:
    """Names of what writes, and a few beside them."""
    crm = methods_of(RecordCrm, AccountCrm, DocumentCrm, InventoryCrm, LeadCrm)
    assert {"save", "delete"} <= methods_of(Record)
    querysets = methods_of(WritingQuerySet, BulkQuerySet, RelatedManager)
    return querysets | crm | {"save", "delete"}


def test_every_way_has_a_case() -> None:
    tried = {name.partition(",")[0] for name in (*CREATING, *CHANGING, *CLOSED)}
    words = {name.removeprefix("related.").partition(" ")[0] for name in tried}
    assert words == ways() - NO_WRITE - ELSEWHERE


def applies(way: str, case: Case) -> bool:
    """Whether the way leads to the module at all."""
    meta = case.model.meta
    if way == "related.bulk_create":
        relations = [each for each in Accounts.meta.relations if each.module == meta.name]
        return any(Side("11x1", Accounts.meta, each, meta).reference for each in relations)
    if way == "preview" and case.stored:
        return False  # it sends nothing, and so does not learn what is stored
    if way == "upload":
        return case.model is Contacts
    if way == "convert":
        # What is missing comes from the lead.
        return meta.name in leads.MODULES and None not in case.values.values()
    return True


PAIRS = [
    pytest.param(case, attempt, id=f"{rule}: {way}")
    for rule, case in CASES.items()
    for way, attempt in {
        **(CREATING if case.ways in ("all", "creates") else {}),
        **(CHANGING if case.ways in ("all", "changes") else {}),
        **({"save, update": CHANGING["save, update"]} if case.ways == "update" else {}),
        **(CLOSED if case.closed else {}),
    }.items()
    if applies(way, case)
]


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as own:
        yield own


SESSION: list[Any] = []
"""The open session."""


@pytest.fixture(autouse=True)
def session(crm: Crm) -> Iterator[None]:
    allowed = Dependency("salutationtype", "leadsource", {"Mr.": ["Web Site"]})
    with connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        strict=True,
        dependencies={"Contacts": (allowed,)},
    ) as opened:
        SESSION.append(opened)
        yield
        SESSION.clear()


@pytest.fixture
def patched(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Case], None]]:
    """Gives a model other facts for one test."""
    undo: list[tuple[type[Any], ModuleMeta]] = []

    def patch(case: Case) -> None:
        meta = case.model.meta
        if case.server is not None:
            monkeypatch.setattr(type(SESSION[0]), "server", case.server)
        if case.dialect is not None:
            facts = replace(SESSION[0].facts, dialect=case.dialect)
            monkeypatch.setattr(type(SESSION[0]), "facts", facts)
        undo.append((case.model, meta))
        fields: list[FieldMeta] = [
            replace(each, **case.patch.get(name, {})) for name, each in meta.fields.items()
        ]
        facts = dict.fromkeys(("creatable", "updatable", "deletable"), not case.closed)
        changed = ModuleMeta.of(
            meta.name,
            meta.prefix,
            fields,
            label=meta.label,
            label_fields=meta.label_fields,
            relations=meta.relations,
            **facts,
        )
        vars(case.model.__mapper__)["meta"] = changed

    yield patch
    for model, meta in undo:
        vars(model.__mapper__)["meta"] = meta


@pytest.mark.parametrize(("case", "attempt"), PAIRS)
def test_what_one_way_refuses_all_refuse_unsent(
    crm: Crm, patched: Callable[[Case], None], case: Case, attempt: Way
) -> None:
    if case.stored:
        crm.engine.backdoor.set(str(saved(case).id), description=case.stored)
    patched(case)
    with crm.count_calls() as calls, pytest.raises((InvalidValue, NotSupported, BulkError)) as told:
        attempt(case)
    assert not WRITES & set(calls.operations)
    if isinstance(told.value, BulkError):
        assert isinstance(told.value.report[0].error, InvalidValue | NotSupported)


@pytest.mark.parametrize("model", [Contacts, Events, Products, Potentials])
def test_values_that_break_no_rule_are_written_every_way(crm: Crm, model: type[Any]) -> None:
    """The same ways with harmless values write: what refuses above is the rule, not the way."""
    with crm.rolled_back():
        case = Case(model, {"description": "harmless"})
        values = {"closingdate": DAY, "sales_stage": Potentials.SalesStage("Prospecting")}
        valid = VALID.get(model) or {"potentialname": "Deal", **values}
        made = model.objects.create(**valid, **case.values)
        assert made.crm.adjusted == ()
        ways = ("save", "save, update", "bulk_update", "update", "update_or_create")
        for way in (*ways, "bulk_update_or_create"):
            record = saved(case)
            record.description = f"before {way}"
            record.save()
            case.values["description"] = f"by {way}"
            try:
                CHANGING[way](case)
            except AssertionError:  # of_report: it was done
                assert way in ("bulk_update", "bulk_update_or_create")
            record.refresh()
            assert record.description == f"by {way}"
