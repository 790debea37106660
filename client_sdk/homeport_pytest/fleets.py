"""Simulated fleets in a test: a complaint fails it, with the verdict in words and the shortest story that fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack, cast

import pytest

from homeport_client.fleet import Fleet, Network, Played, Script, ServerFaults, Setup
from homeport_client.fleet.cast import people
from homeport_client.fleet.errors import ScriptUnusable
from homeport_client.fleet.failing import Shortest, shorten
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.sentences import STEPS_MAX, bounded
from homeport_client.fleet.report.summary import Summary
from homeport_client.fleet.report.thresholds import NotABound, parse
from homeport_client.fleet.report.words import verdict_words
from homeport_client.fleet.script import Invariant
from homeport_client.fleet.summarize import summarize
from homeport_pytest.aside import aside
from homeport_pytest.networks import named
from homeport_pytest.protocols import ScriptValues
from homeport_pytest.replaying import Replaying
from homeport_sync import load_app
from homeport_sync.errors import HomeportError

DURATION_S = 600.0
CALM = Setup(server=ServerFaults())


class SimulatedFleets:
    """See `Fleets`. `devices` is how many phones there are where nobody says."""

    def __init__(self, app: Path, replaying: Replaying, devices: int) -> None:
        try:
            self._app = load_app(app)
        except HomeportError as wrong:
            pytest.fail(str(wrong), pytrace=False)
        self._path = app
        self._replaying = replaying
        self._default = Script(devices=devices, duration_s=DURATION_S)

    @property
    def seed(self) -> int:
        """See `Fleets`."""
        return self._replaying.seed

    def __call__(
        self, script: Script | None = None, /, *, seed: int | None = None, **values: Unpack[ScriptValues]
    ) -> Played:
        """See `Fleets`."""
        __tracebackhide__ = True
        asked = _scripted(script or self._default, values)
        bounds = _bounds(asked.thresholds)
        drawn = self.seed if seed is None else seed
        self._replaying.played(drawn)
        played = aside(Fleet(self._app, drawn, script=asked).run)
        self._judge(played, asked, bounds, lambda: aside(lambda: shorten(played, self._app, asked)))
        return played

    def scene(
        self,
        plot: Callable[[Fleet], Awaitable[None]],
        *,
        devices: int = 2,
        network: Network | str = "perfect",
        invariants: Sequence[Invariant] = (),
        seed: int | None = None,
    ) -> Played:
        """See `Fleets`. Nothing goes wrong but what the network does and the plot says."""
        __tracebackhide__ = True
        lived = named(network) if isinstance(network, str) else network
        script = _scripted(
            Script(phones_per_user=1, network=lived, invariants=invariants, phases=()),
            {"devices": devices, "watched": devices},
        )
        drawn = self.seed if seed is None else seed
        self._replaying.played(drawn)
        try:
            played = aside(lambda: Fleet(self._app, drawn, script=script, setup=CALM).rehearse(plot))
        except Exception as failed:  # noqa: BLE001  # whatever it is goes on, without what lies between
            raise failed.with_traceback(_from(plot, failed.__traceback__)) from failed.__cause__
        self._judge(played, script, (), None)
        return played

    def _judge(
        self, played: Played, script: Script, bounds: Sequence[Bound], shorter: Callable[[], Shortest] | None
    ) -> None:
        """Fail, if there is a reason to."""
        __tracebackhide__ = True
        if played.verdict is None:  # Ctrl-C, which a fleet takes for its own
            raise KeyboardInterrupt
        summary = summarize(
            played,
            self._app.catalog,
            network=script.network.name if script.network else "mixed",
            again=self._replaying.command(played.story.seed),
            bounds=bounds,
        )
        if summary.kept:
            return
        shortest = shorter() if shorter and summary.violations else None
        pytest.fail("\n".join(self._told(summary, shortest, script)), pytrace=False)

    def _told(self, summary: Summary, shortest: Shortest | None, script: Script) -> list[str]:
        """The verdict, all that was found, and the shortest story."""
        told = [verdict_words(summary), ""]
        for check in summary.checks:
            if check.found:
                told += [f"{check.name}: {check.says}", *(f"  - {each}" for each in bounded(check.found))]
        if shortest:
            steps = [f"{number:4}. {step}" for number, step in enumerate(shortest.failure.steps, 1)]
            own = [each.network for each in people(script, self._app).values()]
            own += [script.network] if script.network else []
            networks = list({each.name: each for each in own}.values())
            told += ["", _shortened(shortest), *bounded(steps, STEPS_MAX)]
            told += [self._replaying.keep(shortest, self._path, script.invariants, networks)]
        return told


def _from(plot: Callable[[Fleet], Awaitable[None]], trace: TracebackType | None) -> TracebackType | None:
    """The trace without the loops around the plot, or all of it if the plot is not in it."""
    code = getattr(plot, "__code__", None)
    inner = trace
    while inner is not None and inner.tb_frame.f_code is not code:
        inner = inner.tb_next
    return inner or trace


def _shortened(shortest: Shortest) -> str:
    return (
        f"The shortest of its stories that still fails has {len(shortest.failure.steps)} of its "
        f"{shortest.failure.steps_before:,} steps:"
    )


def _scripted(script: Script, values: ScriptValues) -> Script:
    """The script with these values; the test fails if it cannot have them."""
    __tracebackhide__ = True
    try:
        return replace(script, **_without_names(values))
    except ScriptUnusable as wrong:
        pytest.fail(str(wrong), pytrace=False)


def _without_names(values: ScriptValues) -> dict[str, Any]:
    """The same, the network as a value."""
    given = cast(dict[str, Any], dict(values))
    if isinstance(given.get("network"), str):
        given["network"] = named(given["network"])
    return given


def _bounds(thresholds: Sequence[str]) -> list[Bound]:
    try:
        return [parse(each) for each in thresholds]
    except NotABound as wrong:
        pytest.fail(str(wrong), pytrace=False)
