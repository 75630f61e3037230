"""Uploading and fetching files and images."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Documents, Vehicles, connect
from tests.support.kinds import Face
from vtiger_orm import (
    DoesNotExist,
    InvalidValue,
    MalformedAnswer,
    NotLoaded,
    NotSupported,
    OutcomeUnknown,
    ServerError,
)
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.writing.files import StoredFile, fetch_of, read_answer, safe_name

CONTENT = bytes(range(256)) * 40
STOCK = pytest.mark.parametrize("kind", ["stock"], indirect=True)


async def refused_unsent(
    face: Face, record: Any, method: str, /, *args: Any, **kwargs: Any
) -> None:
    """No file of a Vtiger 8 on PHP 8 can be fetched, so not even its record is read."""
    with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="HTTP 500") as caught:
        await face(record.crm, method, *args, **kwargs)
    assert calls.number == 0
    assert "Nothing was sent" in str(caught.value)


async def test_upload_from_a_path_and_back(face: Face, tmp_path: Path) -> None:
    path = tmp_path / "hello.bin"
    path.write_bytes(CONTENT)
    contact = await face(Contacts.objects, "create", lastname="Reader")
    document = await face(
        Documents.objects, "upload", path, notecontent="note", attach_to=[contact]
    )
    assert (document.notes_title, document.filename) == ("hello.bin", "hello.bin")
    assert document.filesize == len(CONTENT)
    if face.kind == "stock":
        await refused_unsent(face, document, "download", tmp_path)
        return
    stored = await face(document.crm, "fetch_file")
    assert (stored.name, stored.content, stored.size) == ("hello.bin", CONTENT, len(CONTENT))
    target = await face(document.crm, "download", tmp_path / "copy.bin")
    assert target.read_bytes() == CONTENT
    folder = tmp_path / "folder"
    folder.mkdir()
    assert await face(document.crm, "download", folder) == folder / "hello.bin"
    assert [each.name for each in folder.iterdir()] == ["hello.bin"]


async def test_upload_of_bytes_and_streams(face: Face) -> None:
    document = await face(
        Documents.objects, "upload", b"abc", filename="a.txt", notes_title="Title"
    )
    assert (document.notes_title, document.filetype) == ("Title", "text/plain")
    stream = io.BytesIO(b"0123456789")
    stream.seek(4)
    document = await face(Documents.objects, "upload", stream, filename="rest.txt")
    assert document.filesize == 6
    with pytest.raises(InvalidValue, match="filename="):
        await face(Documents.objects, "upload", b"abc")


async def test_the_size_guard_works_both_ways(face: Face, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(CONTENT)
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match="max_bytes"):
        await face(Documents.objects, "upload", path, max_bytes=1000)
    assert calls.number == 0
    document = await face(Documents.objects, "upload", path)
    if face.kind == "stock":
        await refused_unsent(face, document, "fetch_file", max_bytes=1000)
        return
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match="max_bytes"):
        await face(document.crm, "fetch_file", max_bytes=1000)
    assert "files_retrieve" not in calls.operations


async def test_images_of_contacts(face: Face) -> None:
    contact = await face(
        Contacts.objects, "upload", CONTENT, filename="face.png", lastname="Pictured"
    )
    assert contact.imagename == "face.png"
    if face.kind == "stock":
        await refused_unsent(face, contact, "fetch_file")
    else:
        assert (await face(contact.crm, "fetch_file")).content == CONTENT
    with pytest.raises(NotSupported, match="attach_to"):
        await face(Accounts.objects, "upload", b"x", filename="x.png", accountname="x")


async def test_no_file_is_an_error_that_says_so(face: Face) -> None:
    document = await face(Documents.objects, "create", notes_title="Empty")
    contact = await face(Contacts.objects, "create", lastname="x")
    for record in (document, contact):
        if face.kind == "stock":
            await refused_unsent(face, record, "fetch_file")
            continue
        with pytest.raises(DoesNotExist, match="no attached files"):
            await face(record.crm, "fetch_file")


async def test_nothing_is_sent_for_an_unsaved_record(face: Face) -> None:
    with face.crm.count_calls() as calls, pytest.raises(NotLoaded, match="Nothing was sent"):
        await face(
            Documents.objects, "upload", b"x", filename="x", attach_to=[Contacts(lastname="x")]
        )
    assert calls.number == 0


async def test_a_document_that_cannot_be_attached_is_in_the_error(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="x")
    face.crm.faults.next(faults.ServerError(), operation="add_related")
    with pytest.raises(ServerError) as caught:
        await face(Documents.objects, "upload", b"x", filename="x.txt", attach_to=[contact])
    document = caught.value.record  # type: ignore[attr-defined]
    assert document.id
    await face(document.crm, "attach_to", contact)


async def test_a_lost_upload_is_in_doubt(face: Face) -> None:
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown) as caught:
        await face(Documents.objects, "upload", b"x", filename="lost.txt")
    document = caught.value.record
    assert await face(document.crm, "resolve")
    assert document.filename == "lost.txt"


# What a file may be given as


class Once(io.RawIOBase):
    """A stream that cannot be rewound."""

    name = "once.bin"

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._content.read(size)


class ReadOnly:
    """Nothing but a method that reads."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


@STOCK
@pytest.mark.parametrize(
    "source",
    [
        bytearray(CONTENT),
        memoryview(CONTENT),
        io.BytesIO(CONTENT),
        Once(CONTENT),
        ReadOnly(CONTENT),
        io.BufferedReader(io.BytesIO(CONTENT)),
    ],
    ids=lambda source: type(source).__name__,
)
async def test_whatever_hands_out_bytes_is_sent(face: Face, source: Any) -> None:
    if hasattr(source, "seek") and source.seekable():
        source.seek(0)
    elif not isinstance(source, bytearray | memoryview):
        source = type(source)(CONTENT)
    document = await face(Documents.objects, "upload", source, filename="a.bin")
    assert document.filesize == len(CONTENT)


class Unwilling(io.BytesIO):
    """Says that it can be rewound, as terminals do."""

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("Illegal seek")


@STOCK
async def test_a_stream_that_cannot_be_rewound_after_all_is_sent_once(face: Face) -> None:
    source = Unwilling(CONTENT)
    document = await face(Documents.objects, "upload", source, filename="a.bin")
    assert document.filesize == len(CONTENT)


class Asynchronous:
    async def read(self, size: int = -1) -> bytes:
        raise AssertionError("nobody reads it")


class Texts:
    def read(self, size: int = -1) -> str:
        return ""


def closed() -> io.BytesIO:
    stream = io.BytesIO(b"x")
    stream.close()
    return stream


@STOCK
@pytest.mark.parametrize(
    ("source", "why"),
    [
        (io.StringIO("é€"), "mode 'rb'"),
        (Texts(), "hands out str"),
        (Asynchronous(), "asynchronously"),
        ((each for each in [b"x"]), "no read"),
        ([b"x"], "no read"),
        (None, "no read"),
        (closed(), "closed file"),
    ],
)
async def test_what_hands_out_no_bytes_is_refused_unsent(face: Face, source: Any, why: str) -> None:
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match=why):
        await face(Documents.objects, "upload", source, filename="a.txt")
    assert calls.number == 0


@STOCK
async def test_a_file_open_in_text_mode_or_for_writing_is_refused(
    face: Face, tmp_path: Path
) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"one\r\ntwo\r\n")
    with path.open() as stream, pytest.raises(InvalidValue, match="mode 'rb'"):
        await face(Documents.objects, "upload", stream)
    with path.open("ab") as stream, pytest.raises(InvalidValue, match="cannot be read"):
        await face(Documents.objects, "upload", stream)
    document = await face(Documents.objects, "upload", path)
    assert document.filesize == len(b"one\r\ntwo\r\n")


def test_a_pipe_is_sent_whole_over_a_socket(templates: dict[str, Crm]) -> None:
    """The length that the system tells of a pipe is 0."""
    with templates["stock"].copy() as crm, crm.serve() as server:
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as end:
            end.write(CONTENT)
        with (
            connect(server.url, *crm.credentials()),
            os.fdopen(reading, "rb") as stream,
        ):
            document = Documents.objects.upload(stream, filename="pipe.bin")
        assert document.filesize == len(CONTENT)


@STOCK
async def test_a_new_document_is_active(face: Face) -> None:
    made = await face(Documents.objects, "upload", b"x", filename="x.txt")
    assert made.filestatus is True
    made = await face(Documents.objects, "create", notes_title="A link")
    assert made.filestatus is True
    made = await face(Documents.objects, "upload", b"x", filename="x.txt", filestatus=False)
    assert made.filestatus is False


@STOCK
async def test_what_it_is_attached_to_is_looked_at_before_there_is_a_document(face: Face) -> None:
    gone = await face(Contacts.objects, "create", lastname="x")
    here = await face(Contacts.objects, "create", lastname="y")
    await face(gone, "delete")
    wrongs: list[tuple[list[Any], type[Exception]]] = [
        ([here, gone], Contacts.DoesNotExist),
        ([here, Contacts(lastname="unsaved")], NotLoaded),
        ([str(here.id)], InvalidValue),
        ([Vehicles(id=Vehicles.ref(f"{Vehicles.meta.prefix}x1"))], NotSupported),
    ]
    for records, error in wrongs:
        with face.crm.count_calls() as calls, pytest.raises(error):
            await face(Documents.objects, "upload", b"x", filename="x.txt", attach_to=records)
        assert "create" not in calls.operations
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match="for documents"):
        await face(
            Contacts.objects, "upload", b"x", filename="x.png", lastname="z", attach_to=[here]
        )
    assert calls.number == 0


# What comes back


GOOD = base64.b64encode(b"hello world").decode()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (GOOD[:12], 11),
        (GOOD[:11], None),
        ("data:text/plain;base64," + GOOD, 11),
        ("<br>Warning" + GOOD, 11),
        ("Notices0" + GOOD, 11),
        (GOOD + "Warning", None),
        (GOOD + GOOD, None),
        (base64.urlsafe_b64encode(b"\xff\xef\xfe").decode(), 3),
        (GOOD, 12),
        ("é" + GOOD, None),
    ],
)
def test_damaged_contents_are_never_other_bytes(text: str, size: int | None) -> None:
    answer: dict[str, object] = {"filecontents": text}
    if size is not None:
        with pytest.raises(MalformedAnswer):
            read_answer({**answer, "filesize": size})
        with pytest.raises(MalformedAnswer):
            read_answer({**answer, "filezie": str(size)})
    with pytest.raises(MalformedAnswer):
        read_answer(answer, size)


def test_contents_in_lines_are_read() -> None:
    lines = "\r\n".join(GOOD[at : at + 4] for at in range(0, len(GOOD), 4)) + "\r\n"
    assert read_answer({"filecontents": lines, "filesize": 11}).content == b"hello world"
    assert read_answer({"filecontents": "", "filesize": 0}).content == b""


def test_the_records_own_size_tells_of_a_file_that_was_cut() -> None:
    row = {"imageattachmentids": "15x7", "filesize": "11", "filename": "a.txt"}
    plan = fetch_of("15x6", row, ServerFacts(dialect="cloud"))
    next(plan)
    with pytest.raises(MalformedAnswer, match="9 bytes of a file that has 11"):
        plan.send({"filecontents": GOOD[:12]})


def test_both_shapes_of_the_answer() -> None:
    entry = {"fileid": "7", "filename": "a.txt", "filetype": "text/plain", "filecontents": "YWJj"}
    answer: object
    for answer in (entry, [entry]):
        assert read_answer(answer).content == b"abc"
    for answer in ([], {}, None, {"filecontents": "%%%x"}):
        with pytest.raises(MalformedAnswer):
            read_answer(answer)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".ssh", "ssh"),
        ("..", "file"),
        ("", "file"),
        ("x\0y", "x_y"),
        ("a\n\x1b[2J.txt", "a__[2J.txt"),
        ("C:evil", "C_evil"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("half\ud800.txt", "half_.txt"),
        ("a. ", "a"),
        ("é" * 300 + ".pdf", "é" * 98 + ".pdf"),
    ],
)
def test_names_from_the_crm_never_leave_their_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@STOCK
@pytest.mark.parametrize("name", ["missing", "", "a\0b", "\ud800"], ids=ascii)
async def test_a_path_that_cannot_be_read_is_told_unsent(
    face: Face, tmp_path: Path, name: str
) -> None:
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match="Nothing was sent"):
        await face(Documents.objects, "upload", tmp_path / name if name else tmp_path)
    assert calls.number == 0


class Breaking(io.BytesIO):
    """Ends early: by an error of its own, or as a file that somebody cuts off meanwhile."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__(CONTENT)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if self._error is not None and size != 0:
            raise self._error
        return b""


@STOCK
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("gone"), "could not be read to its end: OSError: gone"),
        (RuntimeError("odd"), "could not be read to its end: RuntimeError: odd"),
        (None, "became shorter"),
    ],
    ids=["system", "other", "shorter"],
)
async def test_a_file_that_breaks_off_leaves_a_doubt(
    face: Face, error: Exception | None, told: str
) -> None:
    with face.crm.serve() as server:
        session = connect(server.url, *face.crm.credentials(), dialect="webservice")
        objects = Documents.objects.using(session)
        with pytest.raises(OutcomeUnknown, match=told):
            await face(objects, "upload", Breaking(error), filename="a.bin")
        assert await face(objects, "count") >= 0, "the session is usable"
        await face(session, "close")


@pytest.mark.parametrize("place", ["none/there", "a\0b", "\ud800", "file/below"], ids=ascii)
def test_where_a_file_cannot_be_written_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    stored = StoredFile("1", "a.bin", "", CONTENT)
    with pytest.raises(InvalidValue, match="was fetched, and cannot be written to"):
        stored.write_to(tmp_path / place)
