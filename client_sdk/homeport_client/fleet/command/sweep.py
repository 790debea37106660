"""Several seeds, side by side, each in a process of its own: what a nightly run does before it looks at one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from typing import Self

from homeport_client.fleet.command.asked import Asked
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.sentences import counted, missed
from homeport_client.fleet.report.summary import Summary, from_json, to_json
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.sources import Sources
from homeport_client.fleet.summarize import summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The summaries by seed, of those that were played to their end before it was `stopped`, if it was."""

    over: dict[int, Summary]
    stopped: bool

    @property
    def told(self) -> int | None:
        """The first seed that kept not all of it, or the first of all; None if not one is over."""
        return min(
            (seed for seed, summary in self.over.items() if not summary.kept), default=min(self.over, default=None)
        )


def sweep(asked: Asked) -> Swept:
    """Play as many seeds as are asked for, as many at once as there are processors. Ctrl-C ends it where it is."""
    over: dict[int, Summary] = {}
    seeds = range(asked.seed, asked.seed + asked.processes)
    at_once = min(asked.processes, os.cpu_count() or 1)
    with _CtrlC() as ctrl_c:
        pool = ProcessPoolExecutor(at_once, mp_context=get_context("spawn"), initializer=_leave_ctrl_c)
        try:
            playing = {pool.submit(play_one, *_given(asked, seed)): seed for seed in seeds}
            ctrl_c.end_children_if_pressed()  # one that was born just after it
            for done in as_completed(playing):
                seed, summary = playing[done], from_json(done.result())
                over[seed] = summary
                asked.say(f"seed {seed}: {_in_a_word(summary)}")
        except BrokenProcessPool:
            if not ctrl_c.pressed:
                raise
            asked.say(f"Stopped: {len(over)} of {counted(len(seeds), 'seed')} were played.")
        finally:
            if len(over) < len(seeds):  # nobody asks for the others any more
                ctrl_c.end_children()
            pool.shutdown(cancel_futures=True)
    return Swept(over=over, stopped=len(over) < len(seeds))


def _given(asked: Asked, seed: int) -> tuple[Sources, int, Sequence[Bound], str, str]:
    return asked.sources, seed, asked.bounds, asked.network, asked.again(seed, "simulated")


def play_one(sources: Sources, seed: int, bounds: Sequence[Bound], network: str, again: str) -> bytes:
    """The summary of one seed, judged by all thresholds, as JSON: what comes from another process is plain bytes."""
    app, script = sources.load()
    played = Fleet(app, seed, script=script).run()
    return to_json(summarize(played, app.catalog, network=network, again=again, bounds=bounds))


def _leave_ctrl_c() -> None:
    """To the parent: here it would look like a fleet that was stopped, and kept everything until then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _CtrlC:
    """Ctrl-C ends the processes that were born since, and raises nothing, which could be in the middle of anything."""

    def __init__(self) -> None:
        self.pressed = False
        self._others = set(active_children())

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _press(self, *_: object) -> None:
        self.pressed = True
        self.end_children()

    def end_children_if_pressed(self) -> None:
        """See the class."""
        if self.pressed:
            self.end_children()

    def end_children(self) -> None:
        """At once; what they had played is lost."""
        for child in set(active_children()) - self._others:
            child.terminate()


def _in_a_word(summary: Summary) -> str:
    found = [counted(len(summary.violations), "violation")] if summary.violations else []
    found += [missed(each) for each in summary.thresholds if not each.kept]
    return ", ".join(found) or "kept every promise"
