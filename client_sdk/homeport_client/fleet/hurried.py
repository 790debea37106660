"""A script for those who watch: a real fleet of any app, in less than a minute."""

from __future__ import annotations

from homeport_client.fleet import mishaps
from homeport_client.fleet.networks import PERFECT, Network
from homeport_client.fleet.persona import Act, Persona
from homeport_client.fleet.personas import everything, those_that_are_told
from homeport_client.fleet.script import Script, steady
from homeport_sync import App


def hurried(app: App, *, devices: int, duration_s: float, network: Network = PERFECT) -> Script:
    """Everybody is there from the beginning and does something every half second, and whatever befalls them is over in
    seconds. Where the app tells people of things, they name each other, and their phones doze."""
    befalls: dict[Act, float] = {
        mishaps.tunnel(0.1, duration_s / 4): 6,
        mishaps.use_airplane_mode: 4,
        mishaps.lose_power: 3,
        mishaps.set_clock: 2,
    }
    if app.notifications:
        befalls |= {
            mishaps.nap(duration_s / 4, duration_s / 2): 8,
            **{act: 3 * often for act, often in those_that_are_told(app).items()},
        }
    does = {**everything(app.catalog), **befalls}
    persona = Persona(name="hurried", does=does, every_s=0.4, network=network, skewed=0.4)
    return Script(
        devices=devices,
        duration_s=duration_s,
        personas=[persona],
        phases=(steady(1),),
        phones_per_user=4,
        roots=3,
        crashes=0,
        storms=0,
        clones=0,
        watched=0,
    )
