"""files_retrieve."""

from __future__ import annotations

import base64
from typing import Any

from ..context import Context
from ..errors import CrmError, invalid_id


def files_retrieve(ctx: Context) -> Any:
    """The content of one attachment: its own number behind the prefix of its record's module.

    One object on stock servers, a list with one object in the Cloud.
    """
    wire = ctx.wire_id(ctx.text("id"))
    row = ctx.store.row(
        "SELECT a.id, a.name, a.type, a.content, e.module, e.id FROM attachment a "
        "JOIN entity e ON e.id = a.record WHERE a.id = ?",
        (wire.number,),
    )
    if row is None:
        raise CrmError("RECORD_NOT_FOUND", "Record you are trying to access is not found")
    number, name, content_type, content, module, record = row
    if module != wire.module.name:
        raise invalid_id()
    ctx.record(f"{wire.module.prefix}x{record}")
    answer = {
        "fileid": str(number),
        "filename": name,
        "filetype": content_type,
        "filesize": len(content),
        "filecontents": base64.b64encode(content).decode("ascii"),
    }
    return [answer] if ctx.profile.files_as_list else answer
