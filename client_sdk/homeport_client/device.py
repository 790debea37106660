"""The face of a device. Signatures first; the body follows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self

from homeport_client.limits import DEVICE_LIMITS, DeviceLimits
from homeport_client.transport import Transport
from homeport_client.view import View
from homeport_sync import App
from homeport_sync.change import Change, Verdict
from homeport_sync.scope import Role
from homeport_sync.values import PythonValue


def wall_clock_ms() -> int:
    """The clock of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """What became of one change. `place` orders them as the device learnt of them: pass it as `after`."""

    place: int
    number: int
    outcome: Verdict
    lost: tuple[str, ...]
    error: Mapping[str, object] | None
    change: Change


class Device:
    """An app's own copy of its data, which works with no network and syncs when there is one."""

    @classmethod
    async def open(
        cls,
        path: str = ":memory:",
        *,
        app: App,
        transport: Transport | None = None,
        server: str | None = None,
        token: str | None = None,
        wall_ms: Callable[[], int] = wall_clock_ms,
        random: Random | None = None,
        limits: DeviceLimits = DEVICE_LIMITS,
    ) -> Self: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def id(self) -> str: ...

    @property
    def pending(self) -> int: ...

    @property
    def online(self) -> bool: ...

    async def create(self, kind: str | type, /, *, scope: str | None = None, **fields: PythonValue) -> str: ...

    async def update(self, record_id: str, /, **fields: PythonValue) -> None: ...

    async def delete(self, record_id: str, /) -> None: ...

    async def get(self, record_id: str) -> View | None: ...

    async def query(
        self,
        kind: str | type,
        /,
        *,
        scope: str | None = None,
        where: Mapping[str, PythonValue] | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        after: View | None = None,
    ) -> list[View]: ...

    def watch(
        self,
        kind: str | type,
        /,
        *,
        scope: str | None = None,
        where: Mapping[str, PythonValue] | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> AsyncIterator[list[View]]: ...

    async def invite(self, scope: str, user: str, role: Role = "editor") -> str: ...

    async def remove(self, scope: str, user: str) -> None: ...

    async def outcomes(self, after: int = 0, limit: int = 100) -> Sequence[ChangeOutcome]: ...

    async def sync(self) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def go_online(self) -> None: ...

    async def go_offline(self) -> None: ...

    async def renew(self, token: str) -> None: ...

    async def close(self) -> None: ...
