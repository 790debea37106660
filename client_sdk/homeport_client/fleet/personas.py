"""The people of any app, made from its declaration, for whoever has written no script.

Between them they do all that can be done to records of every kind, on every kind of network, with all that befalls
phones. Weights and paces are guesses at people who use an app a lot; `docs/fleet.md` shows how to write your own.
"""

from __future__ import annotations

from homeport_client.fleet import mishaps
from homeport_client.fleet.acts import (
    call,
    edit,
    entrust,
    erase,
    in_a_group,
    leave,
    make,
    may_name,
    move,
    share,
    undo,
    unshare,
)
from homeport_client.fleet.networks import NETWORKS, ROUGH
from homeport_client.fleet.persona import Act, Persona
from homeport_sync import App
from homeport_sync.catalog import Catalog
from homeport_sync.scope import MEMBER
from homeport_sync.tell import Rule

TOGETHER_MIN = 4  # what is done so often is also done together with something else


def derived(app: App) -> tuple[Persona, ...]:
    """Four kinds of people who use the app."""
    acts = {**everything(app.catalog), **those_that_are_told(app)}
    calm = {act: weight for act, weight in acts.items() if weight >= 2}
    return (
        Persona(name="desk", does=calm, every_s=25, network=NETWORKS["wifi"], share=1),
        Persona(
            name="commuter",
            does={**acts, mishaps.take_a_break: 6, mishaps.lose_power: 1},
            every_s=15,
            network=NETWORKS["subway"],
            share=2,
        ),
        Persona(
            name="walker",
            does={**acts, mishaps.use_airplane_mode: 3, mishaps.ride_through_tunnel: 4, mishaps.lose_token: 2},
            every_s=20,
            network=NETWORKS["mobile"],
            open_s=(60, 300),
            closed_s=(60, 600),
            share=2,
        ),
        Persona(name="unlucky", does={**acts, **MISHAPS}, every_s=12, network=ROUGH, share=3, skewed=0.5),
    )


def everything(catalog: Catalog) -> dict[Act, float]:
    """All that can be done to an app's records: one by one, several in a group, and by its commands."""
    acts = one_by_one(catalog)
    calls: dict[Act, float] = {call(command): 8 for command in catalog.commands}
    often = {act: weight for act, weight in {**acts, **calls}.items() if weight >= TOGETHER_MIN}
    grouped: dict[Act, float] = {in_a_group(often): 8} if often else {}
    return {**acts, **calls, **grouped}


def those_that_are_told(app: App) -> dict[Act, float]:
    """For an app that tells people of things: they name each other where they can, for it may tell whom they name, and
    now and then one wants to be told of nothing."""
    kinds = [each for each in app.catalog.kinds.values() if each.name != MEMBER]
    watched = [each for each in kinds if any(_watches(rule, each.name) for rule in app.notifications)]
    named = [(kind.name, field.name) for kind in watched for field in kind.fields.values() if may_name(field)]
    acts: dict[Act, float] = {entrust(kind, field): 10 for kind, field in named}
    return {**acts, mishaps.want_quiet: 0.5} if app.notifications else acts


def _watches(rule: Rule, kind: str) -> bool:
    return rule.kinds is None or kind in rule.kinds


def one_by_one(catalog: Catalog) -> dict[Act, float]:
    """What can be done to one record."""
    acts: dict[Act, float] = {}
    for kind in catalog.kinds.values():
        if kind.name == MEMBER:
            continue
        if kind.is_root:
            acts |= {make(kind.name): 5, edit(kind.name): 6, erase(kind.name): 2}
            acts |= {share(kind.name): 4, unshare(kind.name): 6, leave(kind.name): 1}
        else:
            acts |= {make(kind.name): 24, edit(kind.name): 40, erase(kind.name): 5}
            acts |= {move(kind.name): 3, undo(kind.name): 2}
    return acts


MISHAPS: dict[Act, float] = {
    mishaps.ride_through_tunnel: 6,
    mishaps.use_airplane_mode: 4,
    mishaps.lose_power: 3,
    mishaps.set_clock: 2,
    mishaps.take_a_break: 3,
    mishaps.be_suspended: 2,
    mishaps.lose_token: 2,
    mishaps.run_out_of_storage: 1,
    mishaps.lend_phone: 1,
}
