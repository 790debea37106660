"""What a page shows: plain values, with no device in them. Every value is a text for people already.

All of it is bounded: what is more than a page shows is counted, and not shown. The limits stand here together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

LISTS_MAX: Final = 30
ROWS_MAX: Final = 40  # of each kind of row in the list that is open
OUTBOX_MAX: Final = 20
TOLD_MAX: Final = 30
TAIL_MAX: Final = 40  # entries of the server's log
TEXT_CHARS_MAX: Final = 300  # of a text that is only shown; what can be edited is whole
ITEMS_MAX: Final = 40  # tags of one field
OPTIONS_MAX: Final = 100  # to choose from

Widget: TypeAlias = Literal[
    "text",  # one line
    "long",  # several lines
    "flag",  # a box to tick: `toggle`
    "choice",  # one of `options`
    "counter",  # plus and minus: `count`; cannot be set to a value
    "number",  # a whole number
    "decimal",
    "tags",  # `items`: `tag` and `untag`
    "day",  # as an input of type date takes it
    "moment",  # as 2026-11-23T08:15:00.000Z
    "id",
]
Life: TypeAlias = Literal["on", "asleep", "off"]
Verdict: TypeAlias = Literal["applied", "merged", "superseded", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSight:
    """One value to choose, and what people call it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSight:
    """One field of a record, or of what is still to be made.

    `value` is the text to edit ("" for nothing there), `text` the one to read. `rule` is how it merges, `hint` what
    people should know of that ("" for a plain field), `expected` what it takes. `pending`: a change of it waits in the
    outbox. A `nullable` one may be emptied.
    """

    name: str
    label: str
    widget: Widget
    rule: str = "register"
    value: str = ""
    text: str = ""
    checked: bool = False
    items: tuple[str, ...] = ()
    options: tuple[OptionSight, ...] = ()
    hint: str = ""
    expected: str = ""
    nullable: bool = False
    required: bool = False
    pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSight:
    """One record within the list that is open. `title_field` is the field that is its title ("": the kind has none).

    `flag_field` is the first field that can be ticked ("": none), which is `done`. `fields` are all but the title, the
    flag and its place in the order. `pending`: a change of it waits in the outbox. `fresh`: it was made on this phone
    and the server does not know it yet.
    """

    id: str
    kind: str
    title: str
    title_field: str
    flag_field: str
    done: bool
    fields: tuple[FieldSight, ...]
    pending: bool
    fresh: bool
    title_pending: bool = False
    flag_pending: bool = False
    order_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSight:
    """A kind whose records can be made: its `label` for one and `plural` for many, and the `fields` to give, the title
    first, with their defaults. `ordered`: people drag its records into an order."""

    name: str
    label: str
    plural: str
    fields: tuple[FieldSight, ...]
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSight:
    """The rows of one kind in the list that is open, in their order; `total` of them, of which the first are here."""

    kind: KindSight
    rows: tuple[RowSight, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSight:
    """A command of the app that can be called in the list that is open."""

    name: str
    label: str
    arguments: tuple[FieldSight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSight:
    """One root record: a list of rows. `fields` are all but the title; of a list that is not open none."""

    id: str
    kind: str
    title: str
    title_field: str
    open: bool
    pending: bool
    fields: tuple[FieldSight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSight:
    """One change that waits in the outbox: its `number`, in words what it does, and `at` which time it is stamped with,
    by the phone's clock as far as the server has not set it right."""

    number: int
    op: str
    words: str
    record: str
    fields: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSight:
    """One field that met what another device had written: what both had seen (`base`), what this phone wrote (`mine`),
    what it met (`theirs`), the `result`, and the `rule` with a sentence that explains it (`why`). `lost`: what this
    phone wrote did not take effect. Of `long` values `theirs` and `result` are not told."""

    field: str
    label: str
    rule: str
    why: str
    base: str
    mine: str
    theirs: str
    result: str
    lost: bool
    long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSight:
    """What the server said of one change, newest first. `place` names it to `replay` and `dismiss`, if it `waits` in
    quarantine; `edits` are then the fields that can be edited for the replay, as they were written."""

    place: int
    number: int
    verdict: Verdict
    words: str
    merges: tuple[MergeSight, ...] = ()
    code: str = ""
    message: str = ""
    waits: bool = False
    dependents: int = 0
    edits: tuple[FieldSight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSight:
    """A notification as it lies on the phone's screen, unread. `at` is the phone's own clock. `asleep`: the phone slept
    when it came."""

    title: str
    body: str
    at: str
    asleep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoSight:
    """The delete that can be undone now."""

    record: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSight:
    """Everything a page shows of one phone.

    `state` is where its syncer is ("offline", "pushing", "pulling", "live", "backing_off", "refused", "closed"; of an
    app that is not running "off", of one that sleeps "asleep"), `state_words` the same as a sentence. `said` answers
    the last thing that was tried and did not fit ("": nothing), `trouble` why the network failed it last, `weather`
    what the bad network did last. `clock` is what its clock shows, which is `clock_ahead_ms` ahead of UTC, by its skew
    and by the zone of this machine, and `clock_words` how wrong that is ("": right). `pending` counts the outbox, also
    of an app that was killed; the rest of its data shows when it runs.
    """

    key: str
    name: str
    user: str
    device: str
    life: Life
    state: str
    state_words: str
    airplane: bool
    network: str
    skew_ms: int
    clock: str
    clock_words: str
    clock_ahead_ms: int = 0
    lists: tuple[ListSight, ...] = ()
    lists_total: int = 0
    roots: tuple[KindSight, ...] = ()
    open: ListSight | None = None
    members: tuple[str, ...] = ()
    sections: tuple[SectionSight, ...] = ()
    commands: tuple[CommandSight, ...] = ()
    outbox: tuple[PendingSight, ...] = ()
    pending: int = 0
    told: tuple[ToldSight, ...] = ()
    quarantined: int = 0
    notice: NoticeSight | None = None
    undo: UndoSight | None = None
    said: str = ""
    trouble: str = ""
    weather: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySight:
    """One accepted change in the server's log, read from its database: `who` wrote it on which `device`, in words."""

    position: int
    op: str
    who: str
    device: str
    words: str
    outcome: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSight:
    """The server process. `state` is "starting", "running", "killed" (by somebody here) or "fallen" (by itself), which
    `words` tell as a sentence. `head` is the last position of its log, `tail` the newest entries, newest first.
    `pulse` is a link to its console, with a key that is good for some hours ("": it does not run)."""

    state: Literal["starting", "running", "killed", "fallen"]
    words: str
    url: str
    pid: int | None
    head: int
    tail: tuple[EntrySight, ...] = ()
    pulse: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSight:
    """The devices that were let loose: `devices` of them in a process of their own. `written` counts their changes,
    `pending` those the server has not answered."""

    state: Literal["home", "leaving", "loose", "fallen"]
    words: str
    devices: int = 0
    online: int = 0
    offline: int = 0
    pending: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSight:
    """One network that a phone can be given: its name, and what it is like."""

    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSight:
    """Everything at once, as a page is first drawn."""

    app: str
    phones: tuple[PhoneSight, ...]
    server: ServerSight
    crowd: CrowdSight
    networks: tuple[NetworkSight, ...] = field(default=())
