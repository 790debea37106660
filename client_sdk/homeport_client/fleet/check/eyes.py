"""What a person sees who never looks away from a phone: nothing may go back, flicker or vanish, and what was just
written shows at once (I5).

A record on the screen only ever gets newer, through restarts too. It may go away when somebody deleted it or its
list, or when its user was put out of the list. Where a change was rejected or its stamp lowered, the phone must take
back what it had shown, so such records are not judged. What is allowed is told by what the phones wrote and were
told, and not by the replica.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from homeport_client import Device, View
from homeport_client.fleet.check.witness import Told, Written
from homeport_sync.change import Op
from homeport_sync.scope import member_id
from homeport_sync.values import PythonValue

_LIMIT = 1_000


class Eyes:
    """Looks at all records of these `kinds` on one phone. `written` and `told` are those of the fleet, and grow."""

    def __init__(self, name: str, kinds: Iterable[str], written: Sequence[Written], told: Sequence[Told]) -> None:
        self.complaints: list[str] = []
        self.looks = 0
        self._name = name
        self._kinds = tuple(kinds)
        self._written = written
        self._told = told
        self._seen: dict[tuple[str, str], dict[str, View]] = {}

    def looks_at(self, device: Device, user: str) -> list[Coroutine[Any, Any, None]]:
        """One look for each kind, at what `user` sees. Each ends when the device is closed."""
        return [self._look(device, user, kind) for kind in self._kinds]

    async def _look(self, device: Device, user: str, kind: str) -> None:
        async for views in device.watch(kind, limit=_LIMIT):
            self.looks += 1
            now = {view.id: view for view in views}
            for id, before in self._seen.get((user, kind), {}).items():
                after = now.get(id)
                if (after is None or after.updated_at < before.updated_at) and not self._is_allowed(before, user):
                    self.complaints.append(self._complaint(before, after.updated_at if after else None))
            self._seen[user, kind] = now

    def wrote(self, op: Op, id: str, values: Mapping[str, PythonValue], shown: View | None) -> None:
        """Whatever was just written on this phone is what it shows, at once."""
        if op == "delete":
            right = shown is None
        else:
            right = shown is not None and all(shown[name] == value for name, value in values.items())
        if not right:
            self.complaints.append(f"{self._name} wrote {op} {id} {dict(values)} and showed {shown}.")

    def _is_allowed(self, before: View, user: str) -> bool:
        put_out = member_id(before.scope, user)
        return any(
            (write.id == put_out and write.fields.get("role") is None)
            or (write.op == "delete" and write.id in (before.id, before.scope))
            for write in self._written
        ) or any(
            told.change.id in (before.id, before.scope) and (told.outcome.stamp or told.outcome.outcome == "rejected")
            for told in self._told
        )

    def _complaint(self, before: View, after: datetime | None) -> str:
        became = f"as of {after}" if after else "not at all"
        return f"{self._name} showed {before.kind} {before.id} as of {before.updated_at}, and then {became}."
