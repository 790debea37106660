"""A backend in Python has people told over a real socket, once a key, and steers it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeport_client import Announcer, Refused, ServerError
from homeport_client.fleet.live.homeport import ask
from homeport_sync import load_app
from tests.fleet.provided import carried, provided
from tests.house.tree import ROOT

APP = ROOT / "examples" / "tasks" / "app.py"


async def test_a_backend_has_people_told_once_a_key_and_steers_what_waits(tmp_path: Path) -> None:
    app = load_app(APP)
    async with provided(APP, tmp_path) as (emulator, server), asyncio.timeout(60):
        environ = {"HOMEPORT_DATA": str(tmp_path)}
        token = await ask("token", "--user", "office", "--tenant", "demo", "--may", "notify", environ=environ)
        ben = await carried(app, server, emulator, "ben")
        async with Announcer(server.url, token) as announcer:
            told = await announcer.notify(key="tea", users=["ben"], title="Tea is ready", data={"cup": "green"})
            again = await announcer.notify(key="tea", users=["ben"], title="Tea is ready", data={"cup": "green"})
            assert again.id == told.id  # where it stands may have changed meanwhile
            await ben.until_shown(1)
            assert (ben.shown[0].title, ben.shown[0].data["cup"]) == ("Tea is ready", "green")
            await ben.device.sync()
            progress = await announcer.progress(told.id)
            assert (progress.counts, progress.received) == ({"sent": 1}, 1)

            later = datetime.now(UTC) + timedelta(days=1)
            waits = await announcer.notify(key="tomorrow", everyone=True, title="Tomorrow", at=later)
            assert waits.state == "waiting"
            assert (await announcer.pause(waits.id)).state == "paused"
            assert (await announcer.resume(waits.id)).state == "waiting"
            assert (await announcer.cancel(waits.id)).state == "cancelled"

            with pytest.raises(ServerError) as reused:
                await announcer.notify(key="tea", users=["ben"], title="Coffee is ready")
            assert reused.value.code == "KEY_REUSED"
        async with Announcer(server.url, await server.token("ben", "demo")) as nobody:
            with pytest.raises((ServerError, Refused)) as forbidden:
                await nobody.notify(key="joke", everyone=True, title="Ha")
            assert "notify" in str(forbidden.value)
        await ben.device.close()
