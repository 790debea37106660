"""A benchmark of several parts, all of which are run or those that are named. Its last line is one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import uvloop

from homeport_server.process.serve import allow_open_files

Parts: TypeAlias = Mapping[str, Callable[[], Awaitable[Mapping[str, float]]]]


def run(parts: Parts) -> None:
    """The parts that the command line names, one after the other; all of them if it names none."""
    chosen = sys.argv[1:]
    if unknown := set(chosen) - parts.keys():
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}: choose among {', '.join(parts)}.")
    allow_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_figures(parts, chosen))
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


async def _figures(parts: Parts, chosen: list[str]) -> Mapping[str, float]:
    figures: dict[str, float] = {}
    for name in chosen or parts:
        figures |= await parts[name]()
    return figures
