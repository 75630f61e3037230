"""Iterators that outlive the end of a budget: asked again, they go on where they stopped.

A generator is over once it raises. These yield the error, and what wraps them raises it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ..errors import ConfigError, LimitReached
from .gates import running_loop

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Resumable(Iterator[T], Generic[T]):
    """The items of a generator; its `LimitReached` are raised, and it is not over by them."""

    def __init__(self, items: Generator[T | LimitReached, None, None]) -> None:
        self._items = items

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        found = next(self._items)
        if isinstance(found, LimitReached):
            raise found
        return found

    def close(self) -> None:
        self._items.close()


class AsyncResumable(AsyncIterator[T], Generic[T]):
    """`Resumable` for `async for`.

    It stays in the event loop that began it. Another one could not wait for what is under way, and
    a loop that ends closes the generator, which would look like the end of the items.
    """

    def __init__(self, items: AsyncGenerator[T | LimitReached, None]) -> None:
        self._items = items
        self._loop: asyncio.AbstractEventLoop | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        loop = running_loop()
        if self._loop is None:
            self._loop = loop
        elif loop is not self._loop:
            raise ConfigError(
                "This iterator was begun in another event loop, and cannot go on in this one: "
                "begin it anew here. Sessions and querysets work in all loops."
            )
        found = await anext(self._items)
        if isinstance(found, LimitReached):
            raise found
        return found

    async def aclose(self) -> None:
        await self._items.aclose()
