"""`make bench-fanout`: what it costs to tell many, beside pyfcm's own `notify` against the same provider in one run.

Some parts: `make bench-fanout ARGS="sending expanding"`. The last line is one JSON object.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

from benchmarks.fanout import workers
from benchmarks.parts import run
from benchmarks.processes import measured, serving
from benchmarks.table import show


async def sending() -> Mapping[str, float]:
    """Ours and pyfcm's, one after the other, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        account = f"{folder}/account.json"
        async with serving("-m", "benchmarks.fanout.emulating", account, "0", f"{folder}/seen") as provider:
            url = f"http://127.0.0.1:{provider.port}"
            rival = await measured("benchmarks.fanout.rival", account, url)
            ours = await measured("benchmarks.fanout.sending", account, url)
    show("CPU µs a message", {"pyfcm.notify, 32 threads": rival["rival_us"], "Homeport": ours["message_us"]})
    return {
        "ratio_to_pyfcm": rival["rival_us"] / ours["message_us"],
        "messages_per_cpu_s": 1e6 / ours["message_us"],
        **rival,
        **ours,
    }


async def expanding() -> Mapping[str, float]:
    """A million addresses become chunks."""
    return await measured("benchmarks.fanout.expanding")


async def several() -> Mapping[str, float]:
    """One worker and two."""
    found = await workers.measure()
    show("s a campaign", {"one worker": found["one_worker_s"], "two workers": found["two_workers_s"]})
    return found


if __name__ == "__main__":
    run({"sending": sending, "expanding": expanding, "workers": several})
