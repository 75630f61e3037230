"""Ids that were given as text: they say which record is meant, not who may write it."""

from __future__ import annotations

from ..errors import InvalidValue
from ..records import BaseRecord
from ..records.handle import id_of, is_posted, saved_id


def refuse_posted(record: BaseRecord) -> None:
    """Raise `InvalidValue` for a record whose id was given as plain text: a program that makes
    records of what others send would let anybody overwrite any record. Bodies of requests with an
    id are not even read."""
    if not is_posted(record):
        return
    model, id = type(record).__name__, saved_id(record)
    raise InvalidValue(
        f"This {model} record has the id {id} from the data it was made from, not from the CRM: "
        f"writing it would change that record, whoever sent the data. Read the record first "
        f"({model}.objects.get(id=...)) and assign what may be changed; leave the id out to create "
        f"another one; or say it yourself, with {model}.ref({str(id)!r}) as the id."
    )


def id_to_write(item: BaseRecord | str) -> str | None:
    """The id of a record that is about to be changed; None of an unsaved one. A reference is a
    program's own word. Raises as `refuse_posted`."""
    if isinstance(item, BaseRecord):
        refuse_posted(item)
    return id_of(item)
