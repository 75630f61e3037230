"""A SOCKS5 proxy in a thread: it connects to wherever it is told, and counts."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class SocksServer:
    """Takes anybody, or `user` and `password` where they are given (RFC 1928, RFC 1929)."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self._login = (user.encode(), password.encode()) if user else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.asked: list[tuple[str, int]] = []
        """Where it was told to connect to."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(20)
        with client, suppress(OSError, struct.error):
            if not self._let_in(client):
                return
            _, _, _, kind = _exactly(client, 4)
            if kind == 1:
                host = socket.inet_ntoa(_exactly(client, 4))
            else:
                host = _exactly(client, _exactly(client, 1)[0]).decode("idna")
            (port,) = struct.unpack("!H", _exactly(client, 2))
            self.asked.append((host, port))
            # As the one proxy of a network that knows no names but its own.
            with socket.create_connection(("127.0.0.1", port), timeout=20) as there:
                client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                back = threading.Thread(target=_carry, args=[there, client], daemon=True)
                back.start()
                _carry(client, there)
                back.join(20)

    def _let_in(self, client: socket.socket) -> bool:
        _, methods = _exactly(client, 2)
        offered = _exactly(client, methods)
        wanted = 2 if self._login else 0
        if wanted not in offered:
            client.sendall(b"\x05\xff")
            return False
        client.sendall(bytes([5, wanted]))
        if self._login is None:
            return True
        _exactly(client, 1)
        user = _exactly(client, _exactly(client, 1)[0])
        password = _exactly(client, _exactly(client, 1)[0])
        good = (user, password) == self._login
        client.sendall(b"\x01\x00" if good else b"\x01\x01")
        return good


def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise OSError("the client has gone")
        data += piece
    return data


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
