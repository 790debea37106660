"""`make mutants`: every planted bug is hunted by the default fleet, which must find it and cut its story short.

It prints a row for each as it comes, then the stories it cut down to, and a verdict; the exit code is 1 if one
survives, breaks the fleet without a checker seeing it, or stays longer than `STEPS_MAX` steps, and 2 if there is none
of the name that was asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from homeport_client.fleet import Script
from tests.mutants.herd import MUTANTS
from tests.mutants.hunt import STEPS_MAX, Found, Order
from tests.mutants.hunts import hunt_all
from tests.mutants.mutant import Mutant

SEEDS_MAX = 8
UNKNOWN = 2
ROW = "{name:<55} {how:<30} {seed:>4} {before:>7} {steps:>5} {tries:>5} {cpu:>6} {wall:>6}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunts those that are asked for; 1 if any is not found, or not cut short, 2 if there is none of that name."""
    asked = _asked(arguments)
    unknown = [part for part in asked.only if not any(part in name for name in MUTANTS)]
    if unknown:
        sys.stderr.write(f"No mutant has {unknown[0]!r} in its name: take a part of one of {', '.join(MUTANTS)}.\n")
        return UNKNOWN
    herd = [mutant for name, mutant in MUTANTS.items() if not asked.only or any(part in name for part in asked.only)]
    order = Order(source="", devices=asked.devices, duration_s=asked.duration_s, seeds_max=asked.seeds)
    _say(_row("mutant", "found by", "seed", "before", "steps", "tries", "CPU s", "s"))
    left: list[str] = []
    cpu_s = 0.0
    for mutant, found in hunt_all(herd, order, asked.processes):
        cpu_s += found.cpu_s
        _say(_result(mutant, found))
        if asked.stories:
            _say("\n".join(f"    {line}" for line in (*found.steps, f"→ {found.says}") if line))
        if not is_caught(found):
            left.append(mutant.name)
    caught = len(herd) - len(left)
    _say(f"{caught} of {len(herd)} mutants found and cut to {STEPS_MAX} steps or fewer; {cpu_s:,.0f} s CPU")
    for name in left:
        _say(f"  not so: {name}")
    return 1 if left else 0


def is_caught(found: Found) -> bool:
    """Whether a checker saw it, and its story is short."""
    return bool(found.checks) and len(found.steps) <= STEPS_MAX


def _result(mutant: Mutant, found: Found) -> str:
    how = ", ".join(found.checks) or (f"BROKE: {found.crash}" if found.crash else "SURVIVED")
    steps = str(len(found.steps)) if found.checks else "-"
    return _row(mutant.name, how, found.seed, found.steps_before, steps, found.tries, found.cpu_s, found.wall_s)


def _row(*cells: object) -> str:
    names = ("name", "how", "seed", "before", "steps", "tries", "cpu", "wall")
    return ROW.format(**dict(zip(names, map(str, cells), strict=True)))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Script()
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of the names of those to hunt (default: all)")
    parser.add_argument("--processes", type=int, default=2, help="hunts at once (default 2)")
    parser.add_argument("--seeds", type=int, default=SEEDS_MAX, help=f"seeds tried at most (default {SEEDS_MAX})")
    parser.add_argument("--devices", type=int, default=default.devices, help="phones of the fleet")
    parser.add_argument("--duration-s", type=float, default=default.duration_s, help="seconds of the fleet")
    parser.add_argument("--stories", action="store_true", help="tell the stories they were cut down to")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
