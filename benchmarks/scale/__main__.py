"""`make bench-scale`, or some parts of it: `make bench-scale ARGS="intake storm"`. The last line is one JSON object."""

from __future__ import annotations

from benchmarks.parts import run
from benchmarks.scale import intake, noise, pokes, storm

if __name__ == "__main__":
    run({"intake": intake.measure, "pokes": pokes.measure, "storm": storm.measure, "noise": noise.measure})
