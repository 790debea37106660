"""The first list on the table, which both phones share: something to touch at once, on any app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from homeport_client import Device
from homeport_server.phones.labels import label, rows_of
from homeport_server.titles import title_field
from homeport_sync import App
from homeport_sync.catalog import Catalog, Kind
from homeport_sync.errors import HomeportError
from homeport_sync.rules import RANK
from homeport_sync.values import PythonValue

DRAWN_MAX: Final = 3  # rows of each kind in an app that nobody has written a beginning for

Values = Mapping[str, PythonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A list as it is first seen: its kind and fields, and its rows, each of a kind."""

    root: str
    fields: Values
    rows: tuple[tuple[str, Values], ...]


WEEKEND: Final = Beginning(
    root="TaskList",
    fields={"title": "Weekend", "color": "blue"},
    rows=(
        ("Task", {"title": "Buy bread and cheese", "tags": frozenset({"shop"})}),
        ("Task", {"title": "Mend the bicycle", "tags": frozenset({"garage"}), "cheers": 2}),
        ("Task", {"title": "Call grandmother", "done": True}),
        ("Task", {"title": "Plan the walk to the lake", "notes": "Ask whether the boats are out already."}),
    ),
)


def beginning_of(app: App) -> Beginning | None:
    """The list of the example if the app declares all that is in it, or one that is drawn from what it declares; None
    if it has no list that can be made."""
    catalog = app.catalog
    if _fits(catalog, WEEKEND):
        return WEEKEND
    root = next((each for each in catalog.kinds.values() if each.is_root), None)
    if root is None:
        return None
    chance = Random(1)
    rows = [
        (kind.name, _drawn(kind, f"{label(kind.name)} {n}", chance))
        for kind in rows_of(catalog, root)
        for n in range(1, DRAWN_MAX + 1)
    ]
    return Beginning(root=root.name, fields=_drawn(root, f"First {label(root.name).lower()}", chance), rows=tuple(rows))


async def seed(device: Device, beginning: Beginning, guest: str) -> str:
    """Makes it on a device, and invites the guest; the id of the list. A row that does not fit the app's rules, or
    needs another record, is left out: so is a whole list (then "")."""
    try:
        scope = await device.create(beginning.root, scope=None, **beginning.fields)
    except HomeportError:
        return ""
    for kind, values in beginning.rows:
        try:
            await device.create(kind, scope=scope, **values)
        except HomeportError:
            continue
    await device.invite(scope, guest)
    return scope


def _fits(catalog: Catalog, beginning: Beginning) -> bool:
    """Whether the app declares all of it: many apps have tasks."""
    told = [(beginning.root, beginning.fields), *beginning.rows]
    kinds = [(catalog.kinds.get(name), values) for name, values in told]
    return all(kind is not None and _takes(kind, values) for kind, values in kinds)


def _takes(kind: Kind, values: Values) -> bool:
    needed = {each.name for each in kind.fields.values() if each.required and each.rule != RANK}
    return needed <= values.keys() <= kind.fields.keys() and all(
        kind.fields[name].type.fits(kind.fields[name].type.to_wire(each)) for name, each in values.items()
    )


def _drawn(kind: Kind, title: str, chance: Random) -> dict[str, PythonValue]:
    """The title if it fits, and whatever else has to be given."""
    titled = title_field(kind)
    names = {titled.name: title} if titled and titled.type.fits(title) else {}
    needed = [each for each in kind.fields.values() if each.required and each.name not in names and each.rule != RANK]
    return {**{each.name: each.type.draw(chance) for each in needed}, **names}
