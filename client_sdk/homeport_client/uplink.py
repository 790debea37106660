"""The HTTP connections of a process, for as many devices as are given it.

A device alone keeps one connection for itself. Thousands in one process would keep thousands, and with each poll open
another one; with an uplink they take turns on a few:

    async with Uplink() as uplink:
        transport = HttpTransport("https://…", token, uplink=uplink)
        phone = await Device.open(app=app, transport=transport)

What a device sends and gets is the same. Nothing passes from one to another: each sends its own token, and no cookies
are kept. An uplink is for one event loop; close the devices first, then it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from homeport_client.limits import UPLINK_LIMITS, UplinkLimits
from homeport_client.tls import tls_context

if TYPE_CHECKING:
    from httpx2 import AsyncClient


class Uplink:
    """At most `limits.connections_max` connections; who finds none free waits for its turn."""

    def __init__(self, limits: UplinkLimits = UPLINK_LIMITS) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.connections_max)
        self._client: AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def turn(self, wait_s: float) -> AsyncIterator[AsyncClient]:
        """One request's turn with what sends requests. Raises `TimeoutError` if it does not come within `wait_s`.

        The queue is here and not in httpx2: who waits holds no request yet, which is what weighs.
        """
        async with asyncio.timeout(wait_s):
            await self._turns.acquire()
        try:
            yield self._connected()
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Lets go of all connections; harmless when there are none."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> AsyncClient:
        if self._client is None:
            # Imported late: it takes longer than all the rest of a start without a network.
            from http.cookiejar import CookieJar, DefaultCookiePolicy

            import httpx2

            self._client = httpx2.AsyncClient(
                verify=tls_context(),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx2.Limits(
                    max_connections=self._limits.connections_max,
                    max_keepalive_connections=self._limits.kept_max,
                ),
            )
        return self._client
