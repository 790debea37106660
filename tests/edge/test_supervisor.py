"""The supervisor over tiny processes: always as many that serve as were asked for, whatever happens to them."""

import asyncio
import json
import os
import shlex
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homeport_server.process.supervisor import PAUSE_FIRST_S, PAUSE_MAX_S, pause_s
from tests.edge import supervised

WORKERS = 2
PATIENCE_S = 30


@dataclass(slots=True)
class Supervised:
    """A supervisor and what all its processes have said so far."""

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, event: str, count: int = 1) -> dict[str, Any]:
        """Read on until there were so many lines of this event; the last of them."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(event)) < count:
                assert self.process.stdout
                line = await self.process.stdout.readline()
                assert line, f"everyone ended before {event!r}: {self.lines}"
                self.lines.append(json.loads(line))
        return found[count - 1]

    async def rest(self) -> int:
        """Read to the end, which is there when the supervisor and all its processes are gone; its exit code."""
        async with asyncio.timeout(PATIENCE_S):
            assert self.process.stdout
            self.lines += [json.loads(line) async for line in self.process.stdout]
            return await self.process.wait()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    def pids(self, event: str) -> list[int]:
        return [line["pid"] for line in self.of(event)]

    async def ask(self) -> int:
        """The process id of whoever answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.of("listening")[0]["port"])
        try:
            return int(await reader.read())
        finally:
            writer.close()


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a supervisor whose directory is `tmp_path`; whatever is left of it is killed at the end."""

    @asynccontextmanager
    async def starting(*, gone_s: float = 60, workers: int = WORKERS, python: bool = True) -> AsyncIterator[Supervised]:
        interpreter = tmp_path / "python"
        interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        interpreter.chmod(0o755 if python else 0o644)
        command = [sys.executable, supervised.__file__, str(tmp_path), str(workers), str(gone_s)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        made = Supervised(process)
        try:
            yield made
        finally:
            (tmp_path / "stubborn").unlink(missing_ok=True)
            (tmp_path / "slow").unlink(missing_ok=True)
            if process.returncode is None:
                process.kill()
            await made.rest()

    return starting


async def test_it_says_that_it_listens_once_when_all_processes_serve(start: Start) -> None:
    async with start(workers=3) as them:
        await them.until("listening")
        assert len(them.of("serving")) == 3
        assert await them.ask() in them.pids("serving")
        them.process.terminate()
        assert await them.rest() == 0
        assert len(them.of("listening")) == 1


@pytest.mark.parametrize(("number", "why"), [(signal.SIGTERM, "PLANNED"), (signal.SIGINT, "NOW")])
async def test_a_signal_is_passed_on_and_everyone_ends(start: Start, number: signal.Signals, why: str) -> None:
    async with start() as them:
        await them.until("listening")
        them.process.send_signal(number)
        assert await them.rest() == 0
        assert [line["why"] for line in them.of("stopped")] == [why] * WORKERS
        assert sorted(line["of"] for line in them.of("buried")) == sorted(them.pids("serving"))
        with pytest.raises(ConnectionRefusedError):
            await them.ask()


async def test_a_second_signal_kills(start: Start, tmp_path: Path) -> None:
    (tmp_path / "stubborn").touch()
    async with start() as them:
        await them.until("listening")
        them.process.terminate()
        await them.until("stopped", WORKERS)
        them.process.terminate()
        assert await them.rest() == 1


async def test_a_process_that_is_killed_is_replaced(start: Start) -> None:
    async with start() as them:
        await them.until("listening")
        victim = them.pids("serving")[0]
        signal_to(victim)
        assert (await them.until("server process died"))["exit_code"] == -signal.SIGKILL
        await them.until("server process replaced")
        assert {line["of"] for line in them.of("buried")} == {victim}
        assert len(them.of("serving")) == WORKERS + 1
        assert await them.ask() != victim


async def test_a_process_that_cannot_be_replaced_yet_is_tried_again(start: Start, tmp_path: Path) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "broken").touch()
        signal_to(them.pids("serving")[0])
        await them.until("buried", 3)
        (tmp_path / "broken").unlink()
        await them.until("server process replaced")
        assert len(them.of("serving")) == WORKERS + 1


async def test_a_process_that_cannot_even_be_started_is_tried_again(start: Start, tmp_path: Path) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "python").rename(tmp_path / "away")
        signal_to(them.pids("serving")[0])
        await them.until("server process not started", 2)
        (tmp_path / "away").rename(tmp_path / "python")
        await them.until("server process replaced")
        assert len(them.of("serving")) == WORKERS + 1


async def test_a_process_that_dies_as_soon_as_it_serves_is_replaced_ever_later(start: Start, tmp_path: Path) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "weak").touch()
        signal_to(them.pids("serving")[0])
        await them.until("buried", 4)
        pauses_s = [line["again_in_s"] for line in them.lines if "again_in_s" in line]
        assert len(pauses_s) >= 3
        assert pauses_s == sorted(set(pauses_s))


def test_the_pause_doubles_and_has_an_end() -> None:
    pauses_s = [pause_s(deaths) for deaths in range(1_000)]
    assert pauses_s[:3] == [PAUSE_FIRST_S, PAUSE_FIRST_S * 2, PAUSE_FIRST_S * 4]
    assert pauses_s[-1] == max(pauses_s) == PAUSE_MAX_S


async def test_a_roll_replaces_everyone_and_not_one_connection_is_refused(start: Start) -> None:
    async with start() as them:
        await them.until("listening")
        before = set(them.pids("serving"))
        answered: Counter[int] = Counter()

        async def drive() -> None:
            while True:
                answered[await them.ask()] += 1

        drivers = [asyncio.create_task(drive()) for _ in range(4)]
        for rolls in range(1, 3):
            them.process.send_signal(signal.SIGHUP)
            await them.until("rolled", rolls)
        after = {await them.ask() for _ in range(20)}
        for driver in drivers:
            assert not driver.done() or driver.exception() is None
            driver.cancel()
        await asyncio.gather(*drivers, return_exceptions=True)
        assert not after & before
        assert len(answered) > 1
        assert [line["why"] for line in them.of("stopped")] == ["HANDOVER"] * WORKERS * 2
        assert fewest_serving(them) >= WORKERS


def fewest_serving(them: Supervised) -> int:
    """How few served at any time since all did; a new one says so before the old one is told to stop."""
    told = [line["event"] for line in them.lines]
    changes = [1 if event == "serving" else -1 for event in told[: told.index("rolled")] if event in _CHANGES]
    counts = [sum(changes[:end]) for end in range(WORKERS, len(changes) + 1)]
    return min(counts)


_CHANGES = ("serving", "stopped")


async def test_a_new_version_that_does_not_come_up_leaves_the_old_one_serving(start: Start, tmp_path: Path) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "broken").touch()
        them.process.send_signal(signal.SIGHUP)
        await them.until("roll given up")
        assert not them.of("stopped")
        assert await them.ask() in them.pids("serving")
        (tmp_path / "broken").unlink()
        them.process.send_signal(signal.SIGHUP)
        await them.until("rolled")
        assert await them.ask() in them.pids("serving")[WORKERS:]


async def test_a_new_version_that_cannot_be_started_leaves_the_old_one_serving(start: Start, tmp_path: Path) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "python").rename(tmp_path / "away")
        them.process.send_signal(signal.SIGHUP)
        await them.until("roll given up")
        assert not them.of("stopped")
        assert await them.ask() in them.pids("serving")


async def test_a_process_that_dies_while_its_successor_starts_leaves_as_many_as_were_asked_for(
    start: Start, tmp_path: Path
) -> None:
    async with start() as them:
        await them.until("listening")
        (tmp_path / "slow").touch()
        them.process.send_signal(signal.SIGHUP)
        await them.until("slow")
        signal_to(them.pids("serving")[0])
        await them.until("slow", 2)  # its successor of the roll, and one for the dead
        (tmp_path / "slow").unlink()
        await them.until("rolled")
        await them.until("stopped", 2)  # the other old one, and whichever is too many
        them.process.terminate()
        assert await them.rest() == 0
        assert Counter(line["why"] for line in them.of("stopped")) == {"HANDOVER": 2, "PLANNED": WORKERS}


async def test_a_stop_that_had_to_kill_is_a_failure(start: Start, tmp_path: Path) -> None:
    (tmp_path / "stubborn").touch()
    async with start(gone_s=0.1) as them:
        await them.until("listening")
        them.process.terminate()
        assert await them.rest() == 1


async def test_a_process_that_does_not_go_is_killed_when_its_time_is_over(start: Start, tmp_path: Path) -> None:
    (tmp_path / "stubborn").touch()
    async with start(gone_s=0.1) as them:
        await them.until("listening")
        (tmp_path / "stubborn").unlink()
        them.process.send_signal(signal.SIGHUP)
        await them.until("rolled")
        assert {line["pid"] for line in them.of("server process killed")} == set(them.pids("serving")[:WORKERS])


async def test_the_processes_of_a_killed_supervisor_drain_and_end(start: Start) -> None:
    async with start() as them:
        await them.until("listening")
        them.process.kill()
        assert await them.rest() == -signal.SIGKILL
        assert sorted(line["why"] for line in them.of("stopped")) == ["SUPERVISOR_GONE"] * WORKERS


async def test_a_first_process_that_fails_ends_the_start_with_its_exit_code(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    async with start() as them:
        assert await them.rest() == supervised.BROKEN_CODE
        assert sorted(line["event"] for line in them.lines) == ["buried", "server process did not come up"]


async def test_a_first_process_that_cannot_be_started_ends_the_start(start: Start, tmp_path: Path) -> None:
    async with start(python=False) as them:
        assert await them.rest() == 1
        assert [line["event"] for line in them.lines] == ["server process not started"]


def signal_to(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
