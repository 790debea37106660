"""A transport over HTTP/2: a few connections to one origin, which share whatever waits.

Connections come with need, up to a limit: another is opened when something waits and all that are open are full. Where
nobody can be reached, what waits is told so at once, and the next try comes later, by chance not when everybody else's
does. Batches take turns, so one post does not wait behind five hundred.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final
from urllib.parse import urlsplit

from homeport_notify.answer import Answer
from homeport_notify.http2 import limits
from homeport_notify.http2.batch import Batch
from homeport_notify.http2.connection import Connection
from homeport_notify.http2.conversation import Conversation
from homeport_notify.http2.head import HeadReader
from homeport_notify.transport import CLOSED, OUT_OF_TIME, Head, Post, Replied, no_connection

_PORTS: Final = {"https": 443, "http": 80}


def secure_context(cafile: str | None = None) -> ssl.SSLContext:
    """TLS that checks who is there, and offers HTTP/2."""
    context = ssl.create_default_context(cafile=cafile)
    context.set_alpn_protocols(["h2"])
    return context


class Sender:
    """`origin` is such as `https://fcm.googleapis.com`; `http://` is HTTP/2 in clear from the first byte (prior
    knowledge), for emulators. `answer_s` is how long a request waits for its answer, at least 10 s with a provider."""

    def __init__(
        self,
        origin: str,
        *,
        context: ssl.SSLContext | None = None,
        connections_max: int = limits.CONNECTIONS_MAX,
        answer_s: float = limits.ANSWER_S,
        random: Random | None = None,
    ) -> None:
        split = urlsplit(origin)
        if split.scheme not in _PORTS or not split.hostname or split.path not in {"", "/"}:
            raise ValueError(f"The origin is {origin!r}; expected one such as https://fcm.googleapis.com.")
        self._scheme, self._host, self._authority = split.scheme, split.hostname, split.netloc
        self._port = split.port or _PORTS[split.scheme]
        self._context = (context or secure_context()) if split.scheme == "https" else None
        self._connections_max = connections_max
        self._answer_s = answer_s
        self._random = random or Random()
        self._reply_heads = HeadReader()
        self._waiting: deque[Batch] = deque()
        self._connections: dict[Connection, None] = {}  # those that take more, oldest first
        self._leaving: set[Connection] = set()
        self._dialing: asyncio.Task[None] | None = None
        self._failures = 0
        self._not_before_s = 0.0
        self._closed = False

    async def post(self, head: Head, posts: Sequence[Post], replied: Replied, *, until_s: float) -> None:
        """As `Transport` says."""
        if too_long := [post for post in posts if len(post.body) > limits.REQUEST_BYTES_MAX]:
            raise ValueError(f"A body has {len(too_long[0].body):,} bytes; {limits.REQUEST_BYTES_MAX:,} at most.")
        loop = asyncio.get_running_loop()
        batch = Batch(head, posts, replied, loop.create_future())
        if self._closed or until_s <= loop.time():
            batch.give_up(CLOSED if self._closed else OUT_OF_TIME)
            return await batch.done
        self._waiting.append(batch)
        timer = loop.call_at(until_s, self._give_up, batch, OUT_OF_TIME)
        try:
            self._pump()
            await asyncio.shield(batch.done)
        except asyncio.CancelledError:
            batch.give_up(OUT_OF_TIME)  # what waits; the rest may have been sent
            batch.done.cancel()
            raise
        finally:
            timer.cancel()
            self._forget(batch)

    async def close(self) -> None:
        """As `Transport` says."""
        self._closed = True
        if self._dialing is not None:
            self._dialing.cancel()
            await asyncio.wait([self._dialing])
        for batch in tuple(self._waiting):
            self._give_up(batch, CLOSED)
        for connection in (*self._connections, *self._leaving):
            connection.close()
        await asyncio.sleep(0)  # lets those sockets go that have nothing left to write

    # What waits.

    def _give_up(self, batch: Batch, answer: Answer) -> None:
        self._forget(batch)
        batch.give_up(answer)

    def _forget(self, batch: Batch) -> None:
        if batch in self._waiting:
            self._waiting.remove(batch)

    def _pump(self) -> None:
        """Give what waits to whoever has room."""
        for connection in tuple(self._connections):
            if not self._waiting:
                return
            self._fill(connection)
        self._grow()

    def _fill(self, connection: Connection) -> None:
        waiting = self._waiting
        while waiting and (room := connection.room) > 0:
            batch = waiting[0]
            begun = connection.send(batch, min(room, limits.SHARE))
            if batch.started:
                waiting.popleft()
            elif begun:
                waiting.rotate(-1)
            else:
                break
        connection.flush()

    # Connections.

    def roomy(self, connection: Connection) -> None:
        """A connection may have room."""
        if connection.conversation.useful:
            self._failures = 0
        if self._waiting and connection in self._connections:
            self._fill(connection)
            self._grow()

    def over(self, connection: Connection) -> None:
        """A connection takes nothing new: what waits needs another."""
        if self._connections.pop(connection, self) is not self:
            self._leaving.add(connection)
            if not connection.conversation.useful:
                self._failed()
        if not connection.conversation.busy:
            self._leaving.discard(connection)
        self._grow()

    def _grow(self) -> None:
        full = len(self._connections) >= self._connections_max
        if self._waiting and self._dialing is None and not full and not self._closed:
            self._dialing = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        """Open one connection more. Where it fails and none is left, what waits has its answer."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(max(0.0, self._not_before_s - loop.time()))
            async with asyncio.timeout(limits.CONNECT_S):
                connection = await self._connect(loop)
        except OSError as error:
            self._failed()
            if not self._connections:
                answer = no_connection(
                    f"Nobody could be reached at {self._host}:{self._port}: {str(error) or 'no answer'}."
                )
                for batch in tuple(self._waiting):
                    self._give_up(batch, answer)
        else:
            self._connections[connection] = None
        finally:
            self._dialing = None
        self._pump()

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> Connection:
        conversation = Conversation(self._scheme, self._authority, self._reply_heads)
        made = Connection(conversation, self, secure=self._context is not None, answer_s=self._answer_s)
        try:
            await loop.create_connection(lambda: made, self._host, self._port, ssl=self._context)
            await made.ready
            if not made.alive:
                raise ConnectionError("the server closed the connection at once")
        except BaseException:
            made.close()
            raise
        return made

    def _failed(self) -> None:
        """The next try comes later, the longer the more failed one after another."""
        self._failures += 1
        pause_s = min(limits.RECONNECT_FIRST_S * 2.0 ** min(self._failures, 16), limits.RECONNECT_LONGEST_S)
        self._not_before_s = asyncio.get_running_loop().time() + pause_s * self._random.uniform(0.25, 1.0)
