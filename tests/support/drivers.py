"""The same call by blocking and by asynchronous code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from vtiger_orm.calls.operations import Call
from vtiger_orm.calls.plans import perform
from vtiger_orm.session import Session

Run: TypeAlias = Callable[[Session, Call[Any]], Any]


def run_sync(session: Session, call: Call[Any]) -> Any:
    return session.run(perform(call))


def run_async(session: Session, call: Call[Any]) -> Any:
    return asyncio.run(session.arun(perform(call)))
