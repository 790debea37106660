"""How many sockets each user has open: a leaking client must not take the room of everyone else."""

from __future__ import annotations

from collections import Counter

from homeport_server.errors import TooManySockets
from homeport_server.tokens import Caller


class Seats:
    """Counts open, authenticated sockets of this process by user. `per_user_max` is still allowed."""

    def __init__(self, per_user_max: int) -> None:
        self._per_user_max = per_user_max
        self._open: Counter[tuple[str, str]] = Counter()

    def enter(self, caller: Caller) -> None:
        """Count one more. Raises `TooManySockets`."""
        user = (caller.tenant, caller.user)
        if self._open[user] >= self._per_user_max:
            raise TooManySockets(f"This user has {self._per_user_max} sockets open: close one, then connect again.")
        self._open[user] += 1

    def leave(self, caller: Caller) -> None:
        """Count one less."""
        user = (caller.tenant, caller.user)
        self._open[user] -= 1
        if not self._open[user]:
            del self._open[user]
