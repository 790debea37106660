"""Stock RxDB in node: two databases and a device of ours with the same records at the same time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from homeport_client import Device, adding, increment
from homeport_sync.clock import uuid7
from homeport_sync.load import load_app
from tests.clients.conftest import APP, Address
from tests.clients.node import command

pytestmark = pytest.mark.clients

PAGE = Path(__file__).resolve().parents[2] / "docs/rxdb.md"
DONE_S = 60
HAPPENS = ("patch", "patch", "patch", "remove", "insert", "device", "device", "network", "sync")


class Rx:
    """The process with the databases."""

    def __init__(self, process: asyncio.subprocess.Process, address: Address) -> None:
        self._process = process
        self._address = address

    async def __call__(self, do: str, db: str, **how: object) -> Any:  # noqa: ANN401
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "db": db, **how}).encode() + b"\n")
        async with asyncio.timeout(DONE_S):
            line = await self._process.stdout.readline()
        told = json.loads(line)
        assert "failed" not in told, told["failed"]
        return told["done"]

    async def online(self, *databases: str) -> None:
        url, socket = self._address.url, self._address.socket
        for db in databases:
            await self("online", db, http=url, ws=socket, token=self._address.token)

    async def until(self, *docs: dict[str, Any], kind: str = "task", of: tuple[str, ...] = ("a", "b")) -> None:
        """Until each of the databases holds these and no others."""
        for db in of:
            await self("until", db, kind=kind, docs=list(docs))


@asynccontextmanager
async def rxdb(address: Address) -> AsyncIterator[Rx]:
    process = await asyncio.create_subprocess_exec(
        *command("rxdb.mjs", {"page": str(PAGE)}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        rx = Rx(process, address)
        for db in ("a", "b"):
            await rx("open", db)
        yield rx
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def phone(address: Address) -> AsyncIterator[Device]:
    async with await Device.open(
        ":memory:", app=load_app(APP), server=address.server.url, token=address.token
    ) as device:
        yield device


def new(number: int) -> str:
    return uuid7(1_790_000_000_000 + number, Random(number))


HOME = new(0)


def home(id: str = HOME) -> dict[str, Any]:
    return {"id": id, "scopeId": id, "title": "home"}


def task(number: int, title: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": new(number), "scopeId": HOME, "title": title, "done": False, "tags": [], "cheers": 0, **more}


async def test_two_databases_and_a_device_come_to_the_same_whatever_each_did_offline(address: Address) -> None:
    async with rxdb(address) as rx, phone(address) as device:
        await rx("insert", "a", kind="taskList", docs=[home()])
        await rx.online("a", "b")
        await rx.until(home(), kind="taskList")
        await rx("insert", "b", docs=[task(1, "milk", cheers=1, tags=["cold"]), task(2, "bread"), task(3, "eggs")])
        await rx.until(task(1, "milk", cheers=1, tags=["cold"]), task(2, "bread"), task(3, "eggs"))
        await device.sync()
        assert {each["title"] for each in await device.query("Task", scope=HOME)} == {"milk", "bread", "eggs"}

        await rx("offline", "a")
        await rx("offline", "b")
        await rx("patch", "a", id=new(1), fields={"cheers": 3})
        await rx("patch", "a", id=new(2), fields={"done": True})
        await rx("insert", "a", docs=[task(4, "salt")])
        await rx("remove", "b", id=new(3))
        await rx("insert", "b", docs=[task(5, "soap", tags=["b", "a"])])
        await device.update(new(1), cheers=increment(10))
        made = await device.create("Task", scope=HOME, title="rice", tags={"dry"})

        await rx.online("a", "b")
        await rx.until(
            task(1, "milk", cheers=3, tags=["cold"]),
            task(2, "bread", done=True),
            task(4, "salt"),
            {"id": new(5), "title": "soap"},
        )
        await device.sync()
        await device.update(new(2), tags=adding("brown"))
        await device.sync()
        await rx.until(
            task(1, "milk", cheers=13, tags=["cold"]),
            task(2, "bread", done=True, tags=["brown"]),
            task(4, "salt"),
            {"id": new(5), "title": "soap"},
            {"id": made, "scopeId": HOME, "title": "rice", "tags": ["dry"]},
        )
        held = {each.id: (each["title"], each["cheers"]) for each in await device.query("Task", scope=HOME)}
        for db in ("a", "b"):
            assert {each["id"]: (each["title"], each["cheers"]) for each in await rx("docs", db)} == held
        await device.delete(made)
        await device.sync()
        await rx("remove", "a", id=new(5))
        await rx.until(
            task(1, "milk", cheers=13, tags=["cold"]), task(2, "bread", done=True, tags=["brown"]), task(4, "salt")
        )
        assert not await rx("errors", "a")


@dataclass(slots=True, kw_only=True)
class Chance:
    """Two databases and a device to which things happen by chance."""

    rx: Rx
    device: Device
    chance: Random
    online: set[str] = field(default_factory=lambda: {"a", "b"})

    async def step(self, step: int) -> None:
        db, id = self.chance.choice("ab"), new(self.chance.randrange(1, 9))
        tags = sorted(self.chance.sample("uvwxyz", 2))
        fields = self.chance.choice(({"title": f"by {db} in step {step}"}, {"cheers": step}, {"tags": tags}))
        what = self.chance.choice(
            ("patch", "patch", "patch", "remove", "insert", "device", "device", "network", "sync")
        )
        if what == "patch":
            await self.rx("patch", db, id=id, fields=fields)
        elif what == "remove":
            await self.rx("remove", db, id=id)
        elif what == "insert":
            await self.rx("insert", db, docs=[task(100 + step, f"of {db}")])
        elif what == "network":
            await self.switch(db)
        elif what == "sync":
            await self.device.sync()
        elif await self.device.get(id):
            await self.device.update(id, cheers=increment(), title=f"by the device in step {step}")

    async def switch(self, db: str) -> None:
        if db in self.online:
            await self.rx("offline", db)
        else:
            await self.rx.online(db)
        self.online ^= {db}

    async def there(self) -> list[dict[str, Any]]:
        """What the device has."""
        return [
            {"id": each.id, "title": each["title"], "cheers": each["cheers"], "done": each["done"]}
            for each in await self.device.query("Task", scope=HOME)
        ]


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_two_databases_and_a_device_do_by_chance_they_end_alike(address: Address, seed: int) -> None:
    async with rxdb(address) as rx, phone(address) as device:
        await rx("insert", "a", kind="taskList", docs=[home()])
        await rx("insert", "a", docs=[task(n, f"task {n}") for n in range(1, 6)])
        await rx.online("a", "b")
        await rx.until(*(task(n, f"task {n}") for n in range(1, 6)))
        await device.sync()
        world = Chance(rx=rx, device=device, chance=Random(seed))
        for step in range(60):
            await world.step(step)
        for db in {"a", "b"} - world.online:
            await world.switch(db)
        await device.sync()
        for db in ("a", "b"):
            await rx("pushed", db)
        await device.sync()
        await rx.until(*await world.there())
        assert not await rx("errors", "a")


async def test_one_refused_row_in_the_middle_is_undone_and_blocks_nothing(address: Address) -> None:
    async with rxdb(address) as rx:
        await rx("insert", "a", kind="taskList", docs=[home()])
        docs = [task(n, f"task {n}") for n in range(1, 30)]
        docs[7]["cheers"] = 0.5
        docs[14]["title"] = "too long" * 100
        docs[21]["due"] = "tomorrow"
        await rx.online("a", "b")
        await rx.until(home(), kind="taskList")
        await rx("insert", "a", docs=docs)
        good = [doc for n, doc in enumerate(docs) if n not in (7, 14, 21)]
        await rx.until(*good)
        await rx("patch", "a", id=new(1), fields={"title": "too long" * 100})
        await rx("patch", "a", id=new(2), fields={"title": "better"})
        await rx.until(*({**doc, "title": "better"} if doc["id"] == new(2) else doc for doc in good))
        assert not await rx("errors", "a")


async def test_what_was_done_while_the_server_was_away_is_there_when_it_is_back(address: Address) -> None:
    async with rxdb(address) as rx:
        await rx("insert", "a", kind="taskList", docs=[home()])
        await rx("insert", "a", docs=[task(1, "milk")])
        await rx.online("a", "b")
        await rx.until(task(1, "milk"))
        await address.server.kill()
        await rx("patch", "a", id=new(1), fields={"done": True})
        await rx("insert", "b", docs=[task(2, "bread")])
        await address.server.start()
        await rx.until(task(1, "milk", done=True), task(2, "bread"))
        await rx("patch", "b", id=new(2), fields={"title": "toast"})  # the stream is there again, too
        await rx.until(task(1, "milk", done=True), task(2, "toast"))


async def test_five_thousand_documents_come_to_a_new_database_once_each(address: Address) -> None:
    async with rxdb(address) as rx:
        await rx("insert", "a", kind="taskList", docs=[home()])
        await rx("insert", "a", docs=[task(n, f"task {n}") for n in range(1, 5_001)])
        await rx.online("a")
        await rx.until(*(task(n, f"task {n}") for n in range(1, 5_001)), of=("a",))
        async with phone(address) as device:
            while not await device.query("Task", scope=HOME, where={"title": "task 5000"}):
                await device.sync()
        await rx.online("b")
        assert await rx("count", "b") == 5_000
        assert not await rx("errors", "b")
