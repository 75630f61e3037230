"""Relating records and taking them apart, and making sure of it: the server answers success for
a label or record that does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..calls.operations import Operation
from ..calls.plans import Plan, perform, together
from ..calls.protocols import Runner, environment_of
from ..calls.server import ServerFacts, server_facts
from ..calls.support import remembering, require
from ..errors import InvalidValue, NotLoaded, NotSupported, RecordError
from ..ids import id_number, parse_id
from ..metadata.module import ModuleMeta, Relation
from ..planner import corebos_relations as corebos
from ..planner.related_ids import DOCUMENTS, Side, are_related
from ..planner.rows import find_row
from ..records.arguments import a_record
from ..records.handle import saved_id
from .posted import refuse_posted

if TYPE_CHECKING:
    from ..records import BaseRecord


class NotRelated(RecordError):
    """The CRM reported success, but the records are not related (or still are).

    `record` is one that was created in between, if any.
    """

    record: Any = None


def check_allowed(side: Side, action: str) -> None:
    """Raise `NotSupported` for an action the CRM does not offer in this relation.

    ``add`` creates a related record, ``select`` links an existing one. Servers that give no
    relation ids do not tell actions either; there nothing is refused.
    """
    relation = side.relation
    if relation.relation_id is None or action in relation.actions:
        return
    offered = " and ".join(relation.actions) or "neither add nor select"
    verb = "created" if action == "add" else "linked"
    raise NotSupported(
        f"Records cannot be {verb} in the relation {relation.label!r} of {side.source.name}: the "
        f"CRM offers {offered} there. Nothing was sent."
    )


def link(
    side: Side, ids: Sequence[str], facts: ServerFacts, *, created: bool = False
) -> Plan[None]:
    """Relate records, then make sure that they are.

    The server answers success also for a label or record that does not exist. Raises
    `NotRelated` naming the records that are not related afterwards, as far as the CRM shows it:
    of documents it lists the active ones. Records that were just `created` for the relation may
    be linked where the CRM offers creating only.
    """
    if not created:
        check_allowed(side, "select")
    if corebos.has_relations(facts):
        yield from perform(corebos.linking(side.id, list(ids), linked=True))
        yield from _prove(side, ids, facts, linked=True)
        return
    require("add_related", facts)
    for id_ in ids:
        params = {
            "sourceRecordId": str(parse_id(side.id)),
            "relatedRecordId": str(parse_id(id_)),
            "relationIdLabel": side.relation.label,
        }
        yield Operation("add_related", "POST", params)
    yield from _prove(side, ids, facts, linked=True)


def unlink(side: Side, ids: Sequence[str], facts: ServerFacts) -> Plan[None]:
    """Take records out of the relation, then make sure that they are. They are not deleted."""
    if corebos.has_relations(facts):
        yield from perform(corebos.linking(side.id, list(ids), linked=False))
        yield from _prove(side, ids, facts, linked=False)
        return
    if facts.dialect == "webservice" and facts.version:
        raise NotSupported(
            f"Records cannot be taken out of {side} on webservice.php {facts.version}: only the "
            "Cloud has delete_related, and no reference field makes this relation. Nothing was "
            "sent."
        )
    for id_ in ids:
        params = {
            "sourceRecordId": str(parse_id(side.id)),
            "relatedRecordId": str(parse_id(id_)),
        }
        yield from remembering(Operation("delete_related", "POST", params), facts)
    yield from _prove(side, ids, facts, linked=False)


def _prove(side: Side, ids: Sequence[str], facts: ServerFacts, *, linked: bool) -> Plan[None]:
    related = yield from are_related(side, ids, facts)
    wrong = [id_ for id_ in ids if (id_number(id_) in related) is not linked]
    if not wrong:
        return
    cause = (
        "The relation may be one-to-many (then set the reference field of the related record), or "
        "the record may not exist."
    )
    if linked and side.target.name == DOCUMENTS and not corebos.has_relations(facts):
        cause = (
            "It is listed once its filestatus is True: the CRM lists active documents only. If it "
            "is active, it may not exist."
        )
    raise NotRelated(
        f"{side}: the CRM reported success, but {', '.join(wrong)} "
        + ("is not related. " if linked else "is still related. ")
        + cause
    )


def check_attachable(
    documents: ModuleMeta, records: Sequence[BaseRecord], runner: Runner | None
) -> Plan[None]:
    """Make sure, before a document exists, that it can be attached to these records.

    Raises `InvalidValue` for what is no record, `NotLoaded` for an unsaved one, `NotSupported`
    where the CRM does not relate documents, the model's `DoesNotExist` for one that is gone.
    """
    if not records:
        return
    if documents.name != DOCUMENTS:
        raise InvalidValue(
            f"attach_to is for documents: a file of {documents.name} belongs to its own record. "
            "Nothing was sent."
        )
    for record in records:
        if getattr(type(record), "meta", None) is None:
            raise InvalidValue(f"A file is attached to records, not to {record!r}.")
        if saved_id(record) is None:
            raise NotLoaded("A file is attached to saved records only. Nothing was sent.")
        refuse_posted(record)
        side = Side(str(record.id), record.meta, documents_relation(record.meta), documents)
        check_allowed(side, "select")
    facts, env = server_facts(runner), environment_of(runner)
    if not corebos.has_relations(facts):
        require("add_related", facts)
    found = yield from together([find_row(each.meta, each.id, env, ("id",)) for each in records])
    for record, row in zip(records, found):
        if row is None:
            raise record.DoesNotExist(
                f"{record.meta.name} {record.id} is not there, so nothing can be attached to it. "
                "Nothing was sent."
            )


def attach(
    document: BaseRecord, records: Sequence[BaseRecord], runner: Runner | None
) -> Plan[None]:
    """Relate a document to records, each from its own side."""
    for each in (document, *records):
        refuse_posted(a_record(each))
    if saved_id(document) is None:
        raise NotLoaded("The document is not saved yet. Save it before it is attached.")
    for record in records:
        side = Side(str(record.id), record.meta, documents_relation(record.meta), document.meta)
        yield from link(side, [str(document.id)], server_facts(runner))


def documents_relation(meta: ModuleMeta) -> Relation:
    """The relation of a module to Documents; called ``Documents`` where the CRM does not tell.

    Raises `NotSupported` for a module of which it tells other relations only.
    """
    for relation in meta.relations:
        if relation.module == DOCUMENTS:
            return relation
    if meta.relations:
        raise NotSupported(
            f"Documents cannot be attached to {meta.name}: the CRM has no such relation. Nothing "
            "was sent."
        )
    return Relation("documents", DOCUMENTS, DOCUMENTS)
