"""Every parser of outside data on a megabyte of the worst kinds, in a process of little memory.

::

    python -m tests.faults.bounded

Prints a line for each that took longer than `SECONDS`, or memory that was not there.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vtiger_codegen.config import load_config
from vtiger_codegen.naming.lock import load_lock

from generated.demo._package import package
from vtiger_orm.calls import operations as calls
from vtiger_orm.dialects import dialect_named
from vtiger_orm.dialects.base import HttpResponse
from vtiger_orm.errors import VtigerError
from vtiger_orm.metadata.repair import repaired_describe, repaired_listtypes, repaired_relations
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session.limits import Limits, read_limits
from vtiger_orm.session.schema import PackageSchema
from vtiger_orm.testing.cassette import Cassette

SIZE: Final = 1_000_000
SECONDS: Final = 3.0
"""Of the processor, for one of them; the slowest take a tenth of it."""
ROOM: Final = 300_000_000
"""Bytes that parsing may take together; strings of Python's JSON are many times their text."""


def times(piece: bytes, around: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """As often as there is room for."""
    return around[0] + piece * (SIZE // len(piece)) + around[1]


LIST: Final = (b'{"success":true,"result":[', b"0]}")
KEYS: Final = b",".join(b'"k%d":{}' % number for number in range(SIZE // 12))
WORST: Final[dict[str, bytes]] = {
    "beginnings": times(b'{"success":'),
    "ends": times(b'{"success":true}'),
    "depth": times(b"["),
    "deep objects": times(b'{"a":'),
    "digits": times(b"9", (b'{"success":true,"result":', b"}")),
    "one text": times(b"x", (b'{"success":false,"error":{"message":"', b'"}}')),
    "escapes": times(rb"\ud800", (b'{"success":true,"result":"', b'"}')),
    "rows": times(b'{"id":"12x5","lastname":"x"},', LIST),
    "other rows": times(b"[],", LIST),
    "keys": b'{"success":true,"result":{' + KEYS + b"}}",
    "markup": times(b"<b>"),
    "open tags": times(b"<"),
    "blanks": times(b" "),
    "backslashes": times(b"\\", (b'{"success":"', b'"')),
    "conflict marks": times(b"<<<<<<< a\n"),
    "settings": times(b"[tool.vtiger-orm.profiles.a]\n")[:100_000],
    "dotted": b"[" + b".".join([b"a"] * 5000) + b"]",
    "no text": bytes(range(256)) * (SIZE // 256),
}

FIELD: Final = {"name": "cf_1", "label": "Same", "type": {"name": "string"}, "mandatory": False}
MANY: Final = [FIELD | {"name": f"cf_{number}"} for number in range(8000)]
CHOICES: Final = [{"label": "Same", "value": f"v{number}"} for number in range(20_000)]


def answers() -> Iterator[tuple[str, Callable[[], object]]]:
    asked: dict[str, calls.Call[Any]] = {
        "query": calls.Query("select id,lastname from Contacts;", "Contacts"),
        "describe": calls.Describe("Contacts"),
        "listtypes": calls.ListTypes(),
        "relatedtypes": calls.RelatedTypes("Contacts"),
        "create": calls.Create("Contacts", {"lastname": "x"}),
    }
    for dialect in ("webservice", "cloud", "restfulapi"):
        spoken: Any = dialect_named(dialect, "https://crm.test", PackageSchema(package))
        for operation, call in asked.items():
            if operation != "query" and dialect != "webservice":
                continue
            for kind, body in WORST.items():
                for status in (200, 500):
                    response = HttpResponse(status, body=body)
                    yield (
                        f"{dialect} {operation} {kind} {status}",
                        lambda spoken=spoken, call=call, response=response: spoken.result(  # type: ignore[misc]  # bound now
                            call, response
                        ),
                    )


def descriptions() -> Iterator[tuple[str, Callable[[], object]]]:
    types = {f"Module{number}": {"label": "Same", "isEntity": True} for number in range(8000)}
    related = [{"name": "Contacts", "label": "Same", "actions": "ADD"}] * 8000
    picklist = FIELD | {"type": {"name": "picklist", "picklistValues": CHOICES}}
    for name, fields in (("fields", MANY), ("same fields", [FIELD] * 8000), ("values", [picklist])):
        told = {"name": "Contacts", "label": "x", "idPrefix": "12", "fields": fields}
        yield f"describe {name}", lambda told=told: repaired_describe(told, "Contacts")  # type: ignore[misc]
    listed = {"types": list(types), "information": types}
    yield "listtypes", lambda: repaired_listtypes(listed)
    yield "relatedtypes", lambda: repaired_relations({"types": [], "information": related})
    yield "relatedtypes, listed", lambda: repaired_relations(related)


def headers() -> Iterator[tuple[str, Callable[[], object]]]:
    now = datetime.now(UTC)
    names = ("Retry-After", "X-FloodControl-Reset", "X-RateLimit-Remaining", "Date", "Set-Cookie")
    for text in ("9" * SIZE, "1" + "0" * 5000, "x, " * (SIZE // 3), "-" * SIZE, " " * SIZE):
        given = {name.lower(): text for name in names}
        yield f"headers {text[:3]}", lambda given=given: read_limits(given, now, Limits())  # type: ignore[misc]


def files(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    (folder / "modules").mkdir()
    for kind, content in WORST.items():
        for name in ("pyproject.toml", "names.lock", "instance.json"):
            (folder / name).write_bytes(content)
        yield f"settings {kind}", lambda: load_config(folder)
        yield f"lock {kind}", lambda: load_lock(folder / "names.lock")
        yield f"cassette {kind}", lambda: Cassette.load(folder / "names.lock")
        yield f"snapshot {kind}", lambda: Snapshot.load(folder)
    wrong = {"format": 1, "calls": [{"request": {}}] * 50_000}
    (folder / "names.lock").write_text(json.dumps(wrong))
    yield "cassette of calls", lambda: Cassette.load(folder / "names.lock")
    names = {
        "format": 1,
        "modules": {"Contacts": {"fields": {f"cf_{n}": "x" for n in range(40_000)}}},
    }
    (folder / "names.lock").write_text(json.dumps(names))
    yield "lock of fields", lambda: load_lock(folder / "names.lock")


def main() -> int:
    warnings.simplefilter("ignore")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    wrong, number = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for parsers in (answers(), descriptions(), headers(), files(Path(folder))):
            for what, parse in parsers:
                number += 1
                began = time.process_time()
                try:
                    with contextlib.suppress(VtigerError):
                        parse()
                except Exception as error:
                    wrong += 1
                    print(f"{what}: {error!r:.300}", flush=True)
                took = time.process_time() - began
                if took > SECONDS or "--all" in sys.argv:
                    wrong += took > SECONDS
                    print(f"{what}: {took:.2f} s", flush=True)
    print(f"{number} megabytes read: {wrong} wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
