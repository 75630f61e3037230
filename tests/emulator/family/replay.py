"""Recorded exchanges asked again: ids of the recording are translated, moments do not count."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.emulator.engine.conftest import Server
from vtiger_orm.emulator.engine import Crash, CrmError

Recorded = Callable[[str, str], Any]

_ID = re.compile(r"\d+x\d+")
_VOLATILE = frozenset({"cbuuid", "recordid", "lineitem_id", "lastModifiedTime", "_downloadurl"})
_UNIQUE = re.compile(r"[0-9a-f]{40}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class Replay:
    """One server, and what ids of the recorded one are called here."""

    def __init__(self, crm: Server) -> None:
        self.crm = crm
        self.ids: dict[str, str] = {}

    def seed(self, recorded: str, module: str, **element: Any) -> str:
        """A record that was there before the recording began."""
        made: str = self.crm.create(module, **element)["id"]
        self.ids[recorded] = made
        return made

    def own(self, value: Any) -> Any:
        """A recorded value with the ids of this server."""
        text = json.dumps(value, ensure_ascii=False)
        for recorded, own in self.ids.items():
            pattern = rf"(?<![\dx]){recorded}(?!\d)"
            text = re.sub(pattern, own, text)
            number = recorded.partition("x")[2]
            if len(number) > 3:  # bare numbers are long enough to be known as such
                bare = rf'(?<=["x ,]){number}(?=["x ,])'
                text = re.sub(bare, own.partition("x")[2], text)
        return json.loads(text)

    def ask(self, request: dict[str, Any]) -> tuple[int, Any]:
        """Status and envelope of the answer."""
        params = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in self.own(request).items()
        }
        operation = params.pop("operation")
        params.pop("sessionName", None)
        user = self.crm.engine.user(self.crm.user)
        assert user is not None
        try:
            answer = self.crm.engine.answer(user, operation, params)
        except CrmError as error:
            told = {"message": error.message, "code": error.code}
            return 200, {"success": False, "error": told, "moreinfo": None}
        except Crash:
            return 500, None
        whole = {"success": answer.success, "result": answer.result, "moreinfo": answer.moreinfo}
        return 200, json.loads(json.dumps(whole))

    def check(self, exchange: dict[str, Any], where: str = "") -> None:
        """The same request has the same answer; new ids are learned from it."""
        status, answer = self.ask(exchange["request"])
        assert status == exchange["status"], (where, exchange["request"], answer)
        self.same(answer, exchange["answer"], f"{where} {exchange['request']}"[:300])

    def same(self, got: Any, want: Any, where: str) -> None:
        """An answer is the recorded one."""
        if isinstance(want, dict):
            assert isinstance(got, dict), (where, got)
            got = {self._recorded_key(key): value for key, value in got.items()}
            for key, value in want.items():
                assert key in got, (where, key, list(got))
                if key not in _VOLATILE:
                    self.same(got[key], value, f"{where}/{key}")
            if len(want) < 8 and not any(key in want for key in ("id", "0")):
                assert set(got) == set(want), where
        elif isinstance(want, list):
            assert isinstance(got, list), (where, got)
            assert len(got) == len(want), (where, got)
            for position, (one, other) in enumerate(zip(got, want)):
                self.same(one, other, f"{where}/{position}")
        elif isinstance(want, str) and _ID.fullmatch(want) and want not in ("19x1", "0x0", "0x1"):
            assert isinstance(got, str), where
            assert self.ids.setdefault(want, got) == got, (where, want)
        elif isinstance(want, str) and _MOMENT.fullmatch(want):
            assert _MOMENT.fullmatch(str(got)), (where, got)
        elif isinstance(want, str) and _UNIQUE.fullmatch(want):
            assert _UNIQUE.fullmatch(str(got)), (where, got)
        else:
            assert got == self.own(want), where

    def _recorded_key(self, key: str) -> str:
        return next((recorded for recorded, own in self.ids.items() if own == key), key)


def play(replay: Replay, exchanges: list[dict[str, Any]], *skipped: int) -> None:
    for position, exchange in enumerate(exchanges):
        if position not in skipped:
            replay.check(exchange, str(position))
