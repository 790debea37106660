"""`make bench-scale`, or some parts of it: `make bench-scale ARGS="intake storm"`. The last line is one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

import uvloop

from benchmarks.scale import intake, noise, pokes, storm
from homeport_server.process.serve import allow_open_files

PARTS: Mapping[str, Callable[[], Awaitable[Mapping[str, float]]]] = {
    "intake": intake.measure,
    "pokes": pokes.measure,
    "storm": storm.measure,
    "noise": noise.measure,
}


async def main(chosen: list[str]) -> None:
    """Run the chosen parts, or all, one after the other."""
    figures: dict[str, float] = {}
    for name in chosen or PARTS:
        figures |= await PARTS[name]()
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - PARTS.keys():
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}: choose among {', '.join(PARTS)}.")
    allow_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1:]))
