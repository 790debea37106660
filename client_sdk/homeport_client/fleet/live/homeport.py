"""Homeport itself as processes: one that lives long, such as `homeport serve`, and one that answers and ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from homeport_client.fleet.live import process
from homeport_client.fleet.live.life import Life, Program
from homeport_client.fleet.live.process import ProcessFailed

START_S = 30.0
STOP_S = 60.0
HASTE = {"HOMEPORT_LEASE_S": "3", "HOMEPORT_WORK_POLL_S": "2"}  # those who watch a killing do not wait for long
PREFIX = "HOMEPORT_"
_HOMEPORT = (sys.executable, "-m", "homeport_server")


class HomeportProcess(Program):
    """One verb and the processes that run it, one after the other. `ready` is the event that each says when it is.

    Standard output goes to the file `said`, one life after the other.
    """

    def __init__(
        self, words: Sequence[str], *, ready: str, said: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"homeport {words[0]}")
        self._words = words
        self._ready = ready
        self._said = said
        self._environ = environ or {}
        self._from = 0

    async def start(self) -> None:
        """A new life, ready when this returns. Raises `ProcessFailed` with its last words, or those of the former life
        if that has ended by itself."""
        self._must_be_over()
        life = self._life = Life(self._name, self._spawn(), lambda: process.last_words(self._said))
        try:
            await process.until(
                lambda: not life.running or bool(self.said(self._ready)),
                within_s=START_S,
                awaited=f"{self._name} says {self._ready}",
            )
        except ProcessFailed as failed:
            await self.kill()
            raise ProcessFailed(f"{failed} {process.last_words(self._said)}") from None
        if not life.running:
            await self.kill()
            raise ProcessFailed(f"{self._name} was ended before it was ready.")
        self.lives += 1

    async def stop(self) -> int:
        """SIGTERM, and its exit code when it has ended. Raises `ProcessFailed` if it does not, or had by itself."""
        return await self._end(signal.SIGTERM, within_s=STOP_S)

    def said(self, event: str) -> list[Mapping[str, object]]:
        """Every such event that this life has logged."""
        with self._said.open("rb") as said:
            said.seek(self._from)
            lines = said.read().splitlines()
        found = [_event(line) for line in lines if event.encode() in line]
        return [each for each in found if each.get("event") == event]

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._said.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._said.open("ab") as said:
            self._from = said.tell()
            return subprocess.Popen(  # noqa: S603  # this interpreter, our own module
                [*_HOMEPORT, *self._words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=surroundings(self._environ),
                start_new_session=True,  # Ctrl-C is for us
            )


async def ask(*verb: str, environ: Mapping[str, str] | None = None, words: str = "") -> str:
    """What a verb prints that reads `words` on its standard input. Raises `ProcessFailed` with what it complains of."""
    # In a thread: unlike a task, it cannot be left in the middle with a process nobody waits for.
    ended = await asyncio.to_thread(_ended, verb, surroundings(environ or {}), words)
    if ended.returncode:
        complaint = f"{ended.stdout.strip()} {ended.stderr.strip()}".strip()
        raise ProcessFailed(f"homeport {' '.join(verb)} failed: {complaint}")
    return ended.stdout.strip()


def surroundings(given: Mapping[str, str]) -> dict[str, str]:
    """Our own environment with the settings that are given, and no others: those around us are of other servers, and
    of other databases."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}, **given}


def _ended(verb: Sequence[str], environ: Mapping[str, str], words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # this interpreter, our own module
        [*_HOMEPORT, *verb],
        input=words,
        capture_output=True,  # apart: on standard error an interpreter may have something of its own to say
        text=True,
        check=False,
        env=environ,
        start_new_session=True,  # Ctrl-C is for us; this is over soon by itself
    )


def _event(line: bytes) -> Mapping[str, object]:
    """A line of the log; nothing if it is none, or not whole yet."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
