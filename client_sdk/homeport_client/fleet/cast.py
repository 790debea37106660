"""The cast: who has which phone, dealt from a script and a seed before anything happens."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.networks import Network
from homeport_client.fleet.persona import Persona
from homeport_client.fleet.personas import derived
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.story import Handset
from homeport_sync import App

LANES_MAX = 12


def people(script: Script, app: App) -> dict[str, Persona]:
    """The script's personas, or those made from the app, by name."""
    return {persona.name: persona for persona in script.personas or derived(app)}


def deal(script: Script, seed: Seed, app: App) -> tuple[Handset, ...]:
    """A phone for everybody, and a second one for some; none that is never switched on. The personas are dealt by their
    shares."""
    kinds = tuple(people(script, app).values())
    switched = ((number, script.on_at_s(number / script.devices)) for number in range(script.devices))
    return tuple(_handset(number, at_s, script, seed, kinds) for number, at_s in switched if at_s is not None)


def own_networks(script: Script, app: App) -> dict[str, Network]:
    """The networks that the script or its people bring along, by name."""
    own = (*(persona.network for persona in people(script, app).values()), script.network)
    return {each.name: each for each in own if each}


def _handset(number: int, on_at_s: float, script: Script, seed: Seed, kinds: Sequence[Persona]) -> Handset:
    chance = seed.stream("handset", number)
    persona = _dealt(number, script.devices, kinds)
    user = number % script.users
    skewed = chance.random() < persona.skewed
    return Handset(
        name=f"phone-{number + 1}",
        user=f"user-{user + 1}",
        persona=persona.name,
        network=(script.network or persona.network).name,
        circle=user // script.circle,
        on_at_ms=round(on_at_s * 1_000),
        skew_ms=_skew_ms(chance) if skewed else 0,
        watched=number < script.watched,
        lane=number < LANES_MAX,
    )


def _dealt(number: int, devices: int, kinds: Sequence[Persona]) -> Persona:
    """Neighbours get different personas, and all together get their shares: the golden ratio spreads them evenly."""
    place = (number * 0.6180339887498949) % 1.0 * sum(each.share for each in kinds)
    for persona in kinds:
        place -= persona.share
        if place < 0:
            return persona
    return kinds[-1]


def _skew_ms(chance: Random) -> int:
    return chance.randint(-DAY_MS, DAY_MS)
