"""Creating a record together with a file: documents, and records with an image."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._dataclass import dataclass
from ..calls.operations import FilePart
from ..calls.plans import Plan
from ..calls.server import server_facts
from ..calls.support import require
from ..errors import NotSupported, VtigerError
from ..metadata.kinds import Kind
from ..metadata.module import ModuleMeta
from . import files
from . import save as write
from .links import attach, check_attachable

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord

M = TypeVar("M", bound="BaseRecord")

_DOCUMENT_PART: Final = "filename"
"""With any other name of the part the server stores the file and forgets its name."""

_IMAGE_PART: Final = "imagename[]"
"""Without the brackets the server fails with HTTP 500."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent."""

    source: files.FileSource
    filename: str | None
    content_type: str | None
    max_bytes: int
    attach_to: Sequence[BaseRecord] = ()

    def part(self, name: str) -> FilePart:
        return files.file_part(
            name,
            self.source,
            filename=self.filename,
            content_type=self.content_type,
            max_bytes=self.max_bytes,
        )


def part_name(meta: ModuleMeta) -> str:
    """The name of the form part for the module; raises `NotSupported` where it takes no file."""
    if meta.name == "Documents":
        return _DOCUMENT_PART
    if any(each.kind is Kind.IMAGE for each in meta.fields.values()):
        return _IMAGE_PART
    raise NotSupported(
        f"Records of {meta.name} hold no file and no image. Upload a document and attach it: "
        "Documents.objects.upload(path, attach_to=[record])."
    )


def upload(
    model: type[M], upload: Upload, values: Mapping[str, Any], runner: Runner | None
) -> Plan[M]:
    """Create the record with its file, then attach it.

    Whether it can be attached is found out before. When attaching fails all the same, the
    error's `record` is the document that was created.
    """
    require("create with a file", server_facts(runner))
    meta = model.meta
    part = upload.part(part_name(meta))
    try:
        yield from check_attachable(meta, upload.attach_to, runner)
        record = yield from write.create(model, values, runner=runner, file=part)
    finally:
        if isinstance(upload.source, str | os.PathLike) and not isinstance(part.content, bytes):
            part.content.close()
    try:
        yield from attach(record, upload.attach_to, runner)
    except VtigerError as error:
        error.record = record  # type: ignore[attr-defined]  # for whoever catches it
        raise
    return record
