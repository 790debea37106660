"""One record's history as people are told it: its moments, what each wrote, and how that merged. `explain.py` makes it.

Values are those that Python knows; who shows them makes text of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from homeport_sync.change import Elements, Increment, Logged, Verdict
from homeport_sync.values import PythonValue

Wrote: TypeAlias = PythonValue | Increment | Elements  # a value, or what was added, put in and taken out
BASE, MINE, THEIRS, RESULT = "base", "mine", "theirs", "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One field of a change that met what another device had written.

    `base` is the value that the device showed when it wrote, `mine` what it wrote, `theirs` what that met on the
    server, and `result` what the field held then, by its `rule`. `lost`: what was written did not take effect. `untold`
    names those of the four that nobody knows any more, or that are too long to be kept; they are None.
    """

    field: str
    rule: str
    base: PythonValue
    mine: Wrote
    theirs: PythonValue
    result: PythonValue
    lost: bool
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWritten:
    """One field that a change changed: what it wrote (`mine`), and what the field held `before` and `after` it."""

    field: str
    rule: str
    mine: Wrote
    before: PythonValue
    after: PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One change of a record, as it was accepted at `position` in its tenant's log.

    `written_at` is when the device wrote it, by its own clock as the server had corrected it; where that was so far
    ahead that the stamp was lowered, `ahead_ms` says how far it was ahead of the server's (0: the stamp was kept).
    `written` are the fields that it changed, `merges` those that met what others had written, `lost` the names of those
    that did not take effect, and `in_vain` what was to be written to them, as far as that is known. `met_deleted`: the
    record was deleted when it came. Unless `told`, what it was told is forgotten, and with it the merges and what was
    lost.
    """

    position: int
    op: Logged
    kind: str
    record: str
    scope: str
    user: str
    device: str
    number: int
    request_id: str
    accepted_at: datetime
    written_at: datetime
    verdict: Verdict
    ahead_ms: int = 0
    written: tuple[FieldWritten, ...] = ()
    merges: tuple[Merge, ...] = ()
    lost: tuple[str, ...] = ()
    in_vain: Mapping[str, Wrote] = field(default_factory=dict)
    met_deleted: bool = False
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMoment:
    """One change of the record that was rejected, with `code` and `message`. `wrote` is what it was to write, by field.

    It `waits` in quarantine; or it was made good by the change `replayed_by` (device/number); or it is itself a replay
    of another one that was rejected again, which it `replays`.
    """

    op: Logged
    kind: str
    user: str
    device: str
    number: int
    rejected_at: datetime
    code: str
    message: str
    wrote: Mapping[str, Wrote]
    waits: bool
    replayed_by: str = ""
    replayed_at: datetime | None = None
    replays: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a record in a stretch of the log: its `moments`, newest first, down to a position; `more` if
    there may be moments further back, before `down_to`. `refused` are its changes that never came into the log, newest
    first, wherever the stretch begins and ends."""

    record: str
    moments: tuple[Moment, ...]
    refused: tuple[RefusedMoment, ...]
    down_to: int
    more: bool
