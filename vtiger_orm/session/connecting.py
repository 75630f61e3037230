"""Connections made within a deadline, whatever the resolver and the addresses of a host do.

`getaddrinfo` knows no timeout, so it is asked in a thread that nobody waits for longer than is
left. Where a host has several addresses, the next one is tried beside those that have not answered
soon (RFC 8305): a dead first one costs a quarter of a second.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias

_STAGGER_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 0.05
"""How often `check` is asked, and whether the next address is due."""

Address: TypeAlias = "tuple[int, int, int, str, Any]"
"""As `socket.getaddrinfo` tells it."""

SocketOption: TypeAlias = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


def _set(made: socket.socket, option: SocketOption) -> None:
    if option[2] is None:
        made.setsockopt(option[0], option[1], None, option[3])
    else:
        made.setsockopt(option[0], option[1], option[2])


def connect(
    host: str,
    port: int,
    seconds: float | None,
    check: Callable[[], None],
    local_address: str | None = None,
    options: Iterable[SocketOption] = (),
) -> socket.socket:
    """A blocking socket. Raises `TimeoutError`, `OSError`, and what `check` raises."""
    until = float("inf") if seconds is None else time.monotonic() + seconds
    found = addresses(host, port, until, check)
    made = _first(found, until, check, local_address)
    try:
        for option in options:
            _set(made, option)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made


def addresses(host: str, port: int, until: float, check: Callable[[], None]) -> list[Address]:
    """All of a host's, families alternating. Raises `TimeoutError` or `socket.gaierror`."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _alternating(_in_time(host, port, until, check))
    return _resolved(host, port)


def _resolved(host: str, port: int) -> list[Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _in_time(host: str, port: int, until: float, check: Callable[[], None]) -> list[Address]:
    told: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            told.put(_resolved(host, port))
        except Exception as error:
            told.put(error)

    threading.Thread(target=ask, name=f"resolving {host}", daemon=True).start()
    while (left := until - time.monotonic()) > 0:
        try:
            answer = told.get(timeout=min(left, _LOOK_SECONDS))
        except Empty:
            check()
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer
    raise TimeoutError(f"the name {host} was not resolved in time")


def _alternating(found: list[Address]) -> list[Address]:
    families = list(dict.fromkeys(family for family, *_ in found))
    queues = [[each for each in found if each[0] == family] for family in families]
    longest = max(map(len, queues), default=0)
    return [queue[at] for at in range(longest) for queue in queues if at < len(queue)]


def _first(
    found: list[Address], until: float, check: Callable[[], None], local_address: str | None
) -> socket.socket:
    """The connection to whichever address takes it first. Raises the last one's error."""
    waiting, failure = list(found), OSError("the host has no address")
    begun: list[socket.socket] = []
    next_at = 0.0
    try:
        while waiting or begun:
            check()
            now = time.monotonic()
            if now >= until:
                raise TimeoutError("no connection was made in time")
            if waiting and (now >= next_at or not begun):
                next_at = now + _STAGGER_SECONDS
                try:
                    begun.append(_begun(waiting.pop(0), local_address))
                except OSError as error:
                    failure = error
                    continue
            for each in _decided(begun, min(until - now, _LOOK_SECONDS)):
                begun.remove(each)
                code = each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code == 0:
                    each.setblocking(True)
                    return each
                each.close()
                failure = OSError(code, os.strerror(code))
                next_at = 0.0
    finally:
        for each in begun:
            each.close()
    raise failure


def _decided(begun: list[socket.socket], seconds: float) -> list[socket.socket]:
    """Which of them are connected, or have failed."""
    with selectors.DefaultSelector() as selector:
        for each in begun:
            selector.register(each, selectors.EVENT_WRITE)
        ready = selector.select(max(0.0, seconds))
    return [each for each in begun if any(key.fileobj is each for key, _ in ready)]


def _begun(address: Address, local_address: str | None) -> socket.socket:
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        if local_address is not None:
            made.bind((local_address, 0))
        code = made.connect_ex(place)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
    except BaseException:
        made.close()
        raise
    return made
