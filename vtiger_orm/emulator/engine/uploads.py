"""Files that come with a create or revise, and the names the server gives them."""

from __future__ import annotations

import re
from typing import Any, Final

from .context import Context, UploadedFile
from .errors import Crash
from .schema import Module

_UNSAFE: Final = re.compile(r"[^\w.\-]")
_UNSAFE_RUN: Final = re.compile(r"[^\w.\-]+")
_IMAGE_PART: Final = "imagename[]"
_FILE_PART: Final = "filename"


def check(ctx: Context, module: Module) -> None:
    """Raises `Crash` for an image whose part has no brackets: PHP wants an array there."""
    if _image_field(module) and any(each.part == "imagename" for each in ctx.files):
        raise Crash("imagename: a single file where an array of files is read")


def attach(ctx: Context, module: Module, number: int, element: dict[str, Any]) -> None:
    """Store the files of the request with the record.

    A document's own fields are filled for the part ``filename`` of an internal document only;
    under any other part name the file is kept but the document does not know of it.
    """
    for upload in ctx.files:
        if not _is_kept(module, upload):
            continue
        ctx.store.execute(
            "INSERT INTO attachment(id, record, name, type, content) VALUES (?, ?, ?, ?, ?)",
            (
                ctx.store.next_number("record"),
                number,
                _UNSAFE_RUN.sub("_", upload.name),
                upload.content_type,
                upload.content,
            ),
        )
        if module.name == "Documents":
            if upload.part == _FILE_PART and element.get("filelocationtype") == "I":
                _describe_file(ctx, module, number, upload)
        elif upload.part == _IMAGE_PART:
            ctx.store.update(module, number, {"imagename": _UNSAFE.sub("_", upload.name)})


def _describe_file(ctx: Context, module: Module, number: int, upload: UploadedFile) -> None:
    ctx.store.update(
        module,
        number,
        {
            "filename": _UNSAFE.sub("_", upload.name),
            "filesize": len(upload.content),
            "filetype": upload.content_type,
        },
    )


def _is_kept(module: Module, upload: UploadedFile) -> bool:
    if module.name == "Documents":
        return True
    return upload.part == _IMAGE_PART and _image_field(module)


def _image_field(module: Module) -> bool:
    field = module.fields.get("imagename")
    return field is not None and field.kind == "image"
