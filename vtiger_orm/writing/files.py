"""Documents and images: sending files and fetching them back.

The CRM knows two ids: the document's, and the attachment's in `imageattachmentids`. Contents
travel as base64 inside JSON, a third larger than the file; hence the size guard.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from .._dataclass import dataclass
from .._files import write_whole
from ..calls.operations import FilePart, Operation, Row
from ..calls.plans import Plan, perform
from ..calls.server import ServerFacts
from ..calls.support import remembering, require
from ..errors import DoesNotExist, InvalidValue, MalformedAnswer, TransportError
from ..ids import parse_id, whole_number
from ..metadata.server import ServerFamily

FileSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]"
"""What a file may be given as: a path, its bytes, or an open binary file."""

DEFAULT_LIMIT: Final = 50 * 1024 * 1024
"""Bytes; the Cloud's usual DOCUMENT_UPLOAD_FILE_LIMIT."""

_LONGEST_NAME: Final = 200
"""Bytes; common file systems take 255, and a download adds an ending of its own meanwhile."""

_DEVICE: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)

ATTACHMENTS: Final = "imageattachmentids"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was fetched from the CRM."""

    id: str
    """The attachment's number."""
    name: str
    """As the CRM keeps it: it cleans names at upload."""
    content_type: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.content)

    def write_to(self, path: str | os.PathLike[str]) -> Path:
        """Write the content; into a folder it goes under its own name. Returns the file's path.

        The file appears whole or not at all. Raises `InvalidValue` where it cannot be written.
        """
        try:
            target = Path(path)
            if target.is_dir():
                target = target / safe_name(self.name)
            write_whole(target, self.content)
        except (TypeError, ValueError, OSError) as error:
            raise InvalidValue(
                f"The file {self.name!r} was fetched, and cannot be written to {path!r:.200}: "
                f"{_reason(error)}."
            ) from error
        return target


def safe_name(name: str) -> str:
    """A file name from the CRM without any path in it, or anything a system gives a meaning to:
    control characters, streams and devices of Windows, hidden files."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join("_" if char in '<>:"|?*' or not char.isprintable() else char for char in last)
    cleaned = shown.strip(" .")
    stem, dot, ending = cleaned.rpartition(".")
    stem, ending = (stem, dot + ending[:20]) if dot else (cleaned, "")
    while len((stem + ending).encode()) > _LONGEST_NAME:
        stem = stem[:-1]
    return "_" * _is_device(stem) + stem + ending or "file"


def _is_device(stem: str) -> bool:
    return _DEVICE.fullmatch(stem.partition(".")[0]) is not None


def file_part(
    part: str,
    source: FileSource,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    max_bytes: int = DEFAULT_LIMIT,
) -> FilePart:
    """A form part for an upload; an open file is streamed from where it stands, a path is read.

    Raises `InvalidValue` when the file is larger than `max_bytes`, for bytes or a stream without
    a name, for a path that cannot be read, and for what is no binary file: text, something
    asynchronous, a generator.
    """
    for name, given in (("filename", filename), ("content_type", content_type)):
        if given is not None and not isinstance(given, str):
            raise InvalidValue(f"{name} is a text, not {type(given).__name__}. Nothing was sent.")
    check_size(max_bytes)
    content: Any = None
    size: int | None
    if isinstance(source, (str, os.PathLike)):
        content, name = _of_path(source)
        filename, size = filename or name, content.size
    elif isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        size = len(content)
    else:
        content = _stream(source)
        filename, size = filename or _stream_name(source), content.size
    if not filename:
        raise InvalidValue("An upload from bytes or a stream needs filename='...'.")
    if size is not None and size > max_bytes:
        if isinstance(source, (str, os.PathLike)):
            content.close()
        raise _too_large(size, max_bytes, filename)
    return FilePart(part, filename, content, content_type or _guessed_type(filename))


def _guessed_type(filename: str) -> str:
    from mimetypes import guess_type

    return guess_type(filename)[0] or "application/octet-stream"


def _stream(source: Any) -> _Stream:
    """The open file, if bytes come out of it. Nothing is read from it for that."""
    if isinstance(source, io.TextIOBase):
        raise _no_file(source, "it hands out text. Open the file with mode 'rb'.")
    try:
        start = source.read(0)
    except (AttributeError, TypeError):
        raise _no_file(source, "it has no read(size).") from None
    except (ValueError, OSError) as error:
        raise _no_file(source, f"it cannot be read ({error}).") from error
    if inspect.isawaitable(start):
        close = getattr(start, "close", None)
        if close is not None:
            close()
        raise _no_file(source, "it is read asynchronously. Give the file behind it.")
    if not isinstance(start, bytes | bytearray | memoryview | None):
        raise _no_file(source, f"it hands out {type(start).__name__}, not bytes.")
    seekable = getattr(source, "seekable", None)
    if seekable is None or not seekable():
        return _Stream(source)
    try:
        return _FromHere(source)
    except OSError:  # terminals and some wrappers say that they can, and cannot
        return _Stream(source)


def _no_file(source: object, why: str) -> InvalidValue:
    return InvalidValue(
        f"A {type(source).__name__} cannot be uploaded: {why} A file is given as a path, as bytes "
        "or as a file that is open for reading in binary mode. Nothing was sent."
    )


class _Stream:
    """A stream that can be read once. Its length is not told: a pipe's would be wrong."""

    size: int | None = None

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Raises `TransportError` for whatever the stream raises."""
        try:
            return self._stream.read(size)
        except Exception as error:
            raise TransportError(
                f"The file could not be read to its end: {type(error).__name__}: {error}. What "
                "the CRM made of the part that was sent is not known."
            ) from error

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self._stream.close()


class _FromHere(_Stream):
    """A stream from its present position on: what sends it begins by rewinding."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self._start = stream.tell()
        self._whole = stream.seek(0, os.SEEK_END) - self._start
        self.size = self._whole
        stream.seek(self._start)

    def read(self, size: int = -1) -> bytes:
        """As many bytes as there were in the beginning: their number is told before."""
        left = self._whole - self.tell()
        piece = super().read(left if size < 0 else min(size, left))
        if left > 0 and size and not piece:
            raise TransportError(
                f"The file became shorter while it was sent: {left:,} of {self._whole:,} bytes are "
                "missing. What the CRM made of the others is not known."
            )
        return piece

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            offset += self._start
        return self._stream.seek(offset, whence) - self._start


def _of_path(path: str | os.PathLike[str]) -> tuple[_Stream, str]:
    """The file of a path, opened, and its name."""
    try:
        place = Path(os.fsdecode(path))
        opened = place.open("rb")
    except (ValueError, OSError) as error:
        raise InvalidValue(
            f"The file {os.fspath(path)!r:.200} cannot be read: {_reason(error)}. Nothing was sent."
        ) from error
    return _stream(opened), place.name


def _reason(error: Exception) -> str:
    """Why the system refuses a file, in a few words."""
    return getattr(error, "strerror", None) or str(error)


def attachment_ids(row: Mapping[str, Any]) -> list[str]:
    """The attachments of a record as the wire has it; the key exists only where there are any."""
    text = str(row.get(ATTACHMENTS) or "")
    return [str(parse_id(part.strip())) for part in text.split(",") if part.strip()]


def fetch(attachment_id: str, facts: ServerFacts, size: int | None = None) -> Plan[StoredFile]:
    """The file of one attachment, which has so many bytes where that is known.

    Raises `NotSupported` where the server cannot hand it out, `MalformedAnswer` for anything but
    the whole file.
    """
    call = Operation("files_retrieve", "GET", {"id": str(parse_id(attachment_id))})
    answer = yield from remembering(call, facts, first=False)  # the record was read before
    return read_answer(answer, size)


def check_fetchable(facts: ServerFacts) -> None:
    """Raise `NotSupported` where the server cannot hand files out. coreBOS has an operation of its
    own for it."""
    if facts.server.family is not ServerFamily.COREBOS:
        require("files_retrieve", facts)


def fetch_of(
    id_: str, row: Row, facts: ServerFacts, *, number: int = 0, max_bytes: int = DEFAULT_LIMIT
) -> Plan[StoredFile]:
    """The file of a record, whose row was just read, by its position among the attachments.

    Raises `DoesNotExist` when there is none, `InvalidValue` when it is larger than `max_bytes`
    (told by the record's `filesize`, before the file is fetched).
    """
    check_size(max_bytes)
    if not isinstance(number, int) or number < 0:
        raise InvalidValue(f"Files of a record are counted from 0; {number!r:.40} is none of them.")
    if facts.server.family is ServerFamily.COREBOS:
        return (yield from _content_of(id_, row, number, max_bytes))
    ids = attachment_ids(row)
    if number >= len(ids):
        raise DoesNotExist(
            f"{id_} has {len(ids) or 'no'} attached files"
            + (f", none with number {number}." if ids else ".")
            + (" It links to an external file." if row.get("filelocationtype") == "E" else "")
        )
    size = _told_size(row)
    if size is not None:
        _guard(size, max_bytes, str(row.get("filename") or id_))
    return (yield from fetch(ids[number], facts, size if len(ids) == 1 else None))


def _content_of(id_: str, row: Row, number: int, max_bytes: int) -> Plan[StoredFile]:
    """The file of a document of coreBOS, which has one, by an operation of its own."""
    size = _told_size(row)
    if size is not None:
        _guard(size, max_bytes, str(row.get("filename") or id_))
    params = {"id": str(parse_id(id_)), "returnfile": "1"}
    answer = yield from perform(Operation("retrievedocattachment", "GET", params))
    found = answer.get(id_) if isinstance(answer, Mapping) else None
    linked = row.get("filelocationtype") == "E"
    if number or linked or not isinstance(found, Mapping):
        raise DoesNotExist(
            f"{id_} has no attached file{f' with number {number}' if number else ''}."
            + (" It links to an external file." if linked else "")
        )
    told = {
        "fileid": id_,
        "filename": found.get("filename"),
        "filetype": found.get("filetype"),
        "filesize": found.get("filesize"),
        "filecontents": found.get("attachment"),
    }
    return read_answer(told, size)


def read_answer(answer: object, size: int | None = None) -> StoredFile:
    """Both shapes of `files_retrieve`: an object, or a list with one.

    `size` is the number of bytes for an answer that does not tell it. Raises `MalformedAnswer`
    when the contents are not exactly the file: cut off, in another alphabet, with something of
    the server's own in it.
    """
    if isinstance(answer, Sequence) and not isinstance(answer, str) and answer:
        answer = answer[0]
    if not isinstance(answer, Mapping) or "filecontents" not in answer:
        raise MalformedAnswer("files_retrieve answered without a file.")
    text = "".join(str(answer["filecontents"] or "").splitlines())
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswer(
            "files_retrieve answered a file that is no base64: it was cut off, or the server put "
            "something of its own into it."
        ) from error
    told = _told_size(answer)
    size = size if told is None else told
    if size is not None and size != len(content):
        raise MalformedAnswer(
            f"files_retrieve answered {len(content):,} bytes of a file that has {size:,}."
        )
    return StoredFile(
        id=str(answer.get("fileid") or ""),
        name=str(answer.get("filename") or "file"),
        content_type=str(answer.get("filetype") or "application/octet-stream"),
        content=content,
    )


def _told_size(row: Mapping[str, Any]) -> int | None:
    """The `filesize` of a record or an answer, which one of the manuals spells `filezie`."""
    text = str(row.get("filesize") or row.get("filezie") or "").strip()
    return whole_number(text)


def check_size(max_bytes: int) -> None:
    """Raises `InvalidValue` for what is no number of bytes."""
    if not isinstance(max_bytes, int):
        raise InvalidValue(f"max_bytes is a number of bytes, not {type(max_bytes).__name__}.")


def _guard(size: int | None, max_bytes: int, name: str) -> None:
    if size is not None and size > max_bytes:
        raise _too_large(size, max_bytes, name)


def _too_large(size: int, max_bytes: int, name: str) -> InvalidValue:
    return InvalidValue(
        f"{name} has {size:,} bytes, more than max_bytes={max_bytes:,}. The whole file passes "
        "through memory as text: raise max_bytes only where there is room."
    )


def _stream_name(source: object) -> str | None:
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else None
