"""Task lists that people share: each list is a scope, its tasks live within it."""

from datetime import date
from typing import Literal

from homeport_sync import App, Rank, field

app = App("tasks", version=1)


@app.kind(root=True)
class TaskList:
    title: str = field(max_length=200)
    color: Literal["red", "green", "blue"] = "blue"


@app.kind(within=TaskList)
class Task:
    title: str = field(max_length=200, indexed=True)
    notes: str = ""
    done: bool = field(default=False, indexed=True)
    due: date | None = field(default=None, indexed=True)
    assignee: str | None = field(default=None, max_length=200)
    place: Rank  # people drag tasks into order
    tags: set[str] = field(max_length=40)
    cheers: int = field(default=0, merge="counter")
    budget: int = field(default=0, merge="guarded")  # in cents: nobody spends what somebody else has just spent
