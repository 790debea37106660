"""Task lists that people share: each list is a scope, its tasks live within it."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from homeport_sync import App, Call, Entry, Rank, Tell, Write, field

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


@app.allow(Task)
def money_is_not_thrown_away(write: Write) -> bool:
    """A task that still has a budget is not deleted: spend it, or take it back first."""
    return write.op != "delete" or not (write.before and write.before["budget"])


@app.command(scope=TaskList, reads=[Task])
def clear_done(call: Call) -> None:
    """Deletes what is done, but for what has money left."""
    for task in call.records(Task):
        if task["done"] and not task["budget"]:
            call.delete(task.id)


@app.notification(kinds=[Task], ops=["create", "update"])
def assigned(entry: Entry, task: Mapping[str, object] | None) -> Tell | None:
    """Tells the assignee that a task is theirs now."""
    assignee = entry.fields.get("assignee")
    if task is None or not isinstance(assignee, str) or assignee in {"", entry.before.get("assignee")}:
        return None
    return Tell(
        users=assignee,
        title=f"{str(task['title'])[:100]} is yours now",
        body=f"{entry.user} gave it to you.",
        data={"list": entry.scope, "task": entry.record},
    )
