"""Work for processes that are spawned: they import this file and little else."""

from __future__ import annotations

from multiprocessing.queues import Queue

from vtiger_orm.session.budget import FilePurse


def spend(file: str, results: Queue[int]) -> None:
    """Take from a file's budget of 50 calls, and tell how many were to be had."""
    purse = FilePurse({"minute": 50}, file, "crm.test")
    results.put(sum(1 for _ in range(40) if purse.take(1_000_000.0) <= 0))


def count_contacts(url: str, username: str, access_key: str, counted: Queue[int]) -> None:
    """Open a session here, and tell how many contacts there are."""
    from generated.demo import Contacts, connect

    with connect(url, username, access_key):
        counted.put(Contacts.objects.count())
