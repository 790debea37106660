"""The real transport: GraphQL over HTTP for push and pull, a `graphql-transport-ws` socket for pokes.

A phone's network is full of things that answer in the server's place: captive portals, proxies that are full, bodies
that end in the middle. Whatever is not an answer of ours is `Unreachable`, and the same is sent again.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from homeport_client.envelope import (
    ask_request,
    pull_request,
    push_request,
    read_ask,
    read_pull,
    read_push,
    read_tell,
    tell_request,
)
from homeport_client.errors import Refused, Unreachable
from homeport_client.limits import ALONE, DEVICE_LIMITS, DeviceLimits
from homeport_client.poke_stream import poke_stream
from homeport_client.transport import GoAway
from homeport_client.uplink import Uplink
from homeport_sync.introduction import HEADER, NOTHING_SAID, Introduction
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

PATH = "/api/v1/graphql"


class _ClosedUnderUs(Unreachable):
    """A connection that was kept from before was closed before any of the answer came: send the same again."""


class HttpTransport:
    """A `Transport` to the server at `server_url` (http or https, without a path). Without a token it is refused.

    Its requests go by `uplink`, if several devices share one; else it has connections of its own.
    Raises `ValueError` for a URL of another kind.
    """

    def __init__(
        self,
        server_url: str,
        token: str | None = None,
        limits: DeviceLimits = DEVICE_LIMITS,
        *,
        uplink: Uplink | None = None,
    ) -> None:
        parts = urlsplit(server_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"The server is {server_url!r}; expected a URL such as https://sync.example.com.")
        self._url = server_url.rstrip("/") + PATH
        self._token = token
        self._limits = limits
        self._shared = uplink is not None
        self._uplink = uplink or Uplink(ALONE)
        self._says: Callable[[], Introduction] = lambda: NOTHING_SAID

    def introduce(self, says: Callable[[], Introduction]) -> None:
        """Says what the device is with each push and pull; see `Introduces`."""
        self._says = says

    async def push(self, message: PushMessage) -> PushAnswer:
        """Sends changes; see `Transport.push`."""
        return read_push(self._url, *await self._ask(push_request(message), self._says().text()))

    async def pull(self, message: PullMessage) -> Page:
        """The next page; see `Transport.pull`."""
        return read_pull(self._url, *await self._ask(pull_request(message), self._says().text()))

    def pokes(self, device: str) -> AbstractAsyncContextManager[AsyncIterator[GoAway | None]]:
        """A socket for pokes; see `Transport.pokes`."""
        url = "ws" + self._url.removeprefix("http")
        return poke_stream(url, self._bearer(), device, self._limits)

    async def tell(self, telling: Telling) -> None:
        """Tells something about notifications; see `Transport.tell`."""
        read_tell(self._url, *await self._ask(tell_request(telling)))

    async def ask(self, document: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        """The `data` of any other GraphQL operation, which has to be one that may be sent again. Raises as `push`."""
        return read_ask(self._url, *await self._ask(ask_request(document, variables)))

    def renew(self, token: str) -> None:
        """Uses another token from the next call on."""
        self._token = token

    async def close(self) -> None:
        """Lets go of its own connections."""
        if not self._shared:
            await self._uplink.close()

    async def _ask(self, body: bytes, introduction: str = "") -> tuple[int, bytes]:
        import httpx2

        try:
            return await self._post(body, introduction)
        except (httpx2.TransportError, httpx2.DecodingError, TimeoutError) as error:
            raise Unreachable(f"{self._url} did not answer ({type(error).__name__}: {error}): try again.") from error

    async def _post(self, body: bytes, introduction: str) -> tuple[int, bytes]:
        async with self._uplink.turn(self._limits.answer_s) as client:
            headers = {
                "authorization": self._bearer(),
                "content-type": "application/json",
                "x-request-id": str(uuid.uuid4()),
            }
            if introduction:
                headers[HEADER] = introduction
            response = await self._send_again(client, body, headers)
            try:
                return response.status_code, await self._read(response)
            finally:
                await response.aclose()

    async def _send_again(self, client: AsyncClient, body: bytes, headers: dict[str, str]) -> Response:
        """The head of an answer, whatever became of connections that were kept.

        The server closed one it had kept, as it may at any moment, while this was on its way: it may have read it or
        not. It is sent again at once; that is safe, because a change is taken in exactly once however often it is sent
        (I2), a pull changes nothing, and what is told may be told twice. What fails on a fresh connection is trouble,
        and trouble waits; so does what fails on one kept connection after the other.
        """
        for _ in range(self._limits.resends_max):
            with suppress(_ClosedUnderUs):
                return await self._send(client, body, headers)
        return await self._send(client, body, headers)

    async def _send(self, client: AsyncClient, body: bytes, headers: dict[str, str]) -> Response:
        """The head of an answer. Raises `_ClosedUnderUs` if a connection that was kept failed before any of it."""
        import httpx2

        kept = True

        async def trace(event: str, _info: object) -> None:
            nonlocal kept
            kept = kept and event != "connection.connect_tcp.started"

        request = client.build_request(
            "POST",
            self._url,
            content=body,
            headers=headers,
            timeout=httpx2.Timeout(self._limits.answer_s, connect=self._limits.connect_s),
            extensions={"trace": trace},
        )
        try:
            return await client.send(request, stream=True)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError) as error:
            if kept:
                raise _ClosedUnderUs(str(error)) from error
            raise

    async def _read(self, response: Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > self._limits.answer_bytes_max:
                raise Unreachable(f"{self._url} answered with more than {self._limits.answer_bytes_max:,} bytes.")
        return b"".join(parts)

    def _bearer(self) -> str:
        if self._token is None:
            raise Refused("The device has no token: give it one with renew().")
        return f"Bearer {self._token}"
