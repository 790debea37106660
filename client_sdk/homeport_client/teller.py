"""The teller: says to the server where this device can be reached, and what has reached it.

It works beside everything else, as the poke socket does: each time the device is caught up it says what is owed, and
what goes wrong with it is tried again the next time. So it costs nothing while nothing is owed, and never holds up a
change. A server from before there were notifications refuses it: that one is asked no more until the device is opened
anew. What the server refuses of one address is kept in `trouble`, and that address is told again when it has changed.
"""

from __future__ import annotations

import asyncio
import sqlite3

from homeport_client.addresses import OwnAddress
from homeport_client.errors import DeviceError, ServerError
from homeport_client.replica import Replica
from homeport_client.transport import Transport
from homeport_sync.telling import RECEIPTS_MAX, RegisterAddress, ReportNotifications, RetireAddresses

UNKNOWN_CODES = frozenset({"GRAPHQL_INVALID"})  # what a server says to a field that it does not have


class Teller:
    """`trouble` is why the last address was not taken, or the last attempt failed; None: it was not so."""

    def __init__(self, replica: Replica, transport: Transport) -> None:
        self.trouble: Exception | None = None
        self._replica = replica
        self._transport = transport
        self._refused: set[OwnAddress] = set()
        self._unknown = False
        self._not_before = 0.0
        self._telling: asyncio.Task[None] | None = None

    @property
    def owes(self) -> bool:
        """Whether there is something that the server does not know."""
        return not self._unknown and (self._replica.deliveries.owes or bool(self._owed()))

    def hurry(self) -> None:
        """Tells what is owed, in a task of its own. Nothing, if nothing is, or it is being told."""
        early = asyncio.get_running_loop().time() < self._not_before
        if not early and self.owes and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def tell(self) -> None:
        """Tells what is owed, and waits for it. What fails is kept in `trouble`, and is owed still."""
        self.hurry()
        if self._telling is not None:
            await asyncio.wait([self._telling])

    def drop(self) -> None:
        """Ends what is under way, without waiting for it."""
        if self._telling is not None:
            self._telling.cancel()

    async def close(self) -> None:
        """Ends what is under way, and waits until it is."""
        telling, self._telling = self._telling, None
        if telling is not None:
            telling.cancel()
            await asyncio.wait([telling])
            if not telling.cancelled():
                telling.result()

    def _owed(self) -> list[OwnAddress]:
        now_ms, device = self._replica.clock.now_ms(), self._replica.meta.device
        owed = [each for each in self._replica.addresses.all() if each.is_owed(device, now_ms)]
        return [each for each in owed if each.retiring or each not in self._refused]

    async def _tell(self) -> None:
        self.trouble = None
        try:
            await self._retire()
            for address in self._owed():
                await self._register(address)
            await self._report()
        except (DeviceError, sqlite3.OperationalError) as error:  # a full disk is emptied some day, too
            self.trouble = error
            self._unknown = isinstance(error, ServerError) and error.code in UNKNOWN_CODES
            after_ms = isinstance(error, DeviceError) and error.retry_after_ms
            self._not_before = asyncio.get_running_loop().time() + (after_ms or 0) / 1_000

    async def _retire(self) -> None:
        """What is given up is the user's who gave it up. If the device has another token or id by now, it is made first
        theirs who have that, for only they can retire it."""
        device, retiring = self._replica.meta.device, [each for each in self._owed() if each.retiring]
        if not retiring:
            return
        for address in retiring:
            if address.told_as and (address.told_as != device or not address.told_ms):
                await self._register(address)
        await self._transport.tell(RetireAddresses(device=device))
        with self._replica.step(shows=False):
            self._replica.addresses.retired()

    async def _register(self, address: OwnAddress) -> None:
        device = self._replica.meta.device
        try:
            await self._transport.tell(
                RegisterAddress(
                    device=device,
                    channel=address.channel,
                    target=address.target,
                    target_kind=address.target_kind,
                    platform=address.platform,
                    timezone=address.timezone,
                    locale=address.locale,
                )
            )
        except ServerError as error:
            if error.retryable or error.code in UNKNOWN_CODES:
                raise
            self.trouble = error
            self._refused.add(address)
            return
        with self._replica.step(shows=False):
            self._replica.addresses.told(address, device, self._replica.clock.now_ms())

    async def _report(self) -> None:
        while owed := self._replica.deliveries.owed(RECEIPTS_MAX):
            message = ReportNotifications(device=self._replica.meta.device, receipts=owed)
            try:
                await self._transport.tell(message)
            except ServerError as error:
                if error.retryable or error.code in UNKNOWN_CODES:
                    raise
                self.trouble = error  # nobody will ever want these
            with self._replica.step(shows=False):
                self._replica.deliveries.settle(owed)
