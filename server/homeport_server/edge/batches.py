"""Questions that are asked in one turn of the event loop, asked of the store at once.

A page of a hundred records whose parents are wanted asks a hundred times for one record: that is one statement here.
Nothing is kept when it is answered: an answer is no older than the question, on a socket that lives for days too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Load: TypeAlias = Callable[[Sequence[Any]], Awaitable[Mapping[Any, Any]]]
_Waiting: TypeAlias = dict[Any, list[asyncio.Future[Any]]]


class Batches:
    """The open questions of one caller. What is asked `of` the same, by key, goes together."""

    __slots__ = ("_open", "_sending")

    def __init__(self) -> None:
        self._open: dict[Hashable, _Waiting] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def ask(self, of: Hashable, key: Hashable, load: Load, *, keys_max: int) -> asyncio.Future[Any]:
        """What `load` answers for the key, None if nothing. It is called with at most `keys_max` keys, each once.

        Each who asks waits for a future of their own: one that is cancelled takes the answer from nobody else.
        """
        waiting = self._open.get(of)
        loop = asyncio.get_running_loop()
        if waiting is None:
            waiting = self._open[of] = {}
            loop.call_soon(self._send, loop, of, waiting, load)
        asked = loop.create_future()
        if (known := waiting.get(key)) is not None:
            known.append(asked)
            return asked
        waiting[key] = [asked]
        if len(waiting) >= keys_max:  # it is sent as it was to be; who comes next begins another
            del self._open[of]
        return asked

    def _send(self, loop: asyncio.AbstractEventLoop, of: Hashable, waiting: _Waiting, load: Load) -> None:
        if self._open.get(of) is waiting:
            del self._open[of]
        sending = loop.create_task(_answer(waiting, load))
        self._sending.add(sending)  # a loop keeps no task alive
        sending.add_done_callback(self._sending.discard)


async def _answer(waiting: _Waiting, load: Load) -> None:
    try:
        found = await load(list(waiting))
    except Exception as error:  # noqa: BLE001  # each who asked is told, as if they had asked alone
        for each in _undone(waiting.values()):
            each.set_exception(error)
        return
    for key, asked in waiting.items():
        for each in _undone([asked]):
            each.set_result(found.get(key))


def _undone(asked: Iterable[Iterable[asyncio.Future[Any]]]) -> Iterator[asyncio.Future[Any]]:
    return (each for of_one in asked for each in of_one if not each.done())
