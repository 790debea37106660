"""A channel by hand: says what the test says, and remembers who was sent what."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from homeport_notify.address import ChannelName
from homeport_notify.answer import SENT, Answer
from homeport_notify.channel import Answered, Recipient
from homeport_notify.delivery import DeliveryState
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import Presence
from homeport_notify.steering import Steering


async def _nothing() -> None:
    pass


class ChannelByHand:
    """`says` answers each recipient (None: never). While `held` is not set, nothing is answered."""

    name: ChannelName = "fcm"

    def __init__(self, says: Callable[[Recipient], Answer | None] = lambda _: SENT) -> None:
        self.says = says
        self.sent: list[Recipient] = []
        self.dry: list[bool] = []
        self.busy = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        self.before: Callable[[], Awaitable[None]] = _nothing

    @property
    def times(self) -> Counter[str]:
        """How often each target was sent to."""
        return Counter(each.target for each in self.sent)

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""
        assert message is not None
        assert until_s > asyncio.get_running_loop().time()
        await self.before()
        self.sent += to
        self.dry.append(dry_run)
        self.busy.set()
        for place, recipient in enumerate(to):
            answer = self.says(recipient)
            if self.held.is_set() and answer is not None:
                answered(place, answer)
        await self.held.wait()

    async def close(self) -> None:
        """Nothing is open."""


class ToldByHand:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.out: list[DeliveryState] = []
        self.closings: list[tuple[ChannelName, int, str]] = []
        self.steerings: list[tuple[Steering, str]] = []
        self.given_up = 0

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """See `means.Told`."""
        assert lane
        assert channel
        self.answers.append(answer)

    def left_out(self, lane: Lane, state: DeliveryState) -> None:
        """See `means.Told`."""
        assert lane
        self.out.append(state)

    def gave_up(self, lane: Lane, deliveries: int) -> None:
        """See `means.Told`."""
        assert lane
        self.given_up += deliveries

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `means.Told`."""
        self.closings.append((channel, until_ms, reason))

    def steered(self, notification: Notification, how: Steering, reason: str) -> None:
        """See `means.Told`."""
        assert notification.id
        self.steerings.append((how, reason))


class PresencesByHand:
    """What a test says of devices."""

    def __init__(self) -> None:
        self.known: dict[str, Presence] = {}

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """See `ports.Presences`."""
        assert tenant
        return {each: self.known[each] for each in devices if each in self.known}
