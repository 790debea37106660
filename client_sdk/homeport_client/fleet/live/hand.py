"""One process of a fleet: drives its share of the phones, as it is told on standard input.

Whoever started it holds the other end of the pipe. When that closes, however they ended, this process ends too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import BinaryIO

from homeport_client.fleet.live.crew import OwnCrew
from homeport_client.fleet.live.words import HEAD_BYTES, Answer, Crash, Order, frame, length, noun
from homeport_client.fleet.sources import Sources

FAILED = 1


class Hand:
    """Obeys order after order, several at once. `told` is the pipe that it answers on."""

    def __init__(self, sources: Sources, told: BinaryIO) -> None:
        app, script = sources.load()
        self._crew = OwnCrew(app, script, self._crash)
        self._told = told
        self._turn = threading.Lock()
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, order: Order) -> None:
        """Begin with it."""
        task = asyncio.create_task(self._obey(order))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _obey(self, order: Order) -> None:
        """What fails here is the end of this process, and its last words."""
        try:
            result = await getattr(self._crew, order.verb)(*order.given)
            await asyncio.to_thread(self._say, Answer(number=order.number, result=result))
        except Exception:  # noqa: BLE001  # whatever it is, whoever started us tells it
            traceback.print_exc()
            _end(FAILED)

    def _crash(self) -> None:
        self._say(Crash())

    def _say(self, what: Answer | Crash) -> None:
        text = frame(what)
        with self._turn:
            self._told.write(text)
            self._told.flush()


async def work(orders: BinaryIO, told: BinaryIO) -> None:
    """Until nobody is left to give orders."""
    sources = noun(_read(orders))
    assert isinstance(sources, Sources)  # noqa: S101  # both ends are of one program
    hand = Hand(sources, told)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(orders, hand.take, loop), daemon=True).start()
    await asyncio.Event().wait()


def _listen(orders: BinaryIO, take: Callable[[Order], None], loop: asyncio.AbstractEventLoop) -> None:
    """In a thread of its own, so that the end is heard whatever the loop does."""
    while True:
        order = noun(_read(orders))
        assert isinstance(order, Order)  # noqa: S101  # as above
        loop.call_soon_threadsafe(take, order)


def _read(orders: BinaryIO) -> bytes:
    return _exactly(orders, length(_exactly(orders, HEAD_BYTES)))


def _exactly(orders: BinaryIO, count: int) -> bytes:
    """So many bytes; the end of the process if nobody is left who would send them."""
    text = orders.read(count)
    if len(text) < count:
        _end(0)
    return text


def _end(code: int) -> None:
    """At once: no phone has to be told."""
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """What an app or a script prints goes to standard error: the pipe is for answers alone."""
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(work(sys.stdin.buffer, told))


if __name__ == "__main__":
    main()
