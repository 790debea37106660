"""A provider in a process of its own: `python -m benchmarks.fanout.emulating ACCOUNT LATENCY_MS SEEN`.

Writes its service account to the file ACCOUNT, and to the file SEEN a line for each message whose data says when it was
submitted: whose it is, and how many milliseconds later it arrived, by the machine's one clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TextIO

import uvloop

from homeport_notify.emulator import Behaviour, Emulator, EmulatorSettings, Push
from homeport_server.process.serve import allow_open_files

SUBMITTED = "submitted_ms"
WHOSE = "whose"


async def emulate(account: Path, latency_ms: float, lines: TextIO) -> None:
    """Until the process is ended."""

    def note(push: Push) -> None:
        if submitted := push.data.get(SUBMITTED):
            lines.write(f"{push.data[WHOSE]} {push.accepted_at_ms - int(submitted)}\n")
            lines.flush()

    async with Emulator(EmulatorSettings(behaviour=Behaviour(latency_ms=latency_ms))) as emulator:
        emulator.tally.watch = note
        await asyncio.to_thread(account.write_text, json.dumps(emulator.account))
        print(json.dumps({"event": "listening", "url": emulator.url}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    allow_open_files()
    with Path(sys.argv[3]).open("a") as seen:
        uvloop.run(emulate(Path(sys.argv[1]), float(sys.argv[2]), seen))
