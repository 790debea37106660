"""A process that writes and tells, until it is killed: `test_crash.py` starts it.

Each line it prints names a write that the device has acknowledged: the title and the record. It also takes answers
and pages, so that the kill can fall into each of the replica's steps.
"""

from __future__ import annotations

import asyncio
import sys

from tests.unit.client.world import Line, Server, Task, TaskList, phone


async def main(path: str) -> None:
    server = await Server(page_size=2).begin()
    async with await phone(Line(server, "ann"), path=path, seed=int(sys.argv[2])) as ann:
        lists = await ann.query(TaskList)
        home = lists[0].id if lists else await ann.create(TaskList, title="Home")
        for number in range(10_000):
            task = await ann.create(Task, scope=home, title=f"{number}")
            tell(f"{task} {number}")
            if number % 3 == 0:
                await ann.update(task, title=f"{number}!")
                tell(f"{task} {number}!")
            if number % 7 == 0:
                await ann.sync()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
