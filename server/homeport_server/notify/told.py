"""What sending says of itself: counted for the operator, and logged where somebody may have to look."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from homeport_notify.address import ChannelName
from homeport_notify.answer import NO_TIME, Answer, Fate
from homeport_notify.channel import Answered, Channel, Recipient
from homeport_notify.delivery import DeliveryState
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.steering import Steering
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.entry import moment_of

FAILING_EVERY_S: Final = 60.0  # so often it is said of a channel, and not for each of a million
_FAILING: Final = frozenset({Fate.UNAVAILABLE, Fate.NOT_SENT, Fate.UNANSWERED})


@dataclass(frozen=True, slots=True)
class LoggedDeliveries:
    """See `means.Told`."""

    metrics: Metrics
    log: Log
    _said_at_s: dict[ChannelName, float] = field(default_factory=dict)

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """See `means.Told`. What fails and is tried again has no other place where it says why."""
        self.metrics.delivered(lane, channel, answer.fate.name.lower())
        if answer.fate in _FAILING and answer.code != NO_TIME:
            self._failing(channel, answer)

    def _failing(self, channel: ChannelName, answer: Answer) -> None:
        now_s = get_running_loop().time()
        if now_s - self._said_at_s.get(channel, -FAILING_EVERY_S) >= FAILING_EVERY_S:
            self._said_at_s[channel] = now_s
            code = answer.code or answer.fate.name
            self.log.warning("deliveries fail", channel=channel, code=code, reason=answer.detail)

    def left_out(self, lane: Lane, state: DeliveryState) -> None:
        """See `means.Told`."""
        self.metrics.delivered(lane, "", state.name.lower())

    def gave_up(self, lane: Lane, deliveries: int) -> None:
        """See `means.Told`."""
        self.metrics.gave_up(lane, deliveries)

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `means.Told`."""
        self.metrics.channel_closed(channel, closed=True)
        self.log.warning("channel closed", channel=channel, until=moment_of(until_ms).isoformat(), reason=reason)

    def steered(self, notification: Notification, how: Steering, reason: str) -> None:
        """See `means.Told`."""
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
