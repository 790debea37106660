"""Poke at the edge: a subscription as a listener of the hub, in two ways that a client cannot tell apart.

`stream` is a resolver's: any document that asks for `poke` runs through Strawberry. `FastPoke` is for the documents
our devices send, now and in older apps: it keeps Strawberry's protocol and sends a ready frame, at a sixth of the CPU.
Both are level-triggered: pokes that come while one is being written become one, so a stalled client costs nobody
anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping, MutableMapping
from functools import partial
from typing import Any, TypeAlias

import msgspec
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from websockets.frames import Frame, Opcode

from homeport_server.edge.context import Call
from homeport_sync.wire import POKE, POKE_OF_ALL, PokeMessage, check_device

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Coroutine[Any, Any, None]]
WriteFrame: TypeAlias = Callable[[bytes], bool]
WRITE_FRAME = "homeport.write_frame"  # where our server offers it in the scope's extensions
POKED: Mapping[str, object] = {"poke": True}
_json = msgspec.json.Encoder().encode


class _Told:
    """A listener that keeps one poke until somebody takes it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def poke(self) -> None:
        self._event.set()

    async def taken(self) -> None:
        await self._event.wait()
        self._event.clear()


async def stream(call: Call, device: str | None) -> AsyncIterator[bool]:
    """true, at once and whenever the caller has more to pull than what `device` changed. Raises `Malformed`."""
    if device is not None:
        check_device(device)
    told, caller = _Told(), call.caller
    await call.rooms.pokes.join(caller.tenant, caller.user, told, device)
    try:
        while True:
            await told.taken()
            yield True
    finally:
        call.rooms.pokes.leave(caller.tenant, caller.user, told)


def fast_message(query: str, variables: Mapping[str, object] | None) -> PokeMessage | None:
    """What a document of our devices asks for. None: it is none, or the executor must judge its variables."""
    if query == POKE_OF_ALL:
        return PokeMessage()
    if query != POKE:
        return None
    try:
        return msgspec.convert(variables or {}, PokeMessage)
    except msgspec.ValidationError:
        return None


class FastPoke(Operation[Call, None]):
    """One running poke subscription of a socket: a listener that writes its own, ready frame: always the same `data`.

    `write` puts the frame straight on the wire (None: this server cannot); else `send` takes it the ordinary way, at
    another 3 µs. `task` is set only while the client is too slow to take a frame at once.
    """

    __slots__ = ("_again", "_frame", "_message", "_send", "_write", "call")

    def __init__(
        self,
        handler: BaseGraphQLTransportWSHandler[Call, None],
        id: str,
        query: str,
        *,
        call: Call,
        send: Send,
        write: WriteFrame | None,
        data: Mapping[str, object] = POKED,
    ) -> None:
        super().__init__(handler, id, query, None, None)
        self.call = call
        self._send = send
        self._write = write
        self._again = False
        text = _json({"id": id, "type": "next", "payload": {"data": data}})
        self._message = {"type": "websocket.send", "text": text.decode()}
        self._frame = Frame(Opcode.TEXT, text).serialize(mask=False)

    def poke(self) -> None:
        """Write the frame: at once if the socket takes it, else as soon as it does."""
        if self.completed:
            return
        if self.task is not None:
            self._again = True
            return
        if self._write is not None and self._write(self._frame):
            return
        sending = self._send(self._message)
        try:
            # Run up to where it waits, without a task: the server writes synchronously while the socket has room.
            waits_for = sending.send(None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  # the socket is closing, and its own reader ends the subscription
            self.stop()
            return
        self.task = asyncio.get_running_loop().create_task(self._finish(_Resumed(sending, waits_for)))

    def stop(self) -> None:
        """Never write again."""
        self.completed = True
        caller = self.call.caller
        self.call.rooms.pokes.leave(caller.tenant, caller.user, self)
        if self.task is not None:
            self.task.cancel()

    async def _finish(self, sending: _Resumed) -> None:
        try:
            await sending
        except Exception:  # noqa: BLE001  # as above
            self.task = None
            self.stop()
            return
        self.task = None
        if self._again:
            self._again = False
            self.poke()


class _Resumed:
    """A coroutine that was started by hand and now waits for a future: a task can await the rest of it."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: object) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        while True:
            try:
                sent = yield self._waits_for
            except BaseException as thrown:  # noqa: BLE001  # what the task throws in is the coroutine's to answer
                go_on: Callable[[], object] = partial(self._coroutine.throw, thrown)
            else:
                go_on = partial(self._coroutine.send, sent)
            try:
                self._waits_for = go_on()
            except StopIteration:
                return
