"""An app with all that an app can say: a field of most rules, roles of its own, rules about writes, and commands.

`errands.py` says once more, in its own words, what the commands and the rules come to.
"""

from __future__ import annotations

from typing import cast
from uuid import UUID

from homeport_sync import App, Call, Rank, Write, field

app = App("bazaar")


@app.kind(root=True)
class Stall:
    name: str
    sold: int = field(default=0, merge="counter")


@app.kind(within=Stall)
class Ware:
    name: str = field(indexed=True)
    stock: int = field(default=0, merge="guarded")
    votes: int = field(default=0, merge="counter")
    tags: set[str]
    place: Rank
    taken_by: str | None = field(default=None, merge="first")


@app.kind(within=Stall)
class Note:
    text: str
    by: str


@app.allow(Note)
def only_who_wrote_it_may_change_it(write: Write) -> bool:
    """A note is its writer's."""
    if write.after and write.after["text"] == "boom":
        raise ValueError("boom")
    there = write.before or write.after
    return there is None or there["by"] == write.user


@app.allow(Ware)
def what_is_in_stock_stays(write: Write) -> bool:
    """A ware that is in stock is not deleted: sell it first."""
    return write.op != "delete" or not (write.before and write.before["stock"])


@app.command(scope=Stall)
def sell(call: Call, ware: UUID, count: int = 1) -> None:
    """Sells some of a ware: stock, what was sold in all, and a note about it agree."""
    there, stall = call.get(ware), call.get(call.scope)
    if there is None or stall is None:
        call.refuse("It is not sold any more.")
    stock = cast(int, there["stock"])
    if stock < count:
        call.refuse(f"There are {stock} left.")
    call.update(ware, stock=stock - count, taken_by="somebody")
    call.update(call.scope, sold=cast(int, stall["sold"]) + count)
    call.create(Note, text=f"sold {count}", by="the till")


@app.command(scope=Stall, reads=[Ware])
def mark(call: Call, tag: str) -> None:
    """Puts a tag on every ware, a vote with it, and takes the others off."""
    for ware in call.records(Ware):
        call.update(ware.id, tags={tag}, votes=cast(int, ware["votes"]) + 1)


@app.command(scope=Stall, reads=[Note])
def tidy(call: Call) -> None:
    """Deletes one's own notes; whose they are, only the server knows."""
    for note in call.records(Note):
        if note["by"] == call.user:
            call.delete(note.id)


@app.command(scope=Stall, reads=[Ware], predicted=False)
def restock(call: Call) -> None:
    """Makes a note, and then fails if nothing is sold here."""
    note = call.create(Note, text="restocked", by="the till")
    wares = call.records(Ware)
    for ware in wares:
        call.update(ware.id, stock=5, name=f"new {ware['name']}"[:12])
    call.update(note, text=f"restocked {100 // len(wares)}")


app.role("cashier", writes=[Note, sell])
app.role("steward", writes=[Ware, mark], members=True)
