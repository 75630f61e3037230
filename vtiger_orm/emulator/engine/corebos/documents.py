"""Documents: files in the element, contents by an operation of their own, and changes that are
replacements."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Final

from ..context import Context
from ..errors import Crash
from ..php import php_text
from ..schema import Module
from ..store import DELETED
from ..writing import Writer
from . import identify

Row = dict[str, Any]

_INTERNAL, _EXTERNAL = "I", "E"
_SITE: Final = "http://crm.example.com"
# What a change of a document leaves of the fields that it does not send.
_EMPTIED: Final = {
    "notes_title": "",
    "notecontent": "",
    "fileversion": "",
    "template": "0",
    "template_for": "",
    "mergetemplate": "0",
    "filestatus": "0",
    "folderid": "",
}
_FILE: Final = {"filename": "", "filesize": "0", "filetype": ""}


def create(ctx: Context, writer: Writer, element: Row) -> int:
    """A document, with the file in its element or in a part of the form. A file that does not
    say that it is an internal one is dropped without a word."""
    given = {name: value for name, value in element.items() if name != "filename"}
    given.setdefault("filestatus", "1")
    file = _file(ctx, element.get("filename"))
    internal = element.get("filelocationtype") == _INTERNAL
    if not isinstance(element.get("filename"), dict):
        given["filename"] = element.get("filename") or ""
    number = writer.insert(given)
    if internal:
        _set(ctx, number, {"filedownloadcount": 0})
    if file is not None and internal:
        _keep(ctx, number, *file)
    return number


def change(ctx: Context, writer: Writer, number: int, element: Row) -> None:
    """Everything that is not sent is emptied; the file goes too, unless its kind is sent."""
    kind = element.get("filelocationtype")
    sent = element.get("filename")
    attached = element.get("attachments")
    if isinstance(sent, dict) and kind != _INTERNAL:
        raise Crash("a file without its kind")
    given = {name: value for name, value in element.items() if not isinstance(value, dict)}
    given = {**_EMPTIED, **given}
    if kind != _INTERNAL:
        ctx.store.execute("DELETE FROM attachment WHERE record = ?", (number,))
        external = {"filename": php_text(sent)} if kind == _EXTERNAL else {}
        writer.change(number, {"filelocationtype": "", **given, **_FILE, **external})
        _set(ctx, number, {"filesize": 0, "filetype": "", "filedownloadcount": None})
        return
    given.pop("filename", None)
    writer.change(number, given)
    if isinstance(sent, dict):
        # The name is taken, the content goes where nobody finds it.
        ctx.store.execute("DELETE FROM attachment WHERE record = ?", (number,))
        _set(ctx, number, {"filename": cleaned(php_text(sent.get("name")))})
    file = _file(ctx, attached.get("filename") if isinstance(attached, dict) else None)
    if file is not None:
        ctx.store.execute("DELETE FROM attachment WHERE record = ?", (number,))
        _keep(ctx, number, *file)


def _file(ctx: Context, value: Any) -> tuple[str, str, bytes] | None:
    """Name, type and content of a file."""
    if isinstance(value, dict):
        try:
            content = base64.b64decode(php_text(value.get("content")))
        except binascii.Error:
            content = b""
        return php_text(value.get("name")), php_text(value.get("type")), content
    for upload in ctx.files:
        if upload.part == "filename":
            return upload.name, upload.content_type, upload.content
    return None


def _keep(ctx: Context, number: int, name: str, kind: str, content: bytes) -> None:
    name = cleaned(name)
    ctx.store.execute(
        "INSERT INTO attachment(id, record, name, type, content) VALUES (?, ?, ?, ?, ?)",
        (ctx.store.next_number("record"), number, name, kind, content),
    )
    _set(ctx, number, {"filename": name, "filesize": len(content), "filetype": kind})


def cleaned(name: str) -> str:
    """A file name as it is stored: nothing behind a quote, no blanks, no programs."""
    name = name.partition('"')[0].replace(" ", "_")
    return f"{name}file.txt" if name.lower().endswith((".php", ".html")) else name


def _set(ctx: Context, number: int, values: Row) -> None:
    ctx.store.update(ctx.schema.modules["Documents"], number, values)


def add_address(ctx: Context, module: Module, row: Row) -> None:
    """`_downloadurl` of a document that has a file: a path under ``storage/``."""
    if module.name != "Documents" or row.get("filelocationtype") != _INTERNAL:
        return
    found = ctx.store.row(
        "SELECT id, name FROM attachment WHERE record = ? ORDER BY id DESC",
        (int(str(row["id"]).partition("x")[2]),),
    )
    if found is not None:
        moment = datetime.fromisoformat(row["createdtime"]) if row.get("createdtime") else None
        folder = moment.strftime("%Y/%B/week") if moment is not None else "week"
        week = (moment.day - 1) // 7 + 1 if moment is not None else 1
        row["_downloadurl"] = f"{_SITE}/storage/{folder}{week}/{found[0]}_{found[1]}"


def contents(ctx: Context) -> Row | list[Any]:
    """retrievedocattachment: what there is of files, by id; an empty list without any."""
    wanted = ctx.text("returnfile") not in ("", "0")
    found: Row = {}
    for text in ctx.text("id").split(","):
        document = _document(ctx, text.strip())
        if document is not None:
            found[document[0]] = _content(ctx, document[1], document[2], wanted=wanted)
    return {name: each for name, each in found.items() if each is not None} or []


def _document(ctx: Context, text: str) -> tuple[str, int, Row] | None:
    row = None
    number = text.partition("x")[2] or text
    if number.isdecimal():
        row = ctx.store.row(
            "SELECT e.wire, e.id, d.filename, d.filetype, d.filelocationtype FROM entity e "
            'JOIN "m_Documents" d ON d.id = e.id WHERE e.id = ? AND e.state NOT IN (?, ?)',
            (int(number), DELETED, identify.CASCADED),
        )
    if row is None or ("x" in text and text != row[0]):
        return None
    return row[0], row[1], {"filename": row[2], "filetype": row[3], "kind": row[4]}


def _content(ctx: Context, number: int, document: Row, *, wanted: bool) -> Any:
    answer = {"recordid": str(number)}
    if document["kind"] == _EXTERNAL:
        link = {"filetype": "", "filename": document["filename"], "filesize": 0, "attachment": ""}
        return {**answer, **link}
    row = ctx.store.row(
        "SELECT name, type, content FROM attachment WHERE record = ? ORDER BY id DESC", (number,)
    )
    if row is None:
        return [] if document["kind"] == _INTERNAL and document["filename"] else None
    name, kind, content = row
    if wanted:
        ctx.store.execute(
            'UPDATE "m_Documents" SET filedownloadcount = ifnull(filedownloadcount, 0) + 1 '
            "WHERE id = ?",
            (number,),
        )
    encoded = base64.b64encode(content).decode("ascii") if wanted else ""
    facts = {"filetype": kind, "filename": name, "filesize": len(content), "attachment": encoded}
    return {**answer, **facts}
