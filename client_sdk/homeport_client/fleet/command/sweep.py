"""Several seeds at once, each in a process of its own: what a nightly run does before it looks at one of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from homeport_client.fleet.command.asked import Asked, Shape, adjusted
from homeport_client.fleet.playing import load_script
from homeport_client.fleet.script import Script
from homeport_client.fleet.sim.fleet import Fleet
from homeport_sync import load_app


def sweep(asked: Asked) -> int:
    """Play as many seeds as there are processes; the first that fails, or the first of all if none does."""
    seeds = range(asked.seed, asked.seed + asked.processes)
    broken: dict[int, int] = {}
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        playing = {
            pool.submit(_violations, asked.app_path, asked.script_path, asked.shape, seed): seed for seed in seeds
        }
        for done in as_completed(playing):
            seed, found = playing[done], done.result()
            asked.say(f"seed {seed}: {f'{found} violations' if found else 'kept every promise'}")
            if found:
                broken[seed] = found
    return min(broken, default=asked.seed)


def _violations(app: Path, script: Path | None, shape: Shape, seed: int) -> int:
    """How many sentences the checkers have for a seed."""
    given = load_script(script) if script else Script()
    played = Fleet(load_app(app), seed, script=adjusted(given, shape)).run()
    return len(played.verdict.violations) if played.verdict else 0
