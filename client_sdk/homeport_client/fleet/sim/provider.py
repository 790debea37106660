"""The simulated provider of notifications, such as FCM and APNs: it takes what it is given, and brings it to phones.

It is no part of the server, and outlives each of its processes. It keeps what is for a phone that cannot be reached, of
messages with one collapse key the last, until their time is over. What goes wrong on the way is drawn or armed as what
befalls requests is (`line.py`), so that it becomes a step of the story.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.beside import ended, failure_of
from homeport_client.fleet.check.noticed import Sent
from homeport_client.fleet.inbox import Inbox
from homeport_client.fleet.networks import BRING_LATE, BRING_TWICE, LOSE_WAKE, Range
from homeport_client.fleet.seed import at_moment
from homeport_notify.address import ChannelName
from homeport_notify.answer import SENT, Answer, Fate
from homeport_notify.channel import Answered, Recipient
from homeport_notify.message import Message
from homeport_sync.telling import DELIVERY, WAKE

LOOK_S = 5.0  # so often it looks whether a phone is back
_GONE = Answer(fate=Fate.GONE, code="UNREGISTERED")
_DOWN = Answer(fate=Fate.UNAVAILABLE, code="UNAVAILABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFaults:
    """`answer_s` is how long it takes to take something, `way_s` how long to bring it. `rates` are the shares of
    deliveries that meet an incident; one that is late is up to `late_s` late. `down` is the share of moments at which
    it takes nothing."""

    answer_s: Range = (0.02, 0.3)
    way_s: Range = (0.05, 2.0)
    rates: Mapping[str, float] = field(default_factory=lambda: {LOSE_WAKE: 0.1, BRING_TWICE: 0.03, BRING_LATE: 0.03})
    late_s: float = 120.0
    down: float = 0.01


# Told whose phone it is, and whether it is a wake: what befalls this delivery.
Befalls = Callable[[str, bool], str]


class Provider:
    """All its channels. `befalls` says what befalls a delivery; `sent` is what it took, `left` what it still
    had in the end, `failure` what the handing over broke on."""

    def __init__(self, faults: ProviderFaults, befalls: Befalls, now_ms: Callable[[], int], *, salt: int) -> None:
        self.faults = faults
        self.sent: list[Sent] = []
        self.left: list[str] = []
        self.failure: BaseException | None = None
        self._befalls = befalls
        self._now_ms = now_ms
        self._salt = salt
        self._inboxes: dict[str, Inbox] = {}
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._held: dict[tuple[str, str], asyncio.Task[None]] = {}

    def reach(self, token: str, inbox: Inbox) -> None:
        """The token is that of this inbox's phone."""
        self._inboxes[token] = inbox

    def channel(self, name: ChannelName) -> ProviderChannel:
        """One of its channels, as the deliverer sees it."""
        return ProviderChannel(name, self)

    async def take(self, message: Message, to: Recipient) -> Answer:
        """One message; what it says to it."""
        first, second = self._moment("first"), self._moment(f"second {to.delivery}")
        shortest_s, longest_s = self.faults.answer_s
        await asyncio.sleep((shortest_s + (longest_s - shortest_s) * first) / 2)
        if self._moment("down") < self.faults.down:
            return _DOWN
        inbox = self._inboxes.get(to.target)
        if inbox is None:
            return _GONE
        payload = {**message.data, DELIVERY: to.delivery}
        wake = WAKE in payload
        self.sent.append(
            Sent(
                token=to.target,
                delivery=to.delivery,
                notification=payload.get("hp_notification", ""),
                at_ms=self._now_ms(),
                wake=wake,
                silent=message.silent,
            )
        )
        self._send_off(inbox, payload, message, to)
        await asyncio.sleep((shortest_s + (longest_s - shortest_s) * second) / 2)
        return SENT

    async def end(self) -> None:
        """Nothing more is brought. Raises what failed first."""
        self.left = list(self._under_way.values())
        await ended(list(self._under_way))
        if self.failure is not None:
            raise self.failure

    def _send_off(self, inbox: Inbox, payload: Mapping[str, str], message: Message, to: Recipient) -> None:
        incident = self._befalls(inbox.name, WAKE in payload)
        if incident == LOSE_WAKE:
            return
        task = asyncio.create_task(self._bring(inbox, payload, message, incident))
        self._under_way[task] = to.delivery
        task.add_done_callback(self._over)
        if message.collapse_key or to.collapse_id:
            key = (to.target, message.collapse_key or to.collapse_id)
            former = self._held.get(key)
            self._held[key] = task
            if former is not None and not inbox.takes:
                former.cancel()

    async def _bring(self, inbox: Inbox, payload: Mapping[str, str], message: Message, incident: str) -> None:
        until_s = asyncio.get_running_loop().time() + message.ttl_s
        late_s = self.faults.late_s * self._moment("late") if incident == BRING_LATE else 0.0
        await asyncio.sleep(self._way_s() + late_s)
        for _ in range(2 if incident == BRING_TWICE else 1):
            while not inbox.takes:  # noqa: ASYNC110  # there are many reasons, and time is virtual
                await asyncio.sleep(LOOK_S)
            if asyncio.get_running_loop().time() > until_s:
                return
            await inbox.bring(payload, visible=not message.silent, at_ms=self._now_ms())
            await asyncio.sleep(self._way_s())

    def _way_s(self) -> float:
        shortest_s, longest_s = self.faults.way_s
        return shortest_s + (longest_s - shortest_s) * self._moment("way")

    def _moment(self, what: str) -> float:
        """Of a millisecond: who else is due at this instant may shift it by a microsecond."""
        return at_moment(self._salt, round(asyncio.get_running_loop().time(), 3), what)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self.failure = self.failure or failure_of(task)


class ProviderChannel:
    """A `Channel`."""

    def __init__(self, name: ChannelName, provider: Provider) -> None:
        self.name: ChannelName = name
        self._provider = provider

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""

        async def one(at: int, recipient: Recipient) -> None:
            answered(at, await self._provider.take(message, recipient))

        if not dry_run:
            await asyncio.gather(*(one(at, recipient) for at, recipient in enumerate(to)))

    async def close(self) -> None:
        """See `channel.Channel`."""
