"""A day on the street: one step after the other, each said by a verb and three small numbers.

Who does it, to what and with which value follows from the numbers and from what is there; what cannot be done, or what
a phone refuses by itself, comes to nothing. After each step the phone it was done on is looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

import pytest

from homeport_client import Device, adding, increment, removing
from homeport_client.group import Group
from homeport_sync.rejections import Rejection
from tests.fleet.bazaar import Note, Stall, Ware
from tests.fleet.clerk import check_effects, name_of
from tests.fleet.errands import ERRANDS, FORESEEN, ROLES, Effects, Refused, Room
from tests.fleet.street import DAY_MS, TENANT, Phone, Street

USERS = ("ann", "bob", "cem", "dora", "eve")
TAGS = ("a", "b", "c")
FATES = ("no answer", "doubled", "late", "lost", "no page", "no answer")
SKEWS_MS = (0, DAY_MS, -DAY_MS, 600_000)
PAUSES_MS = (1_000, 3_600_000, 2 * DAY_MS)
PHONES_MAX = 9


class Step(NamedTuple):
    """`who` does `verb` to `which` of those there are, with a `value`."""

    verb: str
    who: int
    which: int
    value: int


async def morning(street: Street) -> Street:
    """Ann has a stall with two wares, and all but Dora have a role in it; Bob has another one, which all of them share;
    everybody's phone has caught up."""
    ann, bob, *others = (Phone(street, user) for user in ("ann", "bob", "cem", "eve", "dora", "ann"))
    street.phones += [ann, bob, *others]
    await street.store.create(TENANT, id=TENANT, epoch="first", now_ms=street.ms)
    await ann.wake()
    stall = await ann.device.create(Stall, name="tea")
    for user, role in (("bob", "editor"), ("cem", "cashier"), ("eve", "steward")):
        await ann.device.invite(stall, user, role)
    await ann.device.create(Ware, scope=stall, name="green", stock=3)
    await ann.device.create(Ware, scope=stall, name="black", tags={"a"})
    await bob.wake()
    other = await bob.device.create(Stall, name="coffee")
    for user, role in (("ann", "editor"), ("cem", "editor"), ("eve", "steward"), ("dora", "viewer")):
        await bob.device.invite(other, user, role)
    for phone in street.phones * 2:
        await phone.wake()
        await phone.sync()
    return street


class Day:
    """One day on a street."""

    def __init__(self, street: Street) -> None:
        self._street = street

    async def spend(self, steps: list[Step]) -> None:
        """All steps, and then the evening, on which everything gets through."""
        for step in steps:
            self._street.ms += 10
            await self._take(step)
        await self._evening()

    async def close(self) -> None:
        """Every phone is put away."""
        for phone in self._street.phones:
            if phone.connection:
                await phone.device.close()

    async def _take(self, step: Step) -> None:
        phone = self._street.phones[step.who % len(self._street.phones)]
        await phone.wake()
        if step.verb in WRITES:
            await self._write(phone, WRITES[step.verb], step)
        else:
            await HAPPENS[step.verb](self._street, phone, step)
        phone.check()

    async def _write(self, phone: Phone, write: Callable[[Phone, Step], Awaitable[object]], step: Step) -> None:
        before = len(phone.pending())
        try:
            await write(phone, step)
        except Rejection:
            assert len(phone.pending()) == before, "what a phone refuses it does not send"
        self._street.written |= {name_of(each) for each in phone.pending()[before:]}

    async def _evening(self) -> None:
        """Everybody catches up, and once more with what the others have sent; then all is as it must be."""
        street = self._street
        for _ in range(2):
            for phone in street.phones:
                await phone.wake()
                phone.line.fates.clear()
                await phone.device.sync()
        for phone in street.phones:
            assert phone.seen == street.clerk.paper.seen_by(phone.user), f"{phone.user} has not caught up"
            phone.check()
        for name in street.written:
            times, refused = street.clerk.accepted[name], name in street.clerk.rejected
            assert times == 1 or (times == 0 and (refused or name in street.given_up)), f"{times} times: {name}"
        assert max(street.clerk.accepted.values()) == 1


def _pick(phone: Phone, kind: str, which: int) -> tuple[str, str]:
    """One of the records that show, and its scope. Raises `Rejection` if none does."""
    assert phone.connection
    query = "SELECT id, scope FROM view WHERE kind = ? AND deleted = 0 ORDER BY id"
    found = phone.connection.execute(query, (kind,)).fetchall()
    if not found:
        raise Rejection
    id, scope = found[which % len(found)]
    return str(id), str(scope)


async def _new_stall(phone: Phone, step: Step) -> None:
    stall = await phone.device.create(Stall, name="new")
    await phone.device.invite(stall, USERS[step.value % len(USERS)], ROLES[step.which % len(ROLES)])


def _forged(phone: Phone, to: Group, stall: str, which: int) -> None:
    to.create(Note, scope=stall, text="forged", by=USERS[which % len(USERS)])


def _sold(phone: Phone, to: Group, stall: str, which: int) -> None:
    to.call("sell", scope=stall, ware=UUID(_pick(phone, "Ware", which)[0]), count=1)


def _shared(phone: Phone, to: Group, stall: str, which: int) -> None:
    to.invite(stall, USERS[which % len(USERS)], ROLES[which % len(ROLES)])


def _both(phone: Phone, to: Group, stall: str, which: int) -> None:
    to.create(Note, scope=to.create(Stall, name="both"), text="new", by=phone.user)


PARTS: tuple[Callable[[Phone, Group, str, int], object], ...] = (
    lambda phone, to, stall, which: to.create(Ware, scope=stall, name="more", stock=which),
    lambda phone, to, stall, which: to.update(_pick(phone, "Ware", which)[0], votes=increment()),
    lambda phone, to, stall, which: to.create(Note, scope=stall, text="hello", by=phone.user),
    _forged,
    lambda phone, to, stall, which: to.update(_pick(phone, "Note", which)[0], text="mine"),
    lambda phone, to, stall, which: to.update(_pick(phone, "Ware", which)[0], stock=which),
    lambda phone, to, stall, which: to.delete(_pick(phone, "Ware", which)[0]),
    _sold,
    _shared,
    lambda phone, to, stall, which: to.remove(stall, USERS[which % len(USERS)]),
    _both,
    lambda phone, to, stall, which: to.move(_pick(phone, "Ware", which)[0], into=stall),
)


async def _group(phone: Phone, step: Step) -> None:
    async with phone.device.group() as group:
        for at in range(2 + step.value % 3):
            stall = _pick(phone, "Stall", step.which)[0]
            PARTS[(step.value + 3 * at + step.which) % len(PARTS)](phone, group, stall, step.which + at)


async def _make(phone: Phone, step: Step) -> None:
    stall = _pick(phone, "Stall", step.which)[0]
    if step.value % 3:
        await phone.device.create(Ware, scope=stall, name="new", stock=step.value)
    else:
        await phone.device.create(Note, scope=stall, text="hi" if step.value else "boom", by=phone.user)


async def _edit(phone: Phone, step: Step) -> None:
    ware, device = _pick(phone, "Ware", step.which)[0], phone.device
    match step.value % 6:
        case 0:
            await device.update(ware, name=f"by {phone.user}")
        case 1:
            await device.update(ware, stock=step.value)
        case 2:
            await device.update(ware, tags=adding(TAGS[step.value % 3]))
        case 3:
            await device.update(ware, tags=removing(*TAGS[: step.value % 4]))
        case 4:
            await device.update(ware, taken_by=phone.user)
        case _:
            await device.update(_pick(phone, "Stall", step.which)[0], name=phone.user, sold=increment(-1))


async def _vote(phone: Phone, step: Step) -> None:
    await phone.device.update(_pick(phone, "Ware", step.which)[0], votes=increment(1 + step.value))


async def _rewrite(phone: Phone, step: Step) -> None:
    fields = {"text": "boom"} if step.value == 1 else {"text": "x", "by": USERS[step.value % len(USERS)]}
    await phone.device.update(_pick(phone, "Note", step.which)[0], **fields)


async def _delete(phone: Phone, step: Step) -> None:
    kind = ("Ware", "Note", "Ware", "Stall")[step.value % 4]
    await phone.device.delete(_pick(phone, kind, step.which)[0])


async def _move(phone: Phone, step: Step) -> None:
    record, scope = _pick(phone, ("Ware", "Ware", "Note")[step.value % 3], step.which)
    stalls = [_pick(phone, "Stall", step.value + at)[0] for at in range(2)]
    await phone.device.move(record, into=next((each for each in stalls if each != scope), scope))


async def _invite(phone: Phone, step: Step) -> None:
    stall, user = _pick(phone, "Stall", step.which)[0], USERS[step.value % len(USERS)]
    if step.value < len(ROLES):
        await phone.device.remove(stall, user)
    else:
        await phone.device.invite(stall, user, ROLES[(step.which + step.value) % len(ROLES)])


async def _leave(phone: Phone, step: Step) -> None:
    await phone.device.remove(_pick(phone, "Stall", step.which)[0], phone.user)


async def _call(phone: Phone, step: Step) -> None:
    """A command: what the phone shows of it at once is what the errand comes to, on what the phone showed before."""
    stall, name = _pick(phone, "Stall", step.which)[0], [*ERRANDS][step.value % len(ERRANDS)]
    arguments: dict[str, object] = {}
    if name == "sell":
        arguments = {"ware": _pick(phone, "Ware", step.which)[0], "count": 1 + step.value // 4}
    elif name == "mark":
        arguments = {"tag": TAGS[step.value % 3]}
    room = phone.room(stall)
    foreseen, refusal = _foreseen(name, room, arguments)
    if refusal:
        with pytest.raises(Rejection) as rejected:
            await _call_on(phone.device, name, stall, arguments)
        assert rejected.value.code == refusal
        return
    await _call_on(phone.device, name, stall, arguments)
    after = phone.room(stall).rows
    check_effects(room.rows, foreseen, after, sorted(after.keys() - room.rows.keys()))


def _foreseen(name: str, room: Room, arguments: Mapping[str, object]) -> tuple[Effects, str]:
    """What a phone must show of a command, or the code with which it refuses."""
    try:
        return (ERRANDS[name](room, **arguments) if name in FORESEEN else Effects()), ""
    except Refused as refused:
        return Effects(), refused.code


async def _call_on(device: Device, name: str, stall: str, arguments: Mapping[str, object]) -> None:
    typed = {each: UUID(str(value)) if each == "ware" else value for each, value in arguments.items()}
    await device.call(name, scope=stall, **typed)  # type: ignore[arg-type]


async def _sync(street: Street, phone: Phone, step: Step) -> None:
    if step.value < len(FATES):
        phone.line.fates.extend([*[""] * (step.which % 3), FATES[step.value]])
    await phone.sync()
    phone.line.fates.clear()


async def _sync_all(street: Street, phone: Phone, step: Step) -> None:
    for each in street.phones:
        await each.wake()
        await each.sync()
        each.check()


async def _kill(street: Street, phone: Phone, step: Step) -> None:
    await phone.kill()


async def _restore(street: Street, phone: Phone, step: Step) -> None:
    await phone.kill(back=True)


async def _back_up(street: Street, phone: Phone, step: Step) -> None:
    phone.back_up()


async def _clone(street: Street, phone: Phone, step: Step) -> None:
    if len(street.phones) < PHONES_MAX:
        street.phones.append(phone.twin(street, phone.user, phone.image()))


async def _set_clock(street: Street, phone: Phone, step: Step) -> None:
    phone.skew_ms = SKEWS_MS[step.value % len(SKEWS_MS)]


async def _wait(street: Street, phone: Phone, step: Step) -> None:
    street.ms += PAUSES_MS[step.value % len(PAUSES_MS)]


async def _deliver(street: Street, phone: Phone, step: Step) -> None:
    """An old push arrives, for the first time or once more."""
    if street.late:
        await street.push(*street.late[-1 - step.value * (step.which + 1) % len(street.late)])


async def _forget(street: Street, phone: Phone, step: Step) -> None:
    street.forget_cursors()


async def _rest(street: Street, phone: Phone, step: Step) -> None:
    """Nothing happens."""


WRITES: Mapping[str, Callable[[Phone, Step], Awaitable[object]]] = {
    "make": _make,
    "edit": _edit,
    "vote": _vote,
    "rewrite": _rewrite,
    "delete": _delete,
    "move": _move,
    "invite": _invite,
    "leave": _leave,
    "new stall": _new_stall,
    "group": _group,
    "call": _call,
}
HAPPENS: Mapping[str, Callable[[Street, Phone, Step], Awaitable[object]]] = {
    "rest": _rest,
    "sync": _sync,
    "sync all": _sync_all,
    "kill": _kill,
    "restore": _restore,
    "back up": _back_up,
    "clone": _clone,
    "set clock": _set_clock,
    "wait": _wait,
    "deliver": _deliver,
    "forget cursors": _forget,
}
