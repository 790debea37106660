"""What sending says of itself: counted for the operator, and logged where somebody may have to look."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Sequence
from dataclasses import dataclass

from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer
from homeport_notify.channel import Answered, Channel, Recipient
from homeport_notify.delivery import DeliveryState
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.steering import Steering
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.entry import moment_of


@dataclass(frozen=True, slots=True)
class LoggedDeliveries:
    """See `in_hand.Told`."""

    metrics: Metrics
    log: Log

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """See `in_hand.Told`."""
        self.metrics.delivered(lane, channel, answer.fate.name.lower())

    def left_out(self, lane: Lane, state: DeliveryState) -> None:
        """See `in_hand.Told`."""
        self.metrics.delivered(lane, "", state.name.lower())

    def gave_up(self, lane: Lane, deliveries: int) -> None:
        """See `in_hand.Told`."""
        self.metrics.gave_up(lane, deliveries)

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `in_hand.Told`."""
        self.metrics.channel_closed(channel, closed=True)
        self.log.warning("channel closed", channel=channel, until=moment_of(until_ms).isoformat(), reason=reason)

    def steered(self, notification: Notification, how: Steering, reason: str) -> None:
        """See `in_hand.Told`."""
        facts = {"tenant": notification.tenant, "notification": notification.id, "state": notification.state}
        self.log.error("notification halted", **facts, reason=reason)


class MeteredChannel:
    """A channel, and how many deliveries are on their way through it: a window counts until it is answered whole."""

    def __init__(self, channel: Channel, metrics: Metrics) -> None:
        self.name: ChannelName = channel.name
        self._channel = channel
        self._metrics = metrics

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""
        began_s = get_running_loop().time()
        self._metrics.sending(self.name, len(to))
        try:
            await self._channel.send(message, to, answered, until_s=until_s, dry_run=dry_run)
        finally:
            self._metrics.sending(self.name, -len(to))
        self._metrics.sent(get_running_loop().time() - began_s)

    async def close(self) -> None:
        """See `channel.Channel`."""
        await self._channel.close()
