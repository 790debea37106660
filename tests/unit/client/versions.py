"""One app in three versions, so that a phone's own checks let pass what the server then refuses."""

from __future__ import annotations

from datetime import date
from typing import Literal

from homeport_sync import App, field


def newer() -> App:
    """What the phone's version of the app lets people write."""
    app = App("tasks")

    @app.kind(root=True)
    class TaskList:
        title: str
        colour: str = "red"

    @app.kind(within=TaskList)
    class Task:
        title: str
        state: str = "open"
        due: date | None = None
        votes: int = field(default=0, merge="counter")
        tags: set[str]
        stock: int = field(default=0, merge="guarded")

    return app


def served() -> App:
    """What the server takes: a state is open or done, a colour red or blue."""
    app = App("tasks")

    @app.kind(root=True)
    class TaskList:
        title: str
        colour: Literal["red", "blue"] = "red"

    @app.kind(within=TaskList)
    class Task:
        title: str
        state: Literal["open", "done"] = "open"
        due: date | None = None
        votes: int = field(default=0, merge="counter")
        tags: set[str]
        stock: int = field(default=0, merge="guarded")

    return app


def older() -> App:
    """What a version takes that knows of titles alone."""
    app = App("tasks")

    @app.kind(root=True)
    class TaskList:
        title: str

    @app.kind(within=TaskList)
    class Task:
        title: str

    return app
