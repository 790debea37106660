"""A supervisor over tiny processes, as a program of its own: `supervised.py DIRECTORY WORKERS GONE_S`.

Each process is started by `DIRECTORY/python`, which a test can take away, and answers every connection with its
process id. A file in the directory changes what new ones do: with `broken` they end before they serve, with `slow` they
serve once that is gone, with `weak` they die as soon as they serve, with `stubborn` they do not stop when told.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from homeport_server.observe import make_log
from homeport_server.process.child import LEASH_FLAG
from homeport_server.process.drain import Stop
from homeport_server.process.leash import Leash
from homeport_server.process.supervisor import Supervisor

BROKEN_CODE = 3
WEAK_CODE = 4


def say(event: str, **values: object) -> None:
    line = json.dumps({"event": event, "pid": os.getpid(), **values}) + "\n"
    os.write(1, line.encode())


async def serve(directory: Path, leash: Leash) -> None:
    if (directory / "broken").exists():
        sys.exit(BROKEN_CODE)
    if (directory / "slow").exists():
        say("slow")
        while (directory / "slow").exists():  # noqa: ASYNC110  # another process removes it
            await asyncio.sleep(0.01)
    weak = (directory / "weak").exists()
    stubborn = (directory / "stubborn").exists()
    over = asyncio.Event()

    def answer() -> None:
        # All at once: a connection that was accepted is answered, whatever stops the loop.
        with suppress(BlockingIOError):  # another process was quicker
            connection, _ = listening.accept()
            with connection:
                connection.sendall(str(os.getpid()).encode())

    def stop(order: Stop) -> None:
        say("stopped", why=order.name)
        if not stubborn:
            over.set()

    with leash.shared() as listening:
        listening.setblocking(False)
        asyncio.get_running_loop().add_reader(listening, answer)
        say("serving")
        leash.obey(stop)
        leash.say_ready()
        if weak:
            os._exit(WEAK_CODE)
        await over.wait()
        asyncio.get_running_loop().remove_reader(listening)


async def supervise(directory: Path, workers: int, gone_s: float) -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        supervisor = Supervisor(
            [str(directory / "python"), __file__, str(directory)],
            listening,
            os.environ,
            make_log("info"),
            workers=workers,
            gone_s=gone_s,
            ready=lambda: say("listening", port=port),
            buried=lambda pid: say("buried", of=pid),
        )
        return await supervisor.run()


if __name__ == "__main__":
    place, *rest = sys.argv[1:]
    if rest[0] == LEASH_FLAG:
        asyncio.run(serve(Path(place), Leash.read(rest[1])))
    else:
        sys.exit(asyncio.run(supervise(Path(place), int(rest[0]), float(rest[1]))))
