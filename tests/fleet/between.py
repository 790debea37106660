"""A proxy between a test and the far end: started and stopped, spoken through in bytes, in a time of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from homeport_client.fleet.live.process import until
from homeport_client.fleet.networks import PERFECT, Network
from homeport_client.fleet.proxy.limits import PROXY_LIMITS, ProxyLimits
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.seed import Seed
from tests.fleet.far_end import LONG_S, chunked

INSTANT = replace(PERFECT, delay_s=(0.0, 0.0))
BODY = b"0123456789" * 500


class Clock:
    """The network's time: every sleep is noted, and over at once, but for those of at least `holds_s` seconds.

    These are over when `ring` says so.
    """

    def __init__(self, holds_s: float = float("inf")) -> None:
        self.slept: list[float] = []
        self._now_s = 0.0
        self._holds_s = holds_s
        self._held: list[asyncio.Event] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        due_s = self._now_s + seconds
        if seconds < self._holds_s:
            await asyncio.sleep(0)
        else:
            self._held.append(told := asyncio.Event())
            await told.wait()
        self._now_s = max(self._now_s, due_s)

    def now_s(self) -> float:
        """The end of the last sleep."""
        return self._now_s

    async def ring(self) -> None:
        """Ends the sleep that has been held for longest, once there is one."""
        await until(lambda: bool(self._held), within_s=LONG_S, awaited="somebody sleeps")
        self._held.pop(0).set()


@asynccontextmanager
async def proxied(
    to: str,
    network: Network = INSTANT,
    *,
    clock: Clock | None = None,
    limits: ProxyLimits = PROXY_LIMITS,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Proxy]:
    """Without a `clock` time is nothing to it."""
    time = clock or Clock()
    proxy = Proxy(network, to, Seed(1), sleep=time, now_s=time.now_s, limits=limits, tls=tls)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()


async def dial(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", urlsplit(proxy.url).port)


def request(body: bytes, chunk: int = 0, target: str = "/x", more: bytes = b"") -> bytes:
    """A request; in chunks of so many bytes, or with its length."""
    framing = b"Transfer-Encoding: chunked" if chunk else b"Content-Length: %d" % len(body)
    head = b"POST %b HTTP/1.1\r\nHost: proxy\r\n%b%b\r\n\r\n" % (target.encode(), more, framing)
    return head + (chunked(body, chunk) if chunk else body)


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer on a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200 ")
    if b"content-length:" in head:
        return await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(body)
