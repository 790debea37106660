"""`make bench-graphql`: what a small typed query, a subscriber, a page of many records and what is refused cost.

Some parts: `make bench-graphql ARGS="small pokes"`. The last line is one JSON object.
"""

from __future__ import annotations

from benchmarks.graphql import hostile, pages, pokes, small
from benchmarks.parts import run

if __name__ == "__main__":
    run({"small": small.measure, "pokes": pokes.measure, "pages": pages.measure, "hostile": hostile.measure})
