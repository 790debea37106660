"""The store in memory, whole. What it does not survive is its process."""

from __future__ import annotations

import time

from homeport_notify.memory.addresses import MemoryAddresses
from homeport_notify.memory.chunks import MemoryChunks
from homeport_notify.memory.dead_letters import MemoryDeadLetters
from homeport_notify.memory.expansion import MemoryExpansion
from homeport_notify.memory.gates import MemoryGates
from homeport_notify.memory.notifications import MemoryNotifications
from homeport_notify.memory.people import MemoryPeople
from homeport_notify.memory.receipts import MemoryReceipts
from homeport_notify.memory.space import Clock
from homeport_notify.memory.wakes import MemoryWakes


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class MemoryNotifyStore(
    MemoryNotifications,
    MemoryExpansion,
    MemoryChunks,
    MemoryDeadLetters,
    MemoryAddresses,
    MemoryPeople,
    MemoryReceipts,
    MemoryWakes,
    MemoryGates,
):
    """Every port in memory; `clock` is that of leases."""

    def __init__(self, clock: Clock = _now_ms) -> None:
        super().__init__(clock)
