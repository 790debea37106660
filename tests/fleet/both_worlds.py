"""A script of which nothing depends on who was first: each phone edits what it made, and its own field of what its
circle shares. So it ends the same in both worlds, whatever the networks do and whenever the server dies.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from homeport_client.fleet import Actor, Network, Persona, Script, steady

OWN, TOUCHES = 5, 3
SHARED_FROM_S = 5.5  # by then everybody has what the first of the circle has made
DEVICES, CIRCLE = 30, 3
SHARED = (
    ("Task", "title"),
    ("Task", "notes"),
    ("Task", "done"),
    ("Task", "due"),
    ("Task", "assignee"),
    ("TaskList", "title"),
)
SHAKY = Network(
    name="shaky",
    delay_s=(0.0, 0.03),
    rates={"lose_answer": 0.02, "cut_request": 0.03, "cut_answer": 0.03, "double": 0.04, "late": 0.02, "portal": 0.01},
    lose_poke=0.2,
    late_s=0.5,
    patience_s=0.5,
)
done: WeakKeyDictionary[Actor, int] = WeakKeyDictionary()
made: WeakKeyDictionary[Actor, list[str]] = WeakKeyDictionary()
lists: WeakKeyDictionary[Actor, str] = WeakKeyDictionary()


async def write(me: Actor) -> None:
    """So many acts on what is one's own, then one on what is shared, and then no more."""
    number = done[me] = done.get(me, 0) + 1
    if number == 1:
        await make(me)
    elif number < OWN:
        await edit(me)
    elif number == OWN:
        await tidy(me)
    elif number == OWN + 1:
        await asyncio.sleep(max(SHARED_FROM_S - me.now_s, 0))
        await touch(me)


async def make(me: Actor) -> None:
    """A list of one's own with two tasks, and one for later. Before that the first of a circle makes the task that all
    of it share."""
    if me.phone.name == first(me):
        shared = await me.find(f"tasklist-{first(me).removeprefix('phone-')}.1")
        await me.create("Task", shared, **me.draw("Task", "title"))
    home = await me.create("TaskList", **me.draw("TaskList", "title", "color"))
    tasks = [await me.create("Task", home, **me.draw("Task", "title", "notes")) for _ in range(2)]
    made[me] = [task for task in tasks if task]
    lists[me] = str(await me.create("TaskList", title="later"))


async def edit(me: Actor) -> None:
    """Two fields of one's own task."""
    names = me.chance.sample(["title", "notes", "done", "due", "assignee"], 2)
    await me.update(me.chance.choice(made[me]), **me.draw("Task", *names))


async def tidy(me: Actor) -> None:
    """Of one's own tasks the first is put off, and the last goes and comes back."""
    await me.move(made[me][0], lists[me])
    await me.delete(made[me][-1])
    await me.restore(made[me][-1])


async def touch(me: Actor) -> None:
    """The field of the shared record that is this phone's alone to write, some times over.

    It is one act, since an act is played to its end: a phone that gets the record after the day is over touches it too.
    """
    number, user = (int(name.partition("-")[2]) - 1 for name in (me.phone.name, me.phone.user))
    kind, field = SHARED[user % CIRCLE + CIRCLE * (number != user)]
    label = f"{kind.lower()}-{first(me).removeprefix('phone-')}.1"
    while (shared := await me.find(label)) is None:  # noqa: ASYNC110  # it comes from another phone
        await asyncio.sleep(0.02)
    for _ in range(TOUCHES):
        await me.update(shared, **me.draw(kind, field))
        await asyncio.sleep(me.chance.uniform(0.0, 0.25))


def first(me: Actor) -> str:
    """The phone that makes what the circle shares."""
    return f"phone-{me.phone.handset.circle * CIRCLE + 1}"


script = Script(
    devices=DEVICES,
    duration_s=8.5,
    personas=[
        Persona(name="steady", does={write: 1}, every_s=0.25),
        Persona(name="shaky", does={write: 1}, every_s=0.25, network=SHAKY),
    ],
    phases=[steady(1)],
    circle=CIRCLE,
    crashes=1,
    storms=1,
    clones=0,
    watched=2,
)
