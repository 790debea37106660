"""What the tests of this room speak of: an app of lists and boards, and the phones that write to it.

A phone here is plain: it numbers and stamps its changes as a device must, and keeps nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import msgspec
from msgspec.structs import replace

from homeport_sync.catalog import Catalog, Field, Kind, member_kind
from homeport_sync.change import Change, Op, Value, encode
from homeport_sync.clock import NEVER, Stamp, next_stamp, uuid7
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.push import Push
from homeport_sync.scope import MEMBER, member_id
from homeport_sync.values import PLAIN, choice, optional, text
from homeport_sync.wire import read_changes

NOW = 1_795_000_000_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
STRANGER = "00000000-0000-7000-8000-00000000dead"

_TITLE = Field(name="title", type=text(200), required=True)
_KINDS = (
    Kind(
        name="TaskList",
        fields={"title": _TITLE, "colour": Field(name="colour", type=optional(choice(("red", "blue"))))},
    ),
    Kind(
        name="Task",
        within="TaskList",
        fields={
            "title": _TITLE,
            "done": Field(name="done", type=PLAIN[bool], default=False),
            "rank": Field(name="rank", type=PLAIN[float], default=0),
        },
    ),
    Kind(name="Note", within="TaskList", fields={"title": _TITLE}),
    Kind(name="Board", fields={"title": _TITLE}),
    Kind(name="Card", within="Board", fields={"title": _TITLE}),
    member_kind(),
)
CATALOG = Catalog(app="tasks", version=1, kinds={kind.name: kind for kind in _KINDS})


def device_id(index: int) -> str:
    """The id of the phone of that index; its last eight digits tell phones apart in stamps."""
    return f"{index:08x}-0000-7000-8000-{index:012x}"


@dataclass(slots=True, kw_only=True)
class Phone:
    """A device in a user's hand. `ms` is what its clock shows at the next change."""

    user: str
    index: int
    ms: int = NOW
    number: int = 0
    last: Stamp = NEVER
    _random: Random = field(default_factory=lambda: Random(0))

    def __post_init__(self) -> None:
        self._random = Random(self.index)

    @property
    def device(self) -> str:
        return device_id(self.index)

    def new_id(self) -> str:
        return uuid7(self.ms, self._random)

    def change(
        self, op: Op, kind: str, id: str, scope: str, *, base: int = 0, fields: dict[str, Value] | None = None
    ) -> Change:
        """The phone's next change, numbered and stamped."""
        self.number += 1
        self.last = next_stamp(self.last, self.ms, self.device)
        return Change(
            number=self.number,
            op=op,
            kind=kind,
            id=id,
            scope=scope,
            stamp=self.last,
            base=base,
            fields=fields or {},
        )

    def make_root(self, kind: str = "TaskList", *, id: str = "", title: str = "home") -> Change:
        made = id or self.new_id()
        return self.change("create", kind, made, made, fields={"title": title})

    def make(self, scope: str, kind: str = "Task", *, id: str = "", **fields: Value) -> Change:
        made = id or self.new_id()
        return self.change("create", kind, made, scope, fields={"title": "milk", **fields})

    def update(self, of: Change, *, base: int = 0, **fields: Value) -> Change:
        return self.change("update", of.kind, of.id, of.scope, base=base, fields=fields)

    def delete(self, of: Change, *, base: int = 0) -> Change:
        return self.change("delete", of.kind, of.id, of.scope, base=base)

    def move(self, of: Change, into: str, *, base: int = 0) -> Change:
        return replace(self.change("move", of.kind, of.id, of.scope, base=base), into=into)

    def invite(self, scope: str, user: str, role: str | None = "editor") -> Change:
        fields: dict[str, Value] = {"user": user, "role": role}
        return self.change("create", MEMBER, member_id(scope, user), scope, fields=fields)

    def call(self, command: str, scope: str, **arguments: Value) -> Change:
        return self.change("command", command, self.new_id(), scope, fields=arguments)

    def push(self, *changes: Change | bytes, confirmed: int = 0, limits: Limits = LIMITS) -> Push:
        """The changes as one push; bytes stand for a change as it came, good or bad."""
        sent = [each if isinstance(each, bytes) else encode(each).encode() for each in changes]
        return Push(
            device=self.device,
            user=self.user,
            request_id="request",
            confirmed=confirmed,
            sent=read_changes([msgspec.Raw(each) for each in sent], limits),
        )


def ann() -> Phone:
    return Phone(user="ann", index=1)


def bob() -> Phone:
    return Phone(user="bob", index=2)
