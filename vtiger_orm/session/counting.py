"""How many requests were sent: `Session.count_calls`."""

from __future__ import annotations

from collections import Counter


class CallCount:
    """What was sent while the block of `Session.count_calls` was open.

    `count` are the requests of calls, repetitions included; logins are counted apart.
    """

    def __init__(self) -> None:
        self.count = 0
        self.logins = 0
        """Requests that were needed to log in (a challenge login takes two)."""
        self.operations: Counter[str] = Counter()
        """Requests by operation (``query``, ``revise``)."""

    def __len__(self) -> int:
        return self.count

    def __int__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        each = ", ".join(f"{name} {number}" for name, number in sorted(self.operations.items()))
        return f"<{self.count} calls{f': {each}' if each else ''}>"


def count_request(counter: CallCount, operation: str, *, login: bool) -> None:
    """One more request was sent."""
    if login:
        counter.logins += 1
    else:
        counter.count += 1
        counter.operations[operation] += 1
