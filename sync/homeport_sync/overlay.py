"""What would be there if all that was decided so far were written: records, grants and the log's new entries.

The first overlay lies on what was loaded. Another one may lie on it for what is decided as a whole, and is kept or
simply dropped. Nothing is written before the batch is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace as with_more
from typing import Any, Protocol

from msgspec.structs import replace

from homeport_sync.change import Change, Logged, Record
from homeport_sync.keys import Key, Link
from homeport_sync.ports import Loaded, LogEntry, StoredRecord, Wanted
from homeport_sync.push import Push
from homeport_sync.rejections import CascadeTooLarge
from homeport_sync.scope import EVERYBODY, MEMBER, Grant, grant_after, grant_of
from homeport_sync.verdict import Judged


class Ground(Protocol):
    """What an overlay lies on."""

    position: int

    def record(self, id: str) -> StoredRecord | None:
        """The record as it is there."""

    def grant(self, user: str, scope: str) -> Grant | None:
        """The grant as it is there, ended or not."""

    def want_scope(self, user: str, scope: str) -> None:
        """What the user has in a scope of which nobody spoke must be known."""

    def of_kind(self, scope: str, kind: str) -> Sequence[StoredRecord]:
        """The records of a kind in a scope that were asked for, deleted ones too, in the order of their ids."""

    def refused(self, device: str, record: str) -> bool:
        """Whether the device's create of the record was refused."""

    def beside(self, id: str) -> StoredRecord | None:
        """A record that no change is about, but that one refers to, or that goes with another."""

    def holder(self, key: Key) -> str | None:
        """The record that holds the key."""

    def referring(self, target: str) -> Iterable[Link]:
        """The links to the record. Raises `CascadeTooLarge` if there are too many."""


class LoadedGround:
    """What was loaded, as the ground of the first overlay. Once it is asked for what nobody knew to be wanted, `missed`
    is all that should have been loaded, and nothing that was decided holds."""

    def __init__(self, loaded: Loaded) -> None:
        self.position = loaded.head.position
        self._loaded = loaded
        self.missed: Wanted | None = None

    def record(self, id: str) -> StoredRecord | None:
        """See `Ground`."""
        return self._loaded.records.get(id)

    def grant(self, user: str, scope: str) -> Grant | None:
        """See `Ground`."""
        return self._loaded.grants.get((user, scope))

    def want_scope(self, user: str, scope: str) -> None:
        """See `Ground`."""
        self._want(grants={(user, scope), (EVERYBODY, scope)}, records={scope})

    def of_kind(self, scope: str, kind: str) -> Sequence[StoredRecord]:
        """See `Ground`."""
        return [self._loaded.records[id] for id in self._loaded.of_kind.get((scope, kind), ())]

    def refused(self, device: str, record: str) -> bool:
        """See `Ground`."""
        self._want(creates={(device, record)})
        return (device, record) in self._loaded.rejected_creates

    def beside(self, id: str) -> StoredRecord | None:
        """See `Ground`."""
        if id not in self._loaded.records:
            self._want(records={id})
        return self._loaded.records.get(id)

    def holder(self, key: Key) -> str | None:
        """See `Ground`."""
        self._want(keys={key})
        return self._loaded.keys.get(key)

    def referring(self, target: str) -> Iterable[Link]:
        """See `Ground`."""
        if target in self._loaded.overfull:
            raise CascadeTooLarge
        links = self._loaded.links.get(target)
        if links is None and target in self._loaded.records:
            self._want(targets={target})
        return links or ()

    def _want(self, **asked: Set[object]) -> None:
        """Note what of this, by the fields of `Wanted`, nobody knew to be wanted."""
        if (wanted := self.missed or self._loaded.wanted) is None:
            return
        new: dict[str, Any] = {
            name: known | each for name, each in asked.items() if not each <= (known := getattr(wanted, name))
        }
        if new:
            self.missed = with_more(wanted, **new)


class Overlay:
    """Laid over `ground`. `position` is the last entry's; `log`, `records` and `grants` are what it adds. `keys` says
    who holds them now, if anybody does, and `links`, by their targets, whether they are there now."""

    def __init__(self, ground: Ground) -> None:
        self.position = ground.position
        self.log: list[LogEntry] = []
        self.records: dict[str, StoredRecord] = {}
        self.grants: dict[tuple[str, str], Grant] = {}
        self.keys: dict[Key, str | None] = {}
        self.links: dict[str, dict[Link, bool]] = {}
        self._refused: set[tuple[str, str]] = set()
        self._ground = ground

    def record(self, id: str) -> StoredRecord | None:
        """See `Ground`."""
        return self.records.get(id) or self._ground.record(id)

    def grant(self, user: str, scope: str) -> Grant | None:
        """See `Ground`."""
        return self.grants.get((user, scope)) or self._ground.grant(user, scope)

    def want_scope(self, user: str, scope: str) -> None:
        """See `Ground`."""
        self._ground.want_scope(user, scope)

    def held(self, user: str, scope: str) -> Grant | None:
        """What the user has in the scope, by themselves or as everybody does; None if that is nothing, or has ended."""
        grant = grant_of(user, self.grant(user, scope), self.grant(EVERYBODY, scope))
        return grant if grant is not None and grant.holds else None

    def of_kind(self, scope: str, kind: str) -> Sequence[StoredRecord]:
        """See `Ground`."""
        found = {stored.record.id: stored for stored in self._ground.of_kind(scope, kind)}
        here = (each for each in self.records.values() if (each.record.scope, each.record.kind) == (scope, kind))
        found |= {stored.record.id: stored for stored in here}
        return [found[id] for id in sorted(found)]

    def refused(self, device: str, record: str) -> bool:
        """See `Ground`."""
        return (device, record) in self._refused or self._ground.refused(device, record)

    def beside(self, id: str) -> StoredRecord | None:
        """See `Ground`."""
        return self.records.get(id) or self._ground.beside(id)

    def holder(self, key: Key) -> str | None:
        """See `Ground`."""
        return self.keys[key] if key in self.keys else self._ground.holder(key)

    def referring(self, target: str) -> Iterable[Link]:
        """See `Ground`."""
        links = dict.fromkeys(self._ground.referring(target), True) | self.links.get(target, {})
        return [link for link, there in links.items() if there]

    def refuse(self, device: str, record: str) -> None:
        """The device's create of the record was refused: what follows it depends on it."""
        self._refused.add((device, record))

    def depends(self, device: str, record: str) -> bool:
        """Whether the record is missing because this device's create of it was refused, here or in an older batch."""
        return self.record(record) is None and self.refused(device, record)

    def append(self, push: Push, change: Change, judged: Judged, now_ms: int) -> None:
        """Steps 6 and 7: the record's new state, and the log's next entry; a grant follows from some records."""
        self.position += 1
        if judged.after is not None:
            self._write(push, judged.after, judged.before)
        self._log(push, change.op, change, judged, now_ms)

    def leave(self, push: Push, change: Change, judged: Judged, now_ms: int) -> None:
        """The same for the scope from which a move takes the record: all that is said there is that it is gone."""
        self.position += 1
        gone = Record(
            id=change.id,
            kind=change.kind,
            scope=change.scope,
            stamp=change.stamp,
            position=self.position,
            deleted=change.stamp,
        )
        left = StoredRecord(record=gone, author=push.device, foreign_position=0, left=True)
        self.records[left.row] = left
        self._log(push, "leave", change, judged, now_ms)

    def _log(self, push: Push, op: Logged, change: Change, judged: Judged, now_ms: int) -> None:
        old = judged.before.record.fields if judged.before else {}
        self.log.append(
            LogEntry(
                position=self.position,
                op=op,
                kind=change.kind,
                record=change.id,
                scope=change.scope,
                fields={name: change.fields[name] for name in judged.effect},
                before={name: old[name] for name in judged.effect if name in old},
                stamp=change.stamp,
                device=push.device,
                number=change.number,
                user=push.user,
                outcome=judged.verdict,
                request_id=push.request_id,
                accepted_at_ms=now_ms,
            )
        )

    def keep(self, above: Overlay) -> None:
        """Take over what was decided in an overlay that lay on this one."""
        self.position = above.position
        self.log += above.log
        self.records |= above.records
        self.grants |= above.grants
        self.keys |= above.keys
        for target, links in above.links.items():
            self.links.setdefault(target, {}).update(links)

    def _write(self, push: Push, after: Record, before: StoredRecord | None) -> None:
        foreign = 0
        if before is not None:
            own = before.author == push.device
            foreign = before.foreign_position if own else before.record.position
        record = replace(after, position=self.position)
        self.records[record.id] = StoredRecord(record=record, author=push.device, foreign_position=foreign)
        if record.kind == MEMBER:
            key = (str(record.fields["user"]), record.scope)
            self.grants[key] = grant_after(record, self.grant(*key), self.position)
        elif before is None and record.id == record.scope:
            self.grants[push.user, record.scope] = Grant(
                user=push.user, scope=record.scope, role="owner", since=self.position, maker=True
            )
