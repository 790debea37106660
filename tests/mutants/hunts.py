"""Hunts, some at once, each in a process of its own on a copy of the source with one bug in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tests.mutants.hunt import Found, Order
from tests.mutants.mutant import ROOT, Mutant, plant

HUNT_S_MAX = 3_600
LINES_TOLD = 3
# A bug may make a fleet depend on the order of a set: then the same hunt is to find it the same way again.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def hunt_all(mutants: Sequence[Mutant], order: Order, processes: int) -> Iterator[tuple[Mutant, Found]]:
    """What came of each hunt, in the order in which they end."""
    with ThreadPoolExecutor(processes) as pool:
        hunts = {pool.submit(hunt_one, mutant, order): mutant for mutant in mutants}
        for done in as_completed(hunts):
            yield hunts[done], done.result()


def hunt_one(mutant: Mutant, order: Order) -> Found:
    """What came of one hunt. Raises `MutantOutdated`."""
    with TemporaryDirectory(prefix="mutant-") as scratch:
        roots = plant(mutant, Path(scratch))
        text = msgspec.json.encode(msgspec.structs.replace(order, source=scratch)).decode()
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(map(str, roots))}
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "tests.mutants.hunt", text],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=HUNT_S_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Found(crash=f"the fleet had not ended after {HUNT_S_MAX:,} s", wall_s=HUNT_S_MAX)
    if ended.returncode:
        return Found(crash=" / ".join(ended.stderr.strip().splitlines()[-LINES_TOLD:]))
    return msgspec.json.decode(ended.stdout.splitlines()[-1], type=Found)
