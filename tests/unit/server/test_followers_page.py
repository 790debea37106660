"""The page about followers says what is so: its example runs, and its limits are those of the code."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from homeport_client.fleet import clock
from homeport_server.followers.app_work import PAUSE_LONGEST_S, TURN_READS_MAX
from homeport_server.followers.worker import PAUSE_FIRST_S
from homeport_sync import App, load_app
from homeport_sync.change import Fields, Op
from homeport_sync.clock import make_stamp
from homeport_sync.deliver import BATCH_S, ENTRIES_MAX, ENTRY_LONGEST_S
from homeport_sync.ports import LogEntry
from homeport_sync.timekeeper import MOMENT_LONGEST_S
from homeport_sync.watching import AFTERWARDS_MAX
from tests.house.tree import ROOT
from tests.unit.server.test_app_work import House
from tests.unit.sync.afterwards import TENANT, commit, new_store
from tests.unit.sync.tasks import NOW, STRANGER

PAGE = (ROOT / "docs" / "followers.md").read_text(encoding="utf-8")
DAY_S = 86_400.0


def example(tmp_path: Path, sent: list[str]) -> App:
    """The page's own module, whose `send` writes down what it is asked to send."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    app = load_app(tmp_path / "app.py")

    async def send(text: str, *, to: object, idempotency_key: str) -> None:
        sent.append(f"{to}: {text} ({idempotency_key})")

    vars(sys.modules[app.followers[0].function.__module__])["send"] = send
    return app


def written(position: int, op: Op, fields: Fields, before: Fields) -> LogEntry:
    return LogEntry(
        position=position,
        op=op,
        kind="Task",
        record=STRANGER,
        scope=STRANGER,
        fields=fields,
        before=before,
        stamp=make_stamp(NOW, position, "0" * 8),
        device=STRANGER,
        number=position,
        user="ana",
        outcome="applied",
        request_id="request",
        accepted_at_ms=clock.now_ms(),
    )


def test_its_example_tells_who_a_task_is_given_to_and_reminds_every_day(tmp_path: Path) -> None:
    async def play() -> None:
        sent: list[str] = []
        house = House(example(tmp_path, sent), await new_store(TENANT))
        async with house.working():
            entries = [
                written(1, "create", {"title": "milk", "assignee": None}, {}),
                written(2, "update", {"assignee": "ben"}, {"assignee": None}),
                written(3, "update", {"title": "oat milk"}, {"title": "milk"}),
            ]
            await commit(house.store, entries)
            house.signals.publish(TENANT, 3)
            await asyncio.sleep(DAY_S + 60)
        assert sent == [
            f"ben: {STRANGER} is yours now ({TENANT}/2/{entries[1].stamp})",
            f"{TENANT}: the list of 02 January ({TENANT}/remind/{clock.START_MS + 86_400_000})",
        ]

    clock.run(play())


def test_its_limits_are_those_of_the_code() -> None:
    for said in (
        f"| one entry | {ENTRY_LONGEST_S:g} s,",
        f"| one call of a schedule | {MOMENT_LONGEST_S / 60:g} minutes,",
        f"| followers, schedules and notifications | {AFTERWARDS_MAX} an app |",
        f"a second of work, {ENTRIES_MAX} at most, and the one under way",
        f"after {PAUSE_FIRST_S:g} s at first and {PAUSE_LONGEST_S / 60:g} minutes at most",
        f"turn ends after about {TURN_READS_MAX * BATCH_S:g} s",
    ):
        assert said in PAGE
