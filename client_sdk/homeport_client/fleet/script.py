"""What people do with their phones, drawn from one stream a phone: write, share, lose the network, lose power.

Each act is one short function; `ACTS` gives the weight with which it is drawn. Whatever an act cannot do (no list
yet, no task left, no right to it) it leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeAlias

from homeport_client import View
from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.phone import Phone, World
from homeport_client.fleet.seed import Seed
from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How big a story is. `actions` is for each phone, with a pause of `pause_s` on average between two.

    `skewed` is the share of phones whose clock is wrong, by up to a day; `clones` is how many phones are set up
    from another's backup; `crashes` how often the server's process dies, beside what its faults do to it.
    `watched` has somebody look at every phone all the time, which costs as much as all the rest.
    """

    users: int = 3
    phones: int = 5
    lists: int = 2
    actions: int = 16
    pause_s: float = 4.0
    skewed: float = 0.4
    clones: int = 1
    crashes: int = 2
    watched: bool = False

    @property
    def user_names(self) -> tuple[str, ...]:
        """The users; the phones are dealt to them in turn."""
        return tuple(f"user-{number}" for number in range(self.users))


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A phone, the stream it draws its story from, whom it may share with, and how long it rests between acts."""

    phone: Phone
    chance: Random
    others: tuple[str, ...]
    pause_s: float

    async def any_list(self) -> View | None:
        """One of the lists on the phone."""
        return await self._any("TaskList")

    async def any_task(self) -> View | None:
        """One of the tasks on the phone."""
        return await self._any("Task")

    async def _any(self, kind: str) -> View | None:
        found = await self.phone.device.query(kind, limit=30)
        return self.chance.choice(found) if found else None

    def word(self) -> str:
        """Something to write, hardly ever twice the same."""
        return f"{self.chance.choice(_WORDS)} {self.chance.randrange(10_000)} by {self.phone.name}"


async def set_stage(world: World, script: Script) -> list[Phone]:
    """The phones, switched on, dealt to the users in turn; and the lists that everybody shares."""
    phones = []
    for number in range(script.phones):
        chance = world.seed.stream("clock", number)
        skew_ms = chance.randint(-DAY_MS, DAY_MS) if chance.random() < script.skewed else 0
        user = script.user_names[number % script.users]
        phones.append(Phone(world, f"phone-{number}", user, skew_ms=skew_ms))
        await phones[-1].switch_on()
    for number in range(script.lists):
        maker = phones[number % len(phones)]
        scope = await maker.create("TaskList", title=f"list {number}")
        for user in script.user_names:
            if user != maker.user:
                await maker.invite(scope, user)
    return phones


Act: TypeAlias = Callable[[Actor], Awaitable[None]]
_WORDS = ("milk", "bread", "paint the fence", "call mother", "Grüße", "牛乳", "🚲", 'a "quoted" one', "")


async def play(phone: Phone, script: Script, seed: Seed) -> None:
    """One phone's story, from its first act to its last."""
    others = tuple(user for user in script.user_names if user != phone.user)
    actor = Actor(phone=phone, chance=seed.stream("script", phone.name), others=others, pause_s=script.pause_s)
    for _ in range(script.actions):
        await asyncio.sleep(actor.chance.expovariate(1 / script.pause_s))
        (act,) = actor.chance.choices(list(ACTS), weights=list(ACTS.values()))
        await act(actor)


async def make_list(actor: Actor) -> None:
    """A list of one's own, often made with no network, with a first task and a guest."""
    made = await actor.phone.create("TaskList", title=actor.word())
    await actor.phone.create("Task", scope=made, title=actor.word())
    await actor.phone.invite(made, actor.chance.choice(actor.others))


async def make_task(actor: Actor) -> None:
    """A task in any list."""
    where = await actor.any_list()
    if where:
        await actor.phone.create("Task", scope=where.id, title=actor.word(), notes=actor.word())


async def edit_task(actor: Actor) -> None:
    """One to three fields of any task, at once."""
    task = await actor.any_task()
    if task:
        names = actor.chance.sample(list(_TASK_VALUES), actor.chance.randint(1, 3))
        await actor.phone.update("Task", task.id, **{name: _TASK_VALUES[name](actor) for name in names})


async def edit_list(actor: Actor) -> None:
    """The colour or the title of any list."""
    where = await actor.any_list()
    if where and actor.chance.random() < 0.5:
        await actor.phone.update("TaskList", where.id, color=actor.chance.choice(("red", "green", "blue")))
    elif where:
        await actor.phone.update("TaskList", where.id, title=actor.word())


async def delete_task(actor: Actor) -> None:
    """Any task goes, for everybody."""
    task = await actor.any_task()
    if task:
        await actor.phone.delete("Task", task.id)


async def delete_list(actor: Actor) -> None:
    """Any list goes, if its owner says so."""
    where = await actor.any_list()
    if where:
        await actor.phone.delete("TaskList", where.id)


async def invite(actor: Actor) -> None:
    """Somebody else gets to see a list."""
    where = await actor.any_list()
    if where:
        await actor.phone.invite(where.id, actor.chance.choice(actor.others))


async def remove(actor: Actor) -> None:
    """Somebody else loses a list."""
    where = await actor.any_list()
    if where:
        await actor.phone.remove(where.id, actor.chance.choice(actor.others))


async def ride_through_tunnel(actor: Actor) -> None:
    """No network for a while."""
    actor.phone.ride_through_tunnel(actor.chance.uniform(0.2, 20) * actor.pause_s)


async def use_airplane_mode(actor: Actor) -> None:
    """The app is told to stay offline, and told again when that is over, a few acts later."""
    if actor.phone.device.online:
        await actor.phone.device.go_offline()
    else:
        await actor.phone.device.go_online()


async def lose_power(actor: Actor) -> None:
    """The phone dies in the middle of whatever it did."""
    await actor.phone.kill()


async def set_clock(actor: Actor) -> None:
    """Somebody sets the phone's clock, by up to a day."""
    actor.phone.wall.jump(actor.chance.randint(-DAY_MS, DAY_MS))


ACTS: Mapping[Act, int] = {
    make_task: 24,
    edit_task: 40,
    edit_list: 6,
    delete_task: 5,
    make_list: 3,
    delete_list: 1,
    invite: 3,
    remove: 3,
    ride_through_tunnel: 6,
    use_airplane_mode: 4,
    lose_power: 3,
    set_clock: 2,
}

_TASK_VALUES: Mapping[str, Callable[[Actor], PythonValue]] = {
    "title": lambda actor: actor.word(),
    "notes": lambda actor: actor.word() * actor.chance.randint(1, 5),
    "done": lambda actor: actor.chance.random() < 0.5,
    "due": lambda actor: date(2026, 1, 1) + timedelta(days=actor.chance.randrange(365)),
    "assignee": lambda actor: actor.chance.choice((None, *actor.others)),
}
