"""Real devices on a real server, closed with the event loop that they were opened in, or with the test if it is first.

A test may run in any loop: its plugin's, or one that it makes itself. Each loop ends its asynchronous generators before
it closes, so one of those holds each device.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from homeport_client import DEVICE_LIMITS, Device, DeviceLimits
from homeport_client.fleet.networks import Network
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.seed import Seed
from homeport_pytest.networks import named
from homeport_pytest.protocols import Server
from homeport_sync import load_app


class RealDevices:
    """See `Devices`. What networks do is drawn from the seed, one stream a device."""

    def __init__(self, server: Server, seed: int) -> None:
        self._server = server
        self._app = load_app(server.app)
        self._seed = Seed(seed)
        self._held: list[tuple[asyncio.AbstractEventLoop, AsyncGenerator[Device]]] = []

    async def __call__(
        self, user: str, *, network: Network | str | None = None, limits: DeviceLimits | None = None
    ) -> Device:
        """See `Devices`."""
        token = await asyncio.to_thread(self._server.token, user)
        lived = named(network) if isinstance(network, str) else network
        holding = self._hold(token, lived, limits or DEVICE_LIMITS)
        self._held.append((asyncio.get_running_loop(), holding))
        return await anext(holding)

    def close(self) -> None:
        """The end of all devices whose loop is still there. Harmless for those that are closed."""
        for loop, holding in reversed(self._held):
            if not loop.is_closed() and not loop.is_running():
                loop.run_until_complete(holding.aclose())

    async def _hold(self, token: str, network: Network | None, limits: DeviceLimits) -> AsyncGenerator[Device]:
        server = self._server.url
        async with AsyncExitStack() as closing:
            if network is not None:
                drawn = Seed(self._seed.stream("proxy", len(self._held)).getrandbits(32))
                proxy = Proxy(network, server, drawn)
                await proxy.start()
                closing.push_async_callback(proxy.close)
                server = proxy.url
            device = await Device.open(app=self._app, server=server, token=token, limits=limits)
            yield await closing.enter_async_context(device)
