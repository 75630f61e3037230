"""Uploading and fetching files and images."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from generated.demo import Accounts, Contacts, Documents
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
from vtiger_orm.emulator import faults
from vtiger_orm.writing.files import read_answer, safe_name

CONTENT = bytes(range(256)) * 40


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
        with pytest.raises(NotSupported, match="HTTP 500"):
            await face(document.crm, "download", tmp_path)
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
    with face.crm.count_calls() as calls, pytest.raises(InvalidValue, match="max_bytes"):
        await face(document.crm, "fetch_file", max_bytes=1000)
    assert "files_retrieve" not in calls.operations


async def test_images_of_contacts(face: Face) -> None:
    contact = await face(
        Contacts.objects, "upload", CONTENT, filename="face.png", lastname="Pictured"
    )
    assert contact.imagename == "face.png"
    if face.kind != "stock":
        assert (await face(contact.crm, "fetch_file")).content == CONTENT
    with pytest.raises(NotSupported, match="attach_to"):
        await face(Accounts.objects, "upload", b"x", filename="x.png", accountname="x")


async def test_no_file_is_an_error_that_says_so(face: Face) -> None:
    document = await face(Documents.objects, "create", notes_title="Empty")
    with pytest.raises((DoesNotExist, NotSupported)):
        await face(document.crm, "fetch_file")
    contact = await face(Contacts.objects, "create", lastname="x")
    with pytest.raises(DoesNotExist, match="no attached files"):
        await face(contact.crm, "fetch_file")


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
