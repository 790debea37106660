"""A script: what kind of people use the app on how many phones, for how long, and what goes wrong meanwhile.

    script = Script(
        devices=50,
        duration_s=3_600,
        personas=[
            Persona(name="commuter", does={edit("Task"): 5, make("Task"): 2, lose_power: 0.1}, network=SUBWAY),
            Persona(name="at home", does={make("Task"): 1}, every_s=60, network=WIFI, share=2),
        ],
        phases=[ramp(1), steady(6), spike(1, pace=5), steady(2)],
    )

The same script plays in the simulated world and in the real one. It only declares; what each phone does at which
moment is drawn from the seed, and written down as a `Story`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from homeport_client.fleet.check.data import Data
from homeport_client.fleet.networks import Network
from homeport_client.fleet.persona import Persona
from homeport_client.fleet.sound import above_zero, different, not_negative, plain_functions, shares

Invariant: TypeAlias = Callable[[Data], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the time, `share` of it against the other phases. People act `pace` times as often as they otherwise
    do; when it ends `devices` (0 to 1) of all phones are switched on, one after the other (None: as many as before; a
    fleet without any ramp is on from the beginning)."""

    share: float
    pace: float = 1.0
    devices: float | None = None

    def __post_init__(self) -> None:
        above_zero("A phase", share=self.share, pace=self.pace)
        if self.devices is not None:
            shares("A phase", devices=self.devices)


def ramp(share: float, to: float = 1.0) -> Phase:
    """Phones are switched on one after the other, until `to` (0 to 1) of them are. Those beyond the last ramp never
    are, and not part of the fleet."""
    return Phase(share=share, devices=to)


def steady(share: float) -> Phase:
    """Everything goes its way."""
    return Phase(share=share)


def spike(share: float, pace: float = 5.0) -> Phase:
    """Everybody acts `pace` times as often."""
    return Phase(share=share, pace=pace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """See the module. Without `personas` they are made from the app's declaration.

    `network` puts every phone on that one, whatever its persona's is. Of every three users one has two phones
    (`phones_per_user` says how many on average). People come in circles of `circle` users; each circle shares `roots`
    records of every root kind from the beginning. `crashes`, `storms` and `clones` are how often the server's process
    dies, everybody's connections break at once, and a phone is set up from another's backup. Somebody looks at the
    first `watched` phones all the time, and `invariants` are asked of what every device shows in the end.
    """

    devices: int = 50
    duration_s: float = 3_600.0
    personas: Sequence[Persona] = ()
    network: Network | None = None
    phases: Sequence[Phase] = (ramp(1), steady(6), spike(1), steady(2))
    phones_per_user: float = 1.5
    circle: int = 5
    roots: int = 1
    crashes: int = 2
    storms: int = 1
    clones: int = 1
    watched: int = 5
    invariants: Sequence[Invariant] = ()
    thresholds: Sequence[str] = ()

    def __post_init__(self) -> None:
        above_zero(
            "The script",
            devices=self.devices,
            duration_s=self.duration_s,
            phones_per_user=self.phones_per_user,
            circle=self.circle,
        )
        not_negative(
            "The script",
            roots=self.roots,
            crashes=self.crashes,
            storms=self.storms,
            clones=self.clones,
            watched=self.watched,
        )
        plain_functions("The script", "invariant", self.invariants)
        different("The script", "personas", (each.name for each in self.personas))
        if self.personas:
            above_zero("The script", **{"shares of all personas": sum(each.share for each in self.personas)})

    @property
    def users(self) -> int:
        """How many people there are."""
        return max(min(round(self.devices / self.phones_per_user), self.devices), 1)

    def pace_at(self, at_s: float) -> float:
        """How often people act at that moment, against how often they otherwise do."""
        return self._phase_at(at_s).pace

    def on_at_s(self, place: float) -> float | None:
        """When the phone is switched on that stands at `place` (0 to 1) among all of them: at once if no phase ramps
        up; never (None) if it stands beyond the last ramp."""
        if all(phase.devices is None for phase in self.phases):
            return 0.0
        began_s, on = 0.0, 0.0
        for phase in self.phases:
            lasts_s = self._lasts_s(phase)
            if phase.devices is not None:
                if place < phase.devices:
                    return began_s + lasts_s * max(place - on, 0.0) / max(phase.devices - on, 1e-9)
                on = max(on, phase.devices)
            began_s += lasts_s
        return None

    def _phase_at(self, at_s: float) -> Phase:
        ends_s = 0.0
        for phase in self.phases:
            ends_s += self._lasts_s(phase)
            if at_s < ends_s:
                return phase
        return self.phases[-1] if self.phases else steady(1)

    def _lasts_s(self, phase: Phase) -> float:
        return self.duration_s * phase.share / sum(each.share for each in self.phases)
