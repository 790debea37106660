"""Short stories that play by themselves on the table, for those who want to see first: each names the promise it shows.

They do what fingers do, one step after the other, with time to look in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from homeport_server.phones.labels import rows_of
from homeport_server.phones.sights import RowSight
from homeport_server.phones.table import Table

PAUSE_S: Final = 1.6
GIVEN: Final = "assignee"  # the field by which a task is given to somebody, who is told so


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a story plays: one row of the list that both phones show. `guest` is the user of phone "b"."""

    table: Table
    row: RowSight
    guest: str

    async def fly(self, *keys: str, on: bool) -> None:
        """Airplane mode for these phones."""
        for key in keys:
            await self.table.phones[key].airplane(on)

    async def write(self, key: str, text: str, field: str = "") -> None:
        """Types into the row, into its title if no other field is named."""
        await self.table.touch[key].set_field(self.row.id, field or self.row.title_field, text)

    async def add(self, key: str, text: str) -> None:
        """One more row."""
        await self.table.touch[key].add_row(self.row.kind, {self.row.title_field: text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens, in words and in deed."""

    words: str
    act: Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`name` is for addresses. `needs` is the field that its row has to have ("": any row will do)."""

    name: str
    title: str
    promise: str
    steps: tuple[Step, ...]
    needs: str = ""


STORIES: Final = (
    Story(
        name="one-title",
        title="Both offline, one title",
        promise="Both phones end with the same record, and the merge explains itself (I3).",
        steps=(
            Step(words="Both go offline", act=lambda scene: scene.fly("a", "b", on=True)),
            Step(words="Ana edits the title", act=lambda scene: scene.write("a", f"{_plain(scene)}, says Ana")),
            Step(words="Ben edits it too", act=lambda scene: scene.write("b", f"{_plain(scene)}, says Ben")),
            Step(words="Ben is back first", act=lambda scene: scene.fly("b", on=False)),
            Step(words="Ana comes back", act=lambda scene: scene.fly("a", on=False)),
        ),
    ),
    Story(
        name="server-killed",
        title="Kill the server, write on",
        promise="What was acknowledged is never lost, and what is sent again counts once (I1, I2).",
        steps=(
            Step(words="The server is killed", act=lambda scene: scene.table.kill_server()),
            Step(words="Ana writes", act=lambda scene: scene.add("a", "Written with no server")),
            Step(words="Ben writes", act=lambda scene: scene.add("b", "So was this")),
            Step(words="The server starts", act=lambda scene: scene.table.start_server()),
        ),
    ),
    Story(
        name="app-killed",
        title="Kill an app that has not sent",
        promise="A change that is written is kept by the phone, whatever happens to the app (I1).",
        steps=(
            Step(words="Ana goes offline", act=lambda scene: scene.fly("a", on=True)),
            Step(words="She writes", act=lambda scene: scene.add("a", "Written in a tunnel")),
            Step(words="Her app is killed", act=lambda scene: scene.table.phones["a"].kill()),
            Step(words="It starts again", act=lambda scene: scene.table.phones["a"].start()),
            Step(words="She is back", act=lambda scene: scene.fly("a", on=False)),
        ),
    ),
    Story(
        name="woken",
        title="Wake a sleeping phone",
        promise="What cannot wait goes out as a notification, which lets a sleeping phone catch up.",
        needs=GIVEN,
        steps=(
            Step(words="Nobody has the task", act=lambda scene: scene.write("a", "", GIVEN)),
            Step(words="Ben’s phone sleeps", act=lambda scene: scene.table.phones["b"].sleep()),
            Step(words="Ana gives Ben the task", act=lambda scene: scene.write("a", scene.guest, GIVEN)),
            Step(words="Open it on Ben’s phone", act=lambda scene: asyncio.sleep(0)),
        ),
    ),
)


def _plain(scene: Scene) -> str:
    """The title without what an earlier telling has added."""
    return scene.row.title.partition(", says ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """Step `at` of a story is under way; after the last one it has been told."""

    story: Story
    at: int


class Player:
    """Plays one story at a time. `changed` hears of each step."""

    def __init__(self, table: Table, changed: Callable[[], None], pause_s: float = PAUSE_S) -> None:
        self._table = table
        self._changed = changed
        self._pause_s = pause_s
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()
        self.playing: Playing | None = None
        fields = {
            name
            for root in table.app.catalog.kinds.values()
            if root.is_root
            for kind in rows_of(table.app.catalog, root)
            for name in kind.fields
        }
        self.stories = tuple(each for each in STORIES if not each.needs or each.needs in fields)

    async def play(self, name: str) -> bool:
        """Begins a story, and ends the one before; whether there is one of that name."""
        story = next((each for each in self.stories if each.name == name), None)
        async with self._turn:
            await self._end()
            if story is not None:
                self._enough.clear()
                self._task = asyncio.get_running_loop().create_task(self._tell(story))
        return story is not None

    async def stop(self) -> None:
        """No story plays any more; harmless when none does."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        """Between two deeds: one that was left in the middle would leave half a phone, or half a server."""
        task, self._task = self._task, None
        self._enough.set()
        if task is not None:
            await asyncio.wait([task])
        self._at(None)

    async def _tell(self, story: Story) -> None:
        self._at(Playing(story=story, at=-1))
        scene = await self._set(story)
        if scene is None or self._enough.is_set():
            self._at(None)
            return
        for at, step in enumerate(story.steps):
            self._at(Playing(story=story, at=at))
            await step.act(scene)
            if await self._is_enough():
                return
        self._at(Playing(story=story, at=len(story.steps)))

    async def _is_enough(self) -> bool:
        """Whether somebody says so while everybody looks."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._enough.wait()
        return self._enough.is_set()

    async def _set(self, story: Story) -> Scene | None:
        """Everything is running and in reach, and both phones show the same list; None if there is no row in it."""
        table = self._table
        await table.start_server()
        for phone in table.phones.values():
            await phone.start()
            await phone.wake()
            await phone.airplane(on=False)
        ana = await table.look_at("a")
        if ana.open is not None:
            await table.touch["b"].open_list(ana.open.id)
        rows = [row for section in ana.sections for row in section.rows if row.title_field]
        fits = [row for row in rows if not story.needs or story.needs in {field.name for field in row.fields}]
        if not fits:
            table.phones["a"].say("Make a list with something in it first: the story needs a row to write in.")
            return None
        row = next((each for each in fits if not each.done), fits[0])
        return Scene(table=table, row=row, guest=table.phones["b"].owner.user)

    def _at(self, playing: Playing | None) -> None:
        self.playing = playing
        self._changed()
