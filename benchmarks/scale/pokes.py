"""Pokes from one process to another: a push goes to server A, and 1,000 listeners are connected to server B.

Each is a user of their own, a member of the scope that changes. The clock runs from A's answer to the push, which is
after the commit, until the frame has arrived at a listener's socket, for each listener in each round. Once with
PostgreSQL carrying the signals, once with NATS; in every second block of rounds a client beside them has stopped
reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median, quantiles

import msgspec

from benchmarks.pull import push_request
from benchmarks.scale.arrivals import Listener, ask, drain, heard, open_socket
from benchmarks.scale.site import Site, site
from benchmarks.scale.stalled import stalled
from benchmarks.table import show
from benchmarks.workload import Phone
from homeport_client.fleet.live.process import cpu_s
from homeport_sync.change import Change, encode
from homeport_sync.limits import LIMITS
from homeport_sync.scope import MEMBER, member_id
from homeport_sync.wire import PushMessage

LISTENERS = 1_000
BLOCKS = 3
ROUNDS = 20
UNREAD_S = 0.06  # as long as all pokes take: only then does anybody read
OWNER = "ana"
STALLED = "stalled"


@dataclass(slots=True)
class Poked:
    """Milliseconds from A's answer to the frame, one a listener and round; of each round the first and the last, and
    how long after the push was sent its median came. `cpu_us` is what a poke cost server B."""

    after_answer_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    last_ms: list[float] = field(default_factory=list)
    after_sending_ms: list[float] = field(default_factory=list)
    cpu_us: float = 0.0


class Pusher:
    """The owner's phone, connected to server A."""

    def __init__(self, here: Site, tenant: str) -> None:
        self._token = here.token(OWNER, tenant)
        self._port = here.ports[0]
        self._socket = open_socket(self._port)
        self._phone = Phone(Random(1), only_creates=True)
        self._push(self._phone.push(1))

    def connect(self) -> None:
        """Connect again: the server closes a connection that nothing was asked on for five seconds."""
        self._socket.close()
        self._socket = open_socket(self._port)

    def invite(self, users: Sequence[str]) -> None:
        """Make them members of the phone's scope."""
        for start in range(0, len(users), LIMITS.push_changes_max):
            part = users[start : start + LIMITS.push_changes_max]
            changes = [msgspec.Raw(encode(invitation(self._phone, user)).encode()) for user in part]
            self._push(PushMessage(device=self._phone.device, changes=changes))

    async def round(self, listeners: Sequence[Listener], poked: Poked) -> None:
        """Push one change and note when each of the listeners had its poke.

        A listener that was poked twice tells nothing: of both only the last arrival is known.
        """
        drain(listeners)
        sent_ns = time.time_ns()
        answered_ns = self._push(self._phone.push(1))
        await asyncio.sleep(UNREAD_S)
        arrived_ns = heard(listeners)
        if not arrived_ns:
            return
        poked.after_answer_ms += [(each - answered_ns) / 1e6 for each in arrived_ns]
        poked.first_ms.append((min(arrived_ns) - answered_ns) / 1e6)
        poked.last_ms.append((max(arrived_ns) - answered_ns) / 1e6)
        poked.after_sending_ms.append((median(arrived_ns) - sent_ns) / 1e6)

    def _push(self, message: PushMessage) -> int:
        return ask(self._socket, push_request(self._token, message), b'"applied"')


def invitation(phone: Phone, user: str) -> Change:
    """The phone's next change: a member record of the user."""
    phone.number += 1
    return Change(
        number=phone.number,
        op="create",
        kind=MEMBER,
        id=member_id(phone.scopes[0], user),
        scope=phone.scopes[0],
        stamp=phone.clock.stamp(phone.device),
        fields={"user": user, "role": "editor"},
    )


async def poked(*, nats: bool) -> tuple[Poked, Poked]:
    """How it is with all listeners reading, and how with one more that does not."""
    alone, beside = Poked(), Poked()
    async with site(servers=2, nats=nats) as here:
        [tenant] = await here.tenants(1)
        users = [f"user{number}" for number in range(LISTENERS)]
        pusher = Pusher(here, tenant)
        pusher.invite([*users, STALLED])
        listeners = [Listener(here.ports[1], here.token(user, tenant)) for user in users]
        await rounds(here, pusher, listeners, Poked())  # warms up
        for _ in range(BLOCKS):
            await rounds(here, pusher, listeners, alone)
            with stalled(here.ports[1], here.token(STALLED, tenant)):
                await rounds(here, pusher, listeners, beside)
    return alone, beside


async def rounds(here: Site, pusher: Pusher, listeners: Sequence[Listener], poked: Poked) -> None:
    """One block of rounds."""
    pusher.connect()
    server = here.cluster.servers[1].pid
    before_s = cpu_s(server)
    for _ in range(ROUNDS):
        await pusher.round(listeners, poked)
    poked.cpu_us += (cpu_s(server) - before_s) / (ROUNDS * BLOCKS * LISTENERS) * 1e6


def p99(values: Sequence[float]) -> float:
    """Below it are 99 of 100."""
    return quantiles(values, n=100)[-1]


async def measure() -> Mapping[str, float]:
    """With both carriers, drawn and told."""
    figures: dict[str, float] = {}
    for name, nats in (("poke", False), ("poke_nats", True)):
        alone, beside = await poked(nats=nats)
        figures[f"{name}_ms_p50"] = median(alone.after_answer_ms)
        figures[f"{name}_ms_p99"] = p99(alone.after_answer_ms)
        figures[f"{name}_first_ms_p50"] = median(alone.first_ms)
        figures[f"{name}_last_ms_p50"] = median(alone.last_ms)
        figures[f"{name}_cpu_us"] = alone.cpu_us
        figures[f"{name}_since_sent_ms_p50"] = median(alone.after_sending_ms)
        figures[f"{name}_beside_stalled_ms_p50"] = median(beside.after_answer_ms)
    figures["stalled_ratio"] = figures["poke_beside_stalled_ms_p50"] / figures["poke_ms_p50"]
    show(
        f"ms from the commit to a socket on another process, median of {LISTENERS:,}",
        {
            "PostgreSQL carries the signal": figures["poke_ms_p50"],
            "PostgreSQL, and a client beside has stalled": figures["poke_beside_stalled_ms_p50"],
            "NATS carries the signal": figures["poke_nats_ms_p50"],
            "NATS, and a client beside has stalled": figures["poke_nats_beside_stalled_ms_p50"],
        },
    )
    return figures
