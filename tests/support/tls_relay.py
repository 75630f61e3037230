"""TLS in front of a server that speaks none, as a proxy has it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def relayed(url: str, context: ssl.SSLContext) -> Iterator[int]:
    """The port of a TLS server that hands everything on to the one at `url`."""
    target = urlsplit(url)
    listening = socket.create_server(("localhost", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_join, args=(client,), daemon=True).start()

    def _join(client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            context.wrap_socket(client, server_side=True) as near,
            socket.create_connection((str(target.hostname), int(target.port or 0))) as far,
        ):
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join(1)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
