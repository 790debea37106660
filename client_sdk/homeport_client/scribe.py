"""The scribe puts down what the app writes: into outbox, view and counters at once, in one step of the replica.

What a change is, and whether it fits what is there, the writer has found out before; here it gets its number, its stamp
and its place, and what it is expected to come to is shown with it (I5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from homeport_client.errors import LimitExceeded
from homeport_client.messages import text_of
from homeport_client.prediction import predict
from homeport_client.replica import Replica
from homeport_sync.change import GROUP_CHANGES_MAX, Change, Edits, Fields, Op, encode
from homeport_sync.clock import NEVER


class Scribe:
    """Writes changes into a replica."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def write(
        self,
        op: Op,
        kind: str,
        record_id: str,
        scope: str,
        fields: Edits,
        *,
        base: Fields | None = None,
        into: str = "",
        replays: str = "",
    ) -> Change:
        """Writes a change; `base` is what shows of what it writes over, `into` where a move goes.

        Raises a `Rejection`; then nothing is written.
        """
        replica = self._replica
        with replica.step():
            before = replica.views.standing(record_id)
            # What is overwritten was there before: whatever the clocks say, the change is stamped after it.
            replica.clock.see(before.updated if before else NEVER)
            change = self._next_change(op, kind, record_id, scope, fields, into=into, replays=replays)
            keyed = replica.catalog.check(change).keyed
            was = {record_id: replica.views.record(record_id)} if keyed else {}
            if op == "create" and record_id == scope:
                replica.choose_made(scope)
            place = self._add(change, "" if base is None else encode(base))
            replica.views.add(change)
            if keyed:
                self._see(replica.keys.obey(change, place, was, replica.meta.device))
        return change

    def call(self, command: str, scope: str, arguments: Fields, *, replays: str = "") -> Change:
        """Calls a command when there is a network, and shows at once what it is expected to come to.

        Raises the `Rejection` with which it refuses here already; then nothing is written.
        """
        replica = self._replica
        with replica.step():
            change = self._next_change("command", command, replica.new_id(), scope, arguments, replays=replays)
            expected = predict(change, replica.meta.device, replica.catalog, replica.views)
            self._see(expected)
            was = {each.id: replica.views.record(each.id) for each in expected}
            replica.outbox.predicted.add(place := self._add(change), expected)
            replica.views.derive(was)
            self._see(replica.keys.obey(change, place, was, replica.meta.device))
        return change

    @contextmanager
    def group(self) -> Iterator[None]:
        """What is written inside is one group, in one transaction.

        Raises `LimitExceeded` if it is more than one push can hold; then nothing is written.
        """
        replica = self._replica
        with replica.step():
            device, first = replica.meta.device, replica.meta.next_number
            yield
            count = replica.meta.next_number - first
            if count > GROUP_CHANGES_MAX:
                raise LimitExceeded(
                    f"A group has {GROUP_CHANGES_MAX} changes at most, and this one {count}: make two of it.",
                    limit=GROUP_CHANGES_MAX,
                )
            size = replica.outbox.join(device, first, first + count - 1) if count else 0
            if size > replica.changes_bytes_max:
                raise LimitExceeded(
                    f"A group has {replica.changes_bytes_max:,} bytes at most, and this one {size:,}: make two of it.",
                    limit=replica.changes_bytes_max,
                )

    def _next_change(
        self, op: Op, kind: str, record_id: str, scope: str, fields: Edits, *, into: str = "", replays: str
    ) -> Change:
        meta = self._replica.meta
        return Change(
            number=meta.next_number,
            op=op,
            kind=kind,
            id=record_id,
            scope=scope,
            stamp=self._replica.clock.stamp(meta.device),
            fields=fields,
            base=0 if meta.replacing or op == "command" else self._replica.pulled.position(record_id),
            into=into,
            replays=replays,
        )

    def _add(self, change: Change, base: str = "") -> int:
        """Puts a change into the outbox; its place there."""
        replica = self._replica
        text, pulled_scope = text_of(change, replica.limits), replica.pulled.scope(change.id)
        place = replica.outbox.add(replica.meta.device, change, text, base, pulled_scope)
        replica.keep(replace(replica.meta, next_number=change.number + 1))
        return place

    def _see(self, expected: Iterable[Change]) -> None:
        """What is written after it here is stamped after it."""
        for each in expected:
            self._replica.clock.see(each.stamp)
