"""Drafts: what somebody without a device wants written, and the changes that are sent for it. Pure.

What is compared when a draft comes again is the draft, and never the change made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import GROUP_CHANGES_MAX, Change, Edits, Group, Op, Written, encode
from homeport_sync.clock import is_uuid, make_stamp
from homeport_sync.errors import HomeportError, Malformed, TooLarge
from homeport_sync.limits import Limits
from homeport_sync.rules import RANK
from homeport_sync.scope import MEMBER, member_id
from homeport_sync.settle import ANYWHERE
from homeport_sync.wire import Sent, read_changes
from homeport_sync.writer_ids import made_id

DRAFTS_MAX: Final = GROUP_CHANGES_MAX
KEY_CHARS_MAX: Final = 200
_MAKING: Final = frozenset({"create", "command"})
_sorted_json = msgspec.json.Encoder(order="deterministic").encode


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wants written: a `Change` without all that a device adds.

    Of a create or a command the `id` may be left out: it is made, and follows from the key. That of a `Member` follows
    from its scope and user. Of what is there the `scope` may be left out: it is where it is. `fields` of an update are
    values, `Increment`, `Elements` (their stamps do not count) or `Swap`: a value makes a set what it says, and is
    nothing to a counter. A create has defaults for what it leaves out, a restore leaves nothing out but ranks. With
    `expected` it is refused as `STALE` if others have put the record to another position; what is guarded is refused
    without.
    """

    op: Op
    kind: str
    id: str = ""
    scope: str = ""
    fields: Edits = {}
    into: str = ""
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What was looked up for drafts: `scopes` of records by id, and `ranks` at the end by the draft's place and the
    field."""

    scopes: Mapping[str, str]
    ranks: Mapping[tuple[int, str], str]


def check_drafts(drafts: Sequence[Draft], key: str | None) -> None:
    """Raises `Malformed` for a key that is none, or if nothing is wanted, and `TooLarge` for too many drafts."""
    if key is not None and not 1 <= len(key) <= KEY_CHARS_MAX:
        raise Malformed(f"An idempotency key has 1 to {KEY_CHARS_MAX} characters, not {len(key):,}: send another.")
    if not drafts:
        raise Malformed("There is nothing to write: send at least one draft.")
    if len(drafts) > DRAFTS_MAX:
        raise TooLarge(f"There are {len(drafts):,} drafts; at most {DRAFTS_MAX} go at once.", limit=DRAFTS_MAX)


def unplaced(draft: Draft, catalog: Catalog) -> Sequence[str]:
    """The ranks that it leaves out, of a record that will be there."""
    kind = catalog.kinds.get(draft.kind) if draft.op in ("create", "restore") else None
    fields = kind.fields.values() if kind else ()
    return [each.name for each in fields if each.rule == RANK and each.name not in draft.fields]


class Drafted:
    """The drafts of one call as a push sends them from its `device`; `as_one`: as a group."""

    def __init__(
        self, drafts: Sequence[Draft], place: Place, catalog: Catalog, limits: Limits, device: str, *, as_one: bool
    ) -> None:
        self._drafts = drafts
        self._place = place
        self._catalog = catalog
        self._limits = limits
        self._device = device
        self._grouped = as_one and len(drafts) > 1
        self._digest = blake2b(_sorted_json([as_one, *drafts]), digest_size=8).digest()

    def sent(self, ms: int) -> Sequence[tuple[str, Sent]]:
        """Each with the id it goes under, as begun in that millisecond. Whatever cannot be sent says why."""
        made = (self._change(draft, number, ms) for number, draft in enumerate(self._drafts, 1))
        return [(change.id, self._sent(draft, change)) for draft, change in zip(self._drafts, made, strict=True)]

    def _sent(self, draft: Draft, change: Change) -> Sent:
        digest = self._digest + change.number.to_bytes(8, "big")
        error: HomeportError | None = _why_not(draft, change)
        if error is None:
            (read,) = read_changes([msgspec.Raw(encode(change).encode())], self._limits)
            change_read, error = read.change, read.error
            if change_read is not None:
                return Sent(number=change.number, digest=digest, change=change_read)
        return Sent(number=change.number, digest=digest, change=None, error=error)

    def _change(self, draft: Draft, number: int, ms: int) -> Change:
        kind = self._catalog.kinds.get(draft.kind)
        id = draft.id or self._id_for(draft, number, ms)
        return Change(
            number=number,
            op=draft.op,
            kind=draft.kind,
            id=id,
            scope=draft.scope or self._scope_for(draft, kind, id),
            stamp=make_stamp(ms, number - 1, self._device),
            fields=self._fields(draft, number, kind),
            base=draft.expected or 0,
            group=Group(at=number, of=len(self._drafts)) if self._grouped else None,
            into=draft.into,
        )

    def _id_for(self, draft: Draft, number: int, ms: int) -> str:
        if draft.kind == MEMBER and draft.op != "command":
            return member_id(draft.scope, str(draft.fields.get("user"))) if is_uuid(draft.scope) else ""
        return made_id(self._device, number, ms) if draft.op in _MAKING else ""

    def _scope_for(self, draft: Draft, kind: Kind | None, id: str) -> str:
        if draft.op in _MAKING:
            return id if kind is not None and kind.is_root else ""
        return self._place.scopes.get(id, ANYWHERE)

    def _fields(self, draft: Draft, number: int, kind: Kind | None) -> Edits:
        """What a create leaves out has its default; a set is sorted, as the wire has it."""
        if kind is None or draft.op not in ("create", "restore"):
            return draft.fields
        ranks = {name: self._place.ranks[number, name] for name in unplaced(draft, self._catalog)}
        fields: dict[str, Written] = {**draft.fields, **ranks}
        if draft.op == "create":
            left_out = (each for each in kind.fields.values() if each.name not in fields and not each.required)
            fields |= {each.name: each.default for each in left_out}
        return {name: sorted(set(each)) if isinstance(each, list) else each for name, each in fields.items()}


def _why_not(draft: Draft, change: Change) -> HomeportError | None:
    if not change.id:
        named = "its id, or its scope and user" if draft.kind == MEMBER else "its id"
        return Malformed(f"It does not say which {draft.kind} it is about: name {named}.")
    if not change.scope:
        return Malformed(f"It does not say where: name the scope of this {draft.op}.")
    if draft.expected is not None and draft.expected < 1:
        return Malformed(f"Positions begin at 1, and {draft.expected} is none: expect the position that you have seen.")
    return None
