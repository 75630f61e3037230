"""Programs that are killed in the middle of their work."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from threading import Timer

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.calls import CallRecord


def killed(
    crm: Crm,
    command: Sequence[str],
    call: int,
    *,
    later: float = 0.0,
    environment: Mapping[str, str] | None = None,
) -> bool:
    """Run a program until the CRM has answered so many calls of it, logins included, and kill it
    without a word so many seconds `later`. Whether it was still at work then."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    answered = 0

    def count(_: CallRecord) -> None:
        nonlocal answered
        answered += 1
        if answered == call:
            Timer(later, process.kill).start()

    crm.listeners.append(count)
    try:
        return process.wait() < 0
    finally:
        crm.listeners.remove(count)
