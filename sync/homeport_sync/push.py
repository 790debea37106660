"""A push on its way through the intake: who sends what, what must be known to decide it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from homeport_sync.call import first_made_ids
from homeport_sync.catalog import CASCADE, Command, Kind
from homeport_sync.change import Change, Verdict
from homeport_sync.clock import NEVER, Stamp, is_by, is_uuid
from homeport_sync.errors import HomeportError
from homeport_sync.group import uncut
from homeport_sync.keys import CASCADE_MAX, Key, key_of
from homeport_sync.ports import Wanted
from homeport_sync.rules import written_value
from homeport_sync.scope import EVERYBODY, MEMBER
from homeport_sync.wire import Sent

NO_COMMANDS: Final[Mapping[str, Command]] = {}
NO_KINDS: Final[Mapping[str, Kind]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One push as it is decided: who sends what. `confirmed` is the highest number whose outcome is stored there.

    `first` is the place of its first change in the push as it came: a long one is decided in parts. One without a
    device (`writer.py`) `began` to write under that stamp (NEVER: it is a device), and what it sends is settled by what
    is there. It `keeps_refused` in quarantine what is rejected.
    """

    device: str
    user: str
    request_id: str
    confirmed: int
    sent: Sequence[Sent]
    first: int = 0
    began: Stamp = NEVER
    keeps_refused: bool = True


@dataclass(slots=True, kw_only=True)
class Decided:
    """What became of a push: outcomes as JSON text, in order, and errors for what could not be decided.

    `verdicts` are the outcomes' words, and `rejections` the codes of those that are rejected, for counting. With
    `since` nothing was decided: whoever writes without a device began before, under that stamp, and says so then.
    """

    outcomes: list[str] = field(default_factory=list)
    errors: list[HomeportError] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)
    since: Stamp = NEVER


def parts(push: Push, changes_max: int) -> Iterator[Push]:
    """The push in parts of about so many changes, between which something else may be done; no group is cut in two."""
    start, size = 0, len(push.sent)
    while True:
        end = uncut(push.sent, min(start + changes_max, size))
        yield push if end - start == size else replace(push, sent=push.sent[start:end], first=push.first + start)
        if end == size:
            return
        start = end


def has_calls(pushes: Iterable[Push]) -> bool:
    """Whether any of them calls a command."""
    return any(sent.change is not None and sent.change.op == "command" for push in pushes for sent in push.sent)


def wanted(
    pushes: Iterable[Push],
    commands: Mapping[str, Command] = NO_COMMANDS,
    keyed: Mapping[str, Kind] = NO_KINDS,
    *,
    public: bool = True,
) -> Wanted:
    """What must be loaded to decide these pushes, where there are these commands, and these kinds with keys; `public`:
    and scopes that everybody may have."""
    devices, outcomes, stamps, grants = set(), set(), set(), set()
    records, creates, kinds = set[str](), set[tuple[str, str]](), set[tuple[str, str]]()
    keys, targets = set[Key](), set[str]()
    for push in pushes:
        devices.add(push.device)
        for sent in push.sent:
            change = sent.change
            outcomes.add((change.stamp if change else NEVER, push.device, sent.number))
            if change is None:
                continue
            if not is_by(change.stamp, push.device):
                stamps.add(change.stamp)
            named = {change.id}
            for scope in (change.scope, change.into) if change.into else (change.scope,):
                named.add(scope)
                grants.add((push.user, scope))
                if public:
                    grants.add((EVERYBODY, scope))
            if change.op == "command":
                _want_call(change, commands, kinds, named)
            if keyed and (written := keyed.get(change.kind)) is not None:
                _want_keys(change, written, keys, targets, named)
            if change.kind == MEMBER:
                grants.update(_subject(change))
            records |= named
            creates.update((push.device, id) for id in named)
    return Wanted(
        devices=frozenset(devices),
        outcomes=frozenset(outcomes),
        stamps=frozenset(stamps),
        grants=frozenset(grants),
        records=frozenset(records),
        creates=frozenset(creates),
        kinds=frozenset(kinds),
        keys=frozenset(keys),
        targets=frozenset(targets),
        links_max=CASCADE_MAX + len(outcomes),  # each of the others may take one away
    )


def _want_call(change: Change, commands: Mapping[str, Command], kinds: set[tuple[str, str]], records: set[str]) -> None:
    """What a command may look at: what its arguments name, and the kinds that it reads. And what it would make: that
    must not be there."""
    records.update(value for value in change.fields.values() if isinstance(value, str) and is_uuid(value))
    if (command := commands.get(change.kind)) is not None:
        kinds.update((change.scope, kind) for kind in command.reads)
        records.update(first_made_ids(change))


def _subject(change: Change) -> Iterator[tuple[str, str]]:
    """Whom a member record is about, and where."""
    user = str(change.fields.get("user"))
    if "\0" not in user:  # no user has such a name, and no database takes it
        yield user, change.scope


def _want_keys(change: Change, kind: Kind, keys: set[Key], targets: set[str], records: set[str]) -> None:
    """What a change may need to know of other records. What goes with a record must be known of what is made to go with
    another, too, in case that one is deleted."""
    if kind.referred and (
        change.op in ("delete", "move")
        or any(each.on_delete == CASCADE and each.name in change.fields for each in kind.refers)
    ):
        targets.add(change.id)
    for each in kind.unique:
        if (written := change.fields.get(each.name)) is not None:
            keys.add(key_of(change.scope, kind.name, each.name, written_value(written)))
    for each in kind.refers:
        if isinstance(value := written_value(change.fields.get(each.name)), str) and is_uuid(value):
            records.add(value)
