"""What the page shows now: the newest sight of everything on the table, and each region of the page as HTML.

A sight is taken when something has changed, a few times a second at most; what travels is told as it happens. The page
asks for nothing by itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from homeport_server.pages.files import OURS, PageFiles
from homeport_server.pages.live import Live
from homeport_server.pages.shell import Shell
from homeport_server.phones.happenings import CROWD, LOG, SERVER, Changed, Happening, Travel
from homeport_server.phones.sights import PhoneSight, TableSight
from homeport_server.phones.stories import Player
from homeport_server.phones.table import Table
from homeport_sync.errors import HomeportError

HERE: Final = Path(__file__).parent
PHONE_REGIONS: Final = ("screen", "controls", "outbox", "told", "machine")
STORY: Final = "story"
SERVER_REGIONS: Final = (SERVER, LOG, CROWD, STORY)
LOOK_S: Final = 0.1  # between two looks
CROWDED_S: Final = 0.6  # the same while a crowd writes or nobody looks, unless somebody here does something
UNFOLDED_MAX: Final = 8  # rows of one phone whose details are shown
CROWD_SIZES: Final = (50, 200)
HOUR_MS: Final = 3_600_000
CLOCKS: Final = (
    (0, "Right"),
    (3 * HOUR_MS, "3 hours ahead"),
    (-24 * HOUR_MS, "A day behind"),
    (-90 * 24 * HOUR_MS, "Three months behind"),
    (365 * 24 * HOUR_MS, "A year ahead"),
)


def shell_and_files() -> tuple[Shell, PageFiles]:
    """The templates and the files of this page, among those of all pages."""
    files = PageFiles([*OURS, HERE / "static"])
    return Shell(files, [HERE / "templates"]), files


def phone_regions(key: str) -> tuple[str, ...]:
    """The names of the regions of one phone."""
    return tuple(f"{key}-{part}" for part in PHONE_REGIONS)


def page_regions(keys: Iterable[str]) -> tuple[str, ...]:
    """The names of all regions, of phones with these keys."""
    return (*(region for key in keys for region in phone_regions(key)), *SERVER_REGIONS)


def drawn(shell: Shell, name: str, sight: TableSight, player: Player | None, unfolded: Collection[str] = ()) -> str:
    """The HTML of one region, of this sight. `unfolded` are the rows whose details are shown."""
    if name in SERVER_REGIONS:
        return shell.text(
            f"{name}.html", table=sight, playing=player.playing if player else None, crowd_sizes=CROWD_SIZES
        )
    key, _, part = name.partition("-")
    phone = next(each for each in sight.phones if each.key == key)
    return shell.text(f"phone/{part}.html", phone=phone, table=sight, clocks=CLOCKS, unfolded=unfolded)


class Showing:
    """Of one table, once `look` has seen it."""

    def __init__(self, table: Table, shell: Shell) -> None:
        self._table = table
        self._shell = shell
        self._sight: TableSight | None = None
        self._told: tuple[PhoneSight, ...] = ()  # the phones as those who look know them
        self._unfolded: dict[str, list[str]] = {key: [] for key in table.phones}
        self._soon = asyncio.Event()
        self.regions = page_regions(table.phones)
        self.live = Live({name: partial(self.html, name) for name in self.regions})
        self.player = Player(table, partial(self.live.touch, STORY))

    @property
    def sight(self) -> TableSight:
        """What was seen last. Raises `RuntimeError` if nobody has looked."""
        if self._sight is None:
            raise RuntimeError("nobody has looked at the table yet")
        return self._sight

    async def look(self) -> TableSight:
        """Looks at everything. If an app is killed under our eyes, what was seen before stays: its end is told of."""
        try:
            self._sight = await self._table.look()
        except (HomeportError, sqlite3.Error):
            if self._sight is None:
                raise
        return self.sight

    def html(self, name: str) -> str:
        """One region, as it was seen last."""
        return drawn(self._shell, name, self.sight, self.player, self._unfolded.get(name.partition("-")[0], ()))

    def all_html(self) -> Mapping[str, str]:
        """Every region, by name."""
        return {name: self.html(name) for name in self.regions}

    def fold(self, key: str, row: str) -> None:
        """Shows the details of a row, or no more."""
        unfolded = self._unfolded[key]
        if row in unfolded:
            unfolded.remove(row)
        else:
            self._unfolded[key] = [*unfolded, row][-UNFOLDED_MAX:]
        self.live.touch(f"{key}-screen")

    def hurry(self) -> None:
        """Somebody here has done something, and looks at what becomes of it."""
        self._soon.set()

    async def follow(self) -> None:
        """Until it is cancelled: pass on what happens to those who look."""
        with self._table.happenings.listen() as listener:
            while True:
                await self._pass_on(await listener.next())
                await self._rest()

    async def _rest(self) -> None:
        """Between two looks: longer where a crowd writes all the time, or nobody looks, until somebody does a thing."""
        await asyncio.sleep(LOOK_S)
        if self._crowded or not self.live.watched:
            with suppress(TimeoutError):
                # In Python 3.11 `wait_for` may lose that it is cancelled.
                async with asyncio.timeout(CROWDED_S - LOOK_S):
                    await self._soon.wait()
        self._soon.clear()

    async def _pass_on(self, happened: Iterable[Happening]) -> None:
        changed = False
        for each in happened:
            if isinstance(each, Travel):
                self.live.say("travel", msgspec.json.encode(_travel(each)).decode())
            elif isinstance(each, Changed):
                changed = True
        if changed:
            before, self._told = self._told, (await self.look()).phones
            self.live.touch(*SERVER_REGIONS)
            for phone in self._told:
                if phone not in before:
                    self.live.touch(*phone_regions(phone.key))
                    if self._crowded:  # then much is drawn anew: one phone after the other, so that no click waits
                        await asyncio.sleep(LOOK_S)

    @property
    def _crowded(self) -> bool:
        return self._table.crowd.state == "loose"


def _travel(travel: Travel) -> Mapping[str, object]:
    return {"phone": travel.phone, "leg": travel.leg, "count": travel.count, "fate": travel.fate}
