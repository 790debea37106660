"""A process and all its children as one thing: frozen, thawed, killed and measured together, on Linux.

By their ids in /proc, since each child of PostgreSQL leads a process group of its own. Where there is no /proc a
process can still be killed, with its group if there is such a thing: that is enough for one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

LOOK_S = 0.005
KILL_S = 10.0
PROC = Path("/proc")
_STATE, _PARENT, _TIMES = 0, 1, slice(11, 15)  # in what follows the name in /proc/ID/stat
_PORTS = (10_000, 32_000)  # below what the kernel hands out, so that nobody takes a port whose server is down


class ProcessFailed(RuntimeError):
    """A program did not do what it was asked to. The message holds its last words."""


async def until(condition: Callable[[], bool], *, within_s: float, awaited: str) -> None:
    """Waits for `condition`, and raises `ProcessFailed` if it is not met in time."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110  # another process sets no event of ours
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise ProcessFailed(f"Waited {within_s:.0f} s in vain until {awaited}.") from None


def family(parent: int) -> list[int]:
    """The ids of a process and of all its descendants that live, parents first."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and alive(int(entry.name)) and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = [parent] if alive(parent) else []
    for each in found:
        found += children.get(each, [])
    return found


def alive(process: int) -> bool:
    """Whether there is such a process, and more than its exit code is left of it."""
    fields = _stat(process)
    return bool(fields) and fields[_STATE] not in {"Z", "X"}


async def freeze(parent: int, *, within_s: float = 10.0) -> None:
    """Stops the whole family, parents first; when this returns, nobody can be born any more."""
    _send(signal.SIGSTOP, family(parent))
    await until(lambda: _stopped(parent), within_s=within_s, awaited=f"process {parent} has stopped")


def thaw(parent: int) -> None:
    """Lets the whole family go on."""
    _send(signal.SIGCONT, family(parent))


async def kill(parent: int, *, within_s: float = KILL_S, proc: Path = PROC) -> None:
    """SIGKILL to the whole family: no handler runs, nothing is flushed, and nobody is left when this returns.

    Without `proc` it goes to the group that the process leads, and nobody waits for their end.
    """
    if not _is_there(proc):
        kill_group(parent)
        return
    with contextlib.suppress(ProcessFailed):  # however that may be, it dies
        await freeze(parent)
    doomed = family(parent)
    _send(signal.SIGKILL, doomed)
    await until(
        lambda: not any(alive(each) for each in doomed), within_s=within_s, awaited=f"process {parent} is no more"
    )


def kill_group(leader: int) -> None:
    """SIGKILL to the group that a process leads, if there still is one. Nobody waits for its end."""
    if sys.platform == "win32":
        os.kill(leader, signal.SIGTERM)  # which is the end of it there
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: all are zombies, on macOS
            os.killpg(leader, signal.SIGKILL)


def cpu_s(parent: int) -> float:
    """User and system time of the family that lives and of the children it has buried, in seconds."""
    ticks = sum(int(each) for process in family(parent) for each in _stat(process)[_TIMES])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_bytes(parent: int) -> int:
    """Resident memory of the family; what two of them share counts twice."""
    pages = 0
    for process in family(parent):
        with contextlib.suppress(OSError):
            pages += int((PROC / str(process) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and which no outgoing connection is given."""
    while True:
        port = SystemRandom().randrange(*_PORTS)
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


def allow_open_files() -> None:
    """As many open files as the system lets us have: each phone has two connections, and a proxy twice as many."""
    try:
        import resource
    except ImportError:  # there is none on Windows, and no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # where the kernel's own limit is lower than the one it names
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def last_words(log: Path) -> str:
    """The end of what a program wrote."""
    return " ".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""


def _stat(process: int) -> list[str]:
    """The fields after the name, which may hold anything; none when there is no such process."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _stopped(parent: int) -> bool:
    """Whether the whole family stands still. Whoever was born meanwhile is stopped too, and looked at again."""
    moving = [each for each in family(parent) if alive(each) and _stat(each)[:1] != ["T"]]
    _send(signal.SIGSTOP, moving)
    return not moving


def _is_there(proc: Path) -> bool:
    return proc.is_dir()


def _send(what: signal.Signals, processes: list[int]) -> None:
    for each in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, what)
