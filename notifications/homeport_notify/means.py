"""What a worker delivers with, and who is told how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer
from homeport_notify.channel import Channel
from homeport_notify.delivery import DeliveryState
from homeport_notify.notification import Lane, Notification
from homeport_notify.passage import Passage
from homeport_notify.ports import Chunks, Notifications, Presences
from homeport_notify.steering import Steering


class DeliveryStore(Notifications, Chunks, Protocol):
    """What delivering works on."""


class Told(Protocol):
    """Who is told how it goes."""

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """A provider said something of one delivery."""

    def left_out(self, lane: Lane, state: DeliveryState) -> None:
        """One was not sent, and why."""

    def gave_up(self, lane: Lane, deliveries: int) -> None:
        """So many lie among the dead letters now."""

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """The channel rests until then."""

    def steered(self, notification: Notification, how: Steering, reason: str) -> None:
        """It was paused or stopped because of what a provider said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a worker delivers with. `wall_ms` is the clock; `ttl_ms` how long a lease is, in milliseconds."""

    store: DeliveryStore
    channels: Mapping[ChannelName, Channel]
    presences: Presences
    passage: Passage
    told: Told
    wall_ms: Callable[[], int]
    random: Random
    ttl_ms: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
