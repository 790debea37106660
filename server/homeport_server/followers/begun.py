"""Work that follows logs from a moment on, which is kept before anything is followed, and before anybody writes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from homeport_server.observe import Log
from homeport_sync.beginning import Beginning

Run: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


def begun(beginnings: Mapping[str, Beginning], run: Run, log: Log) -> Run:
    """`run`, once each follower has begun, by its name. Trouble with that delays nothing: it is asked again when the
    first entry comes."""

    async def begin_and_run() -> None:
        for name, beginning in beginnings.items():
            try:
                await beginning.began_ms()
            except Exception as error:  # whatever a driver raises
                log.warning("work delayed", follower=name, exc_info=error)
        await run()

    return begin_and_run
