"""What the tests of followers and schedules share: an app of one kind, a log to write to, and who is told."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync import App
from homeport_sync.change import Op, Verdict
from homeport_sync.clock import make_stamp
from homeport_sync.errors import FollowerFailed
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import LogEntry, Wanted, Writes
from tests.unit.sync.tasks import NOW, STRANGER

TENANT = "acme"
OTHER = "other"
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


def new_app() -> App:
    """One with the kind `Task`."""
    app = App("tasks")

    @app.kind(root=True)
    class Task:
        title: str = ""

    return app


def logged(
    position: int,
    *,
    kind: str = "Task",
    op: Op = "update",
    outcome: Verdict = "applied",
    at_ms: int = NOW,
) -> LogEntry:
    return LogEntry(
        position=position,
        op=op,
        kind=kind,
        record=STRANGER,
        scope=STRANGER,
        fields={"title": f"title {position}"},
        before={},
        stamp=make_stamp(NOW, position, "0" * 8),
        device=STRANGER,
        number=position,
        user="ana",
        outcome=outcome,
        request_id=f"request {position}",
        accepted_at_ms=at_ms,
    )


async def new_store(*tenants: str) -> MemoryStore:
    store = MemoryStore()
    for tenant in tenants or (TENANT,):
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
    return store


async def commit(store: MemoryStore, entries: Sequence[LogEntry], tenant: str = TENANT) -> int:
    """Write them behind what is there; the head of then."""
    async with store.transaction(tenant) as transaction:
        await transaction.load(NOTHING)
        await transaction.commit(Writes(head=entries[-1].position, now_ms=NOW, log=entries))
    return entries[-1].position


class Board:
    """`deliver.Told`, written down."""

    def __init__(self) -> None:
        self.well: list[str] = []
        self.given_up: list[tuple[str, str, FollowerFailed]] = []

    def done(self, name: str) -> None:
        self.well.append(name)

    def gave_up(self, name: str, tenant: str, failed: FollowerFailed) -> None:
        self.given_up.append((name, tenant, failed))
