"""The body of an answer as it comes: bounded in time and size, and one layer of gzip.

httpx would undo as many layers as a header names, with no bound: ten thousand bytes become
gigabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from ..errors import MalformedAnswer
from .exchange import Exchange

ENCODING: Final = "gzip"
"""What is asked for, and the only thing that is taken beside the bytes as they are."""

_PAGE_BYTES: Final = 64 << 20
"""Unpacked. A page of a hundred records with long texts has one or two million."""
_DOWNLOAD_BYTES: Final = 1 << 30
"""Files come in base64, in one answer."""
_DOWNLOADS: Final = frozenset({"files_retrieve"})


class Body:
    """Collects the bytes of one answer. Raises `MalformedAnswer` or `Timeout`."""

    def __init__(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._what = exchange.what
        self._most = _DOWNLOAD_BYTES if self._what in _DOWNLOADS else _PAGE_BYTES
        self._chunks: list[bytes] = []
        self._size = 0
        self._packed = self._is_packed(headers.get("content-encoding", ""))
        self._decoder: Any = None

    def add(self, chunk: bytes) -> None:
        if self._packed:
            self._unpack(chunk)
        else:
            self._keep(chunk)
        self._exchange.check()

    def content(self) -> bytes:
        """All of it, once no more bytes come."""
        if self._decoder is not None and not self._decoder.eof:
            raise MalformedAnswer(f"{self._what}: the answer was cut off: its gzip has no end.")
        return b"".join(self._chunks)

    def _is_packed(self, encoding: str) -> bool:
        layers = [each.strip().lower() for each in encoding.split(",")]
        layers = [each for each in layers if each not in ("", "identity")]
        if not layers:
            return False
        if layers in ([ENCODING], ["x-gzip"]):
            return True
        shown = encoding if len(encoding) <= 40 else encoding[:37] + "..."
        raise MalformedAnswer(
            f"{self._what}: the answer is packed as {shown!r}; it was asked for as {ENCODING}, in "
            "one layer. Something between here and the CRM packs what it should not."
        )

    def _unpack(self, chunk: bytes) -> None:
        while chunk:
            if self._decoder is None or self._decoder.eof:  # a gzip may have several members
                self._decoder = zlib.decompressobj(wbits=31)
            try:
                self._keep(self._decoder.decompress(chunk, self._most - self._size + 1))
            except zlib.error as error:
                raise MalformedAnswer(
                    f"{self._what}: the answer cannot be decompressed: {error}."
                ) from None
            chunk = self._decoder.unconsumed_tail or self._decoder.unused_data

    def _keep(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._most:
            raise MalformedAnswer(
                f"{self._what}: the answer has more than {self._most:,} bytes, and there was no "
                "end to it. Where records really are that large, read fewer fields (only()) or "
                "shorter pages (Session(page_size=...))."
            )
        self._chunks.append(chunk)
