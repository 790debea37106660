"""What a device says of itself: its transport asks for it, if that has a place for it, whenever something goes out."""

from collections.abc import Callable
from importlib.metadata import version

from homeport_sync.introduction import Introduction
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage
from tests.unit.client.world import Line, Server, TaskList, phone


class Introducing(Line):
    """A line that also takes what the device says of itself, and writes it down as a push or pull goes out."""

    said: list[Introduction]
    says: Callable[[], Introduction]

    def introduce(self, says: Callable[[], Introduction]) -> None:
        self.said, self.says = [], says

    async def push(self, message: PushMessage) -> PushAnswer:
        self.said.append(self.says())
        return await super().push(message)

    async def pull(self, message: PullMessage) -> Page:
        self.said.append(self.says())
        return await super().pull(message)


async def test_it_tells_how_many_changes_wait_and_what_it_runs() -> None:
    server = await Server().begin()
    line = Introducing(server, "ann")
    ann = await phone(line, seed=1)
    for title in ("Home", "Work"):
        await ann.create(TaskList, title=title)
    await ann.sync()
    await ann.sync()
    runs = {"app_version": 1, "sdk": version("homeport")}
    assert [line.said[0], line.said[-1]] == [Introduction(outbox=2, **runs), Introduction(outbox=0, **runs)]  # type: ignore[arg-type]
