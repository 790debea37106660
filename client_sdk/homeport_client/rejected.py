"""A rejected change as the app sees it: what was meant, why it was refused, and what depended on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport_client.intents import Meant
from homeport_client.meant import meant_by
from homeport_client.outcomes import ChangeOutcome
from homeport_sync.catalog import Catalog
from homeport_sync.change import Op
from homeport_sync.quarantine import change_name
from homeport_sync.refusal import code_of, flat, message_of, with_dependents


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A change that waits in quarantine until it is replayed or dismissed.

    `place` is its name here, and what `after` takes. `fields` are as they were written, as values or as intents; `into`
    is where a move was to go ("": it is none). `code` and `message` say why it was refused. `dependents` are the places
    of what cannot stand without this one, in the order of writing: the others of its group, and what was built on a
    record that it was to make.
    """

    place: int
    op: Op
    kind: str
    id: str
    scope: str
    into: str
    fields: Mapping[str, Meant]
    code: str
    message: str
    dependents: tuple[int, ...]


def rejected(refused: ChangeOutcome, waiting: Sequence[ChangeOutcome], catalog: Catalog) -> Rejected:
    """The rejected change, one of those that are `waiting`; all that may not stand without it are among them."""
    change = refused.change
    beside = flat(with_dependents(waiting, refused))
    return Rejected(
        place=refused.place,
        op=change.op,
        kind=change.kind,
        id=change.id,
        scope=change.scope,
        into=change.into,
        fields=meant_by(change, catalog),
        code=code_of(refused.error),
        message=message_of(refused.error),
        dependents=tuple(each.place for each in beside if each is not refused),
    )


def name_to_replay(refused: ChangeOutcome) -> str:
    """The name under which the server keeps it, or of what it was to make good itself: so the first stays the one."""
    return refused.change.replays or change_name(refused.device, refused.number)
