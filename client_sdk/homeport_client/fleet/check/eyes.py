"""What a person sees who never looks away from a phone: nothing may go back, flicker or vanish, what was just written
shows at once (I5), and nothing of a catch-up shows before all of it does (I6).

A record on the screen only ever gets newer, through restarts too. It may go away when somebody deleted it or its
list, or took it into another one, or when its user was put out of the list. Where a change was rejected or its stamp
lowered, the phone must take back what it had shown, so such records are not judged. What is allowed is told by what the
phones wrote and were told, and not by the replica. Who looks knows only the phones of one process: what these do not
explain is kept as a `Glimpse`, and judged when all is known.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any

from homeport_client import Device, View
from homeport_client.fleet.check.glimpse import Glimpse, is_reason
from homeport_client.fleet.check.witness import Told, Written
from homeport_client.fleet.measure.meter import Meter
from homeport_sync.scope import member_id
from homeport_sync.values import PythonValue

SCREEN_MAX = 300


class Eyes:
    """Looks at the records of these `kinds` on one phone, at `SCREEN_MAX` of each, whose `meter` sees its pages come.
    `written` and `told` are those of this process, and grow. `true_ms` is the server's clock."""

    def __init__(
        self,
        name: str,
        kinds: Iterable[str],
        meter: Meter,
        written: Sequence[Written],
        told: Sequence[Told],
        *,
        true_ms: Callable[[], int],
    ) -> None:
        self.complaints: list[str] = []
        self.glimpses: list[Glimpse] = []
        self.looks = 0
        self._name = name
        self._kinds = tuple(kinds)
        self._meter = meter
        self._written = written
        self._told = told
        self._true_ms = true_ms
        self._seen: dict[tuple[str, str], dict[str, View]] = {}

    def looks_at(self, device: Device, user: str) -> list[Coroutine[Any, Any, None]]:
        """One look for each kind, at what `user` sees. Each ends when the device is closed."""
        return [self._look(device, user, kind) for kind in self._kinds]

    async def _look(self, device: Device, user: str, kind: str) -> None:
        async for views in device.watch(kind, limit=SCREEN_MAX):
            self.looks += 1
            now = {view.id: view for view in views}
            seen = self._seen.get((user, kind))
            if self._meter.catching_up and seen is not None and len(seen) < SCREEN_MAX:
                self.complaints += self._too_early(now, seen)
            for id, before in (seen or {}).items():
                after = now.get(id)
                if after is None and len(now) == SCREEN_MAX:
                    continue  # another one may have pushed it off the screen
                if (after is None or after.updated_at < before.updated_at) and not self._is_allowed(before, user):
                    self.glimpses.append(self._glimpse(user, before, after))
            self._seen[user, kind] = now

    def wrote(self, written: Written, values: Mapping[str, PythonValue], shown: View | None) -> None:
        """Whatever was just `written` on this phone is what it shows, at once."""
        if written.op == "delete":
            right = shown is None
        else:
            right = shown is not None and all(shown[name] == value for name, value in values.items())
            right = right and (not written.into or (shown is not None and shown.scope == written.into))
        if not right:
            what = f"{written.op} {written.id} {dict(values)}"
            self.complaints.append(f"{self._name} wrote {what} and showed {shown}.")

    def _too_early(self, now: Mapping[str, View], before: Mapping[str, View]) -> Iterator[str]:
        """Complaints about records of others that show in the middle of a catch-up, and did not before."""
        mine = {write.id for write in self._written if _phone(write.phone) == _phone(self._name)}
        for view in now.values():
            if view.id not in before and not {view.id, view.scope} & mine:
                yield f"{self._name} showed {view.kind} {view.id} in the middle of a catch-up."

    def _is_allowed(self, before: View, user: str) -> bool:
        put_out = member_id(before.scope, user)
        return any(
            is_reason(write) and write.id in (put_out, before.id, before.scope) for write in self._written
        ) or any(
            told.change.id in (before.id, before.scope) and (told.outcome.stamp or told.outcome.outcome == "rejected")
            for told in self._told
        )

    def _glimpse(self, user: str, before: View, after: View | None) -> Glimpse:
        return Glimpse(
            at_ms=self._true_ms(),
            phone=self._name,
            user=user,
            kind=before.kind,
            id=before.id,
            scope=before.scope,
            before=before.updated_at,
            after=after.updated_at if after else None,
        )


def _phone(name: str) -> str:
    """The phone of the story that this one is, or is a clone of."""
    return name.partition(".")[0].partition(" ")[0]
