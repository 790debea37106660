"""Rejected changes as people read them: what each was, whose, and why it was rejected."""

from __future__ import annotations

from dataclasses import dataclass

from homeport_server.quarantine.case import Case, Readable
from homeport_sync.history import RefusedMoment
from homeport_sync.refusal import code_of, message_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One of them in a list. `kind` is "" for one that could not be read; `state` says what became of it since."""

    device: str
    number: int
    user: str
    op: str
    kind: str
    record: str
    code: str
    why: str
    rejected_at_ms: int
    state: str


def waiting_of(case: Case) -> Waiting:
    """A case as a row."""
    held, change = case.held, case.held.change
    read = case.change if isinstance(case, Readable) else None
    return Waiting(
        device=change.device,
        number=change.number,
        user=held.user,
        op=read.op if read else "",
        kind=read.kind if read else "",
        record=change.record,
        code=code_of(case.error),
        why=message_of(case.error),
        rejected_at_ms=change.rejected_at_ms,
        state=state_of(case),
    )


def waiting_from(moment: RefusedMoment, record: str) -> Waiting:
    """The same of what a record's history tells."""
    return Waiting(
        device=moment.device,
        number=moment.number,
        user=moment.user,
        op=moment.op,
        kind=moment.kind,
        record=record,
        code=moment.code,
        why=moment.message,
        rejected_at_ms=round(moment.rejected_at.timestamp() * 1_000),
        state="replayed" if moment.replayed_by else "a replay" if moment.replays else "waits",
    )


def state_of(case: Case) -> str:
    """ "waits", "replayed", or "a replay": that one was rejected in its turn."""
    if case.held.replayed_at_ms is not None:
        return "replayed"
    return "a replay" if case.held.change.replays else "waits"
