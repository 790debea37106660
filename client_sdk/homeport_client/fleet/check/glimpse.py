"""A glimpse: a record on a screen went back or went away, and nothing that its own process knows of is a reason.

Whether there was one is judged when the whole fleet is known: somebody on a phone of another process may have deleted
it, or put its user out, before it was seen to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from homeport_client.fleet.check.witness import Told, Written
from homeport_sync.ports import LogEntry
from homeport_sync.scope import member_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """At `at_ms` of the server's clock `phone` showed a record to `user` as of `after` (None: not at all), which it had
    shown as of `before`."""

    at_ms: int
    phone: str
    user: str
    kind: str
    id: str
    scope: str
    before: datetime
    after: datetime | None

    def __str__(self) -> str:
        became = f"as of {self.after}" if self.after else "not at all"
        return f"{self.phone} showed {self.kind} {self.id} as of {self.before}, and then {became}."


def unaccountable(
    glimpses: Iterable[Glimpse],
    written: Sequence[Written],
    told: Iterable[Told] = (),
    log: Iterable[LogEntry] = (),
) -> Iterator[str]:
    """I5: what is gone was deleted, by a command, too, or moved, or its user was put out, and not later than it was
    seen to go. A change that the server refuses may be taken back before its phone is `told` so: what it met came with
    a page. And what a phone has expected of its own command in a scope may come otherwise."""
    since, refused = _reasons(written, log), {each.change.id for each in told if each.outcome.outcome == "rejected"}
    for each in glimpses:
        ids = (each.id, each.scope, member_id(each.scope, each.user), _expected(each.phone, each.scope))
        if each.id not in refused and not any(id in since and since[id] <= each.at_ms for id in ids):
            yield str(each)


def _reasons(written: Iterable[Written], log: Iterable[LogEntry]) -> dict[str, int]:
    """What was deleted or moved, whose membership was ended, and where a phone has called commands, and when first."""
    reasons = [(write.id, write.at_ms) for write in written if is_reason(write)]
    reasons += [(_expected(write.phone, write.id), write.at_ms) for write in written if write.op == "command"]
    reasons += [(entry.record, entry.accepted_at_ms) for entry in log if entry.op == "delete"]
    since: dict[str, int] = {}
    for id, at_ms in reasons:
        since[id] = min(since.get(id, at_ms), at_ms)
    return since


def _expected(phone: str, scope: str) -> str:
    """What the commands that a phone, or the one it is a clone of, calls in a scope come to there."""
    return f"{phone.partition('.')[0].partition(' ')[0]} in {scope}"


def is_reason(write: Written) -> bool:
    """Whether after this write somebody may see less."""
    return write.op in ("delete", "move") or ("role" in write.fields and write.fields["role"] is None)
