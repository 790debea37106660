"""A real server for tests: one process for the whole run, one tenant for each test, and calls that wait."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable
from importlib.metadata import distributions, requires
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_pytest.aside import aside

Result = TypeVar("Result")
_OF_SERVER = re.compile(r"""([\w.-]+)[^;]*; *extra == ["']server["']""")


class OneServer:
    """The process. It is started by the first test that asks, and again if one before has killed it."""

    def __init__(self, app: Path, data: Path) -> None:
        if missing := missing_of(requires("homeport") or ()):
            pytest.fail(
                f"A real server needs {', '.join(missing)}, which is not installed: pip install 'homeport[server]'.",
                pytrace=False,
            )
        self.app = app
        self._server = RealServer(app, data)
        self._numbers = count(1)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return any(part.running for part in self._server.parts.values())

    def start(self) -> None:
        """A new process, unless there is one."""
        if not self.running:
            _wait(self._server.start())

    def kill(self) -> None:
        """SIGKILL."""
        _wait(self._server.kill())

    def make_tenant(self) -> str:
        """One that no other test has."""
        name = f"test-{next(self._numbers)}"
        _wait(self._server.make_tenant(name))
        return name

    def token(self, user: str, tenant: str) -> str:
        """A token of a user there."""
        return _wait(self._server.token(user, tenant))


class OneTenant:
    """See `Server`."""

    def __init__(self, server: OneServer) -> None:
        self._server = server
        self._tokens: dict[str, str] = {}
        self.tenant = server.make_tenant()
        server.start()

    @property
    def url(self) -> str:
        """See `Server`."""
        return self._server.url

    @property
    def app(self) -> Path:
        """See `Server`."""
        return self._server.app

    @property
    def running(self) -> bool:
        """See `Server`."""
        return self._server.running

    def token(self, user: str) -> str:
        """See `Server`."""
        if user not in self._tokens:
            self._tokens[user] = self._server.token(user, self.tenant)
        return self._tokens[user]

    def kill(self) -> None:
        """See `Server`."""
        self._server.kill()

    def start(self) -> None:
        """See `Server`."""
        self._server.start()


def _wait(work: Coroutine[Any, Any, Result]) -> Result:
    """What it returns; the test fails if the process does not do what it was asked to."""
    __tracebackhide__ = True
    try:
        return aside(lambda: asyncio.run(work))
    except ProcessFailed as failed:
        pytest.fail(str(failed), pytrace=False)


def missing_of(requirements: Iterable[str]) -> list[str]:
    """Of what the extra `server` requires on every system, by the words of a distribution, all that is not here."""
    names = [found[1] for text in requirements if (found := _OF_SERVER.fullmatch(text))]
    return sorted(name for name in names if next(iter(distributions(name=name)), None) is None)
