"""`make bench-graphql`: what a small typed query and a subscriber cost, beside the least that does the same.

Some parts: `make bench-graphql ARGS="small pokes"`. The last line is one JSON object.
"""

from __future__ import annotations

from benchmarks.graphql import hostile, pokes, small
from benchmarks.parts import run

if __name__ == "__main__":
    run({"small": small.measure, "pokes": pokes.measure, "hostile": hostile.measure})
