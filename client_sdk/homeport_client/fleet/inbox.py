"""What a provider brings to a phone: the system hands it to the app, which it lets run for that though it sleeps.

Here is the handler that every app has, a few lines over `Device.notifications`; and, for the checkers, what it showed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from homeport_client import Device, DeviceClosed, StorageFull
from homeport_client.fleet.check.noticed import Shown
from homeport_sync.telling import NOTIFICATION, WAKE

BACKGROUND_S: Final = 30.0  # so long a system lets an app run for something
AGAIN_S: Final = 5.0  # after so long a system hands over again what an app did not take


class Holder(Protocol):
    """The phone, as its inbox needs it."""

    name: str
    user: str
    device: Device

    @property
    def takes(self) -> bool:
        """Whether something can be brought to it now."""

    def note(self, what: str) -> None:
        """A line of the trace."""

    def begin_background(self) -> None:
        """The app may run, and has a network."""

    async def end_background(self) -> None:
        """That is over."""


class Inbox:
    """Of one phone. `shown` is what its users saw, `unread` the data of what was shown last and not opened, `came` how
    often something was brought. Whoever has the phone has `noticed` what is shown."""

    __slots__ = ("_phone", "came", "noticed", "shown", "unread")

    def __init__(self, phone: Holder) -> None:
        self.came = 0
        self.shown: list[Shown] = []
        self.unread: Mapping[str, str] | None = None
        self.noticed: Callable[[], None] = _nobody_looks
        self._phone = phone

    @property
    def name(self) -> str:
        """The phone's."""
        return self._phone.name

    @property
    def takes(self) -> bool:
        """Whether something can be brought to it now."""
        return self._phone.takes

    async def bring(self, payload: Mapping[str, str], *, visible: bool, at_ms: int) -> bool:
        """One delivery; whether it was shown."""
        phone = self._phone
        self.came += 1
        phone.note("is woken" if WAKE in payload else f"is brought {payload.get(NOTIFICATION)}")
        phone.begin_background()
        try:
            device, user, shown = phone.device, phone.user, False
            while True:
                try:
                    told = await device.notifications.received(payload)
                except StorageFull:
                    await asyncio.sleep(AGAIN_S)
                except DeviceClosed:
                    device, user = phone.device, phone.user
                else:
                    break
            if told is not None and visible:
                shown, self.unread = True, payload
                self.shown.append(
                    Shown(
                        phone=phone.name,
                        user=user,
                        delivery=told.delivery,
                        notification=told.notification,
                        at_ms=at_ms,
                    )
                )
                self.noticed()
            await device.notifications.caught_up(BACKGROUND_S)
        finally:
            await phone.end_background()
        return shown


def _nobody_looks() -> None:
    """The phone lies in a pocket."""
