"""Bars of bulk writes."""

from __future__ import annotations

import io
import sys
import types

import pytest

from generated.demo import Contacts
from vtiger_orm import Session
from vtiger_orm.notebooks import bar


def test_a_bar_shows_how_far_a_bulk_write_is(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    out = io.StringIO()
    rows = [Contacts(lastname=f"Bar {number}") for number in range(3)]
    Contacts.objects.bulk_create(rows, progress=bar("contacts", out=out))
    assert out.getvalue().endswith("\rcontacts: 3 of 3\n")


def test_tqdm_draws_it_where_it_is_installed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tqdm:
        drawn: list[int] = []

        def __init__(self, total: int, desc: str) -> None:
            self.n = 0

        def update(self, by: int) -> None:
            self.n += by
            self.drawn.append(self.n)

        def close(self) -> None:
            self.drawn.append(-1)

    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Tqdm))
    Contacts.objects.bulk_create([Contacts(lastname="Bar")], progress=bar())
    assert Tqdm.drawn[-2:] == [1, -1]
