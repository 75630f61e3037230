"""coreBOS: documents and their files."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from ..replay import Recorded, Replay, play

FILE = {"name": "b.txt", "size": 5, "type": "text/plain", "content": "Zml2ZSE="}


def document(replay: Replay, recorded_id: str, title: str = "Rv") -> None:
    replay.seed(
        recorded_id,
        "Documents",
        notes_title=title,
        folderid="22x1",
        filelocationtype="I",
        filename=FILE,
    )


def test_documents(replay: Replay, recorded: Recorded) -> None:
    play(replay, recorded("corebos", "documents")[:6])


def test_no_answer_tells_of_the_folder(replay: Replay, recorded: Recorded) -> None:
    document(replay, "15x1")
    asked = recorded("corebos", "documents")[6]["request"]["query"]
    for query in (asked, "select * from Documents where (notes_title = 'Rv');"):
        [row] = replay.crm.query(query)
        assert row["folderid"] == ""


def test_a_change_of_a_document_replaces_it(replay: Replay, recorded: Recorded) -> None:
    for number in (10612, 10614, 10616, 10618, 10620, 10622, 10624, 10626, 10629, 10632):
        document(replay, f"15x{number}")
    exchanges = recorded("corebos", "documents-revise")
    play(replay, exchanges)

    def content(number: int) -> Any:
        return replay.crm.call(
            "retrievedocattachment", id=replay.ids[f"15x{number}"], returnfile="1"
        )

    assert content(10612) == content(10614) == content(10622) == content(10624) == []
    for number in (10616, 10618, 10620):
        assert content(number)[replay.ids[f"15x{number}"]]["attachment"] == "Zml2ZSE="
    assert content(10626) == {replay.ids["15x10626"]: []}
    assert content(10632)[replay.ids["15x10632"]]["attachment"] == "bmV3"


def test_a_whole_document_sent_back_keeps_everything(crm: Server) -> None:
    made = crm.create(
        "Documents", notes_title="D", notecontent="n", filelocationtype="I", filename=FILE
    )["id"]
    before = crm.call("retrieve", id=made)
    for operation in ("revise", "update"):
        after = crm.call(operation, element={**before, "notes_title": operation})
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"notes_title", "modifiedtime"}


def test_contents_of_documents(replay: Replay, recorded: Recorded) -> None:
    crm = replay.crm
    file = {"name": "hallo.txt", "size": 11, "type": "text/plain", "content": "aGVsbG8gd29ybGQ="}
    replay.seed("15x9216", "Documents", notes_title="a", filelocationtype="I", filename=file)
    octets = bytes(range(256))

    whole = {
        "name": 'h & ö "q".bin',
        "size": 256,
        "type": "application/octet-stream",
        "content": base64.b64encode(octets).decode(),
    }
    replay.seed("15x9218", "Documents", notes_title="b", filelocationtype="I", filename=whole)
    link = "https://example.com/x.pdf"
    replay.seed("15x9221", "Documents", notes_title="c", filelocationtype="E", filename=link)
    replay.seed("15x9212", "Documents", notes_title="d")
    crm.call("delete", id=replay.seed("15x9220", "Documents", notes_title="e"))
    exchanges = recorded("corebos", "retrievedocattachment")
    play(replay, exchanges)
    wire = replay.ids["15x9218"]
    answer = crm.call("retrievedocattachment", id=wire, returnfile="1")
    assert base64.b64decode(answer[wire]["attachment"]) == octets
    before = int(crm.call("retrieve", id=wire)["filedownloadcount"])
    crm.call("retrievedocattachment", id=wire, returnfile="1")
    crm.call("retrievedocattachment", id=wire, returnfile="0")
    assert int(crm.call("retrieve", id=wire)["filedownloadcount"]) == before + 1


@pytest.mark.parametrize(
    ("sent", "stored"), [("a.php", "a.phpfile.txt"), ("a.html", "a.htmlfile.txt")]
)
def test_names_of_programs(crm: Server, sent: str, stored: str) -> None:
    file = {**FILE, "name": sent}
    made = crm.create("Documents", notes_title="D", filelocationtype="I", filename=file)
    assert made["filename"] == stored


def test_a_file_that_does_not_say_what_it_is_is_dropped(crm: Server) -> None:
    made = crm.create("Documents", notes_title="D", filename=FILE)
    assert (made["filename"], made["filesize"], made["filestatus"]) == ("", "0", "1")
