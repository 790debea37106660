"""Several seeds at once, each in a process of its own: what a nightly run does before it looks at one of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from homeport_client.fleet.command.asked import Asked
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.sources import Sources


def sweep(asked: Asked) -> int:
    """Play as many seeds as there are processes; the first that fails, or the first of all if none does."""
    seeds = range(asked.seed, asked.seed + asked.processes)
    broken: dict[int, int] = {}
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        playing = {pool.submit(_violations, asked.sources, seed): seed for seed in seeds}
        for done in as_completed(playing):
            seed, found = playing[done], done.result()
            asked.say(f"seed {seed}: {f'{found} violations' if found else 'kept every promise'}")
            if found:
                broken[seed] = found
    return min(broken, default=asked.seed)


def _violations(sources: Sources, seed: int) -> int:
    """How many sentences the checkers have for a seed."""
    app, script = sources.load()
    played = Fleet(app, seed, script=script).run()
    return len(played.verdict.violations) if played.verdict else 0
