"""A request's body: read to its end within limits, and counted while it arrives.

One that came whole with its head, as nearly all do, costs nothing here. One that arrives in pieces holds memory for as
long as its sender likes: so only so many may, half of them one tenant's, and each for so long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Message, Receive

from homeport_server.edge.admission import Admission
from homeport_server.errors import BodyTooLarge, BodyTooSlow


class Bodies:
    """Reads bodies of `bytes_max` bytes at most. Those in pieces are counted by `arriving`, each for `within_s`
    seconds at most."""

    def __init__(self, arriving: Admission, *, bytes_max: int, within_s: float) -> None:
        self._arriving = arriving
        self._bytes_max = bytes_max
        self._within_s = within_s

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes], tenant: str) -> bytes | None:
        """The body; None if the client went away.

        Raises `BodyTooLarge`, as early as that can be known, `Overloaded` if too many arrive, and `BodyTooSlow`.
        """
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._bytes_max:
            raise self._too_large()
        first = await receive()  # until it comes a client holds no more here than an idle connection does
        if first["type"] == "http.disconnect":
            return None
        if first.get("more_body", False):
            return await self._rest(first, receive, tenant)
        body: bytes = first.get("body", b"")
        if len(body) > self._bytes_max:
            raise self._too_large()
        return body

    async def _rest(self, first: Message, receive: Receive, tenant: str) -> bytes | None:
        self._arriving.enter(tenant)
        try:
            async with asyncio.timeout(self._within_s):
                return await self._joined(first, receive)
        except TimeoutError:
            raise BodyTooSlow(
                f"The body did not arrive within {self._within_s:g} s: send the same again, or less at once."
            ) from None
        finally:
            self._arriving.leave(tenant)

    async def _joined(self, message: Message, receive: Receive) -> bytes | None:
        parts: list[bytes] = [message.get("body", b"")]
        size = len(parts[0])
        while message.get("more_body", False) and size <= self._bytes_max:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        if size > self._bytes_max:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        most = self._bytes_max
        return BodyTooLarge(f"The body is over {most:,} bytes: send the changes in smaller parts.", limit=most)
