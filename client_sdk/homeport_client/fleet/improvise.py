"""Improvising: a script becomes a story. Everybody acts on their own phone, drawn from a stream of their own.

Every moment at which something is done is a whole millisecond, so that it can be done again at the very same one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from random import Random

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.beside import beside
from homeport_client.fleet.cast import people
from homeport_client.fleet.deeds.table import perform
from homeport_client.fleet.lot import Lot
from homeport_client.fleet.networks import Network
from homeport_client.fleet.persona import Act, Persona
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import happens
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import SERVER, Handset, Step

WHOLE = Lot()
OPENED_WITHIN_S = (2.0, 30.0)
LOOKED_AT_S = (10.0, 60.0)


class Improvisation:
    """One script on one stage, from the first moment to the last; `lot` says which part of the fleet is there."""

    def __init__(self, stage: Stage, script: Script, lot: Lot = WHOLE) -> None:
        self._stage = stage
        self._script = script
        self._lot = lot
        self._seed = stage.world.seed
        self._people = people(script, stage.world.app)
        self._until_ms = round(script.duration_s * 1_000)
        self._circles = _circles(stage.cast)
        self._firsts = {handset.circle: handset.name for handset in reversed(stage.cast)}

    async def play(self) -> None:
        """Until the script's time is over. What befalls the server befalls it on every stage."""
        phones = list(self._stage.phones.values())
        parts = [self._of_phone(phone) for phone in phones]
        parts.append(self._now_and_then("crash", self._script.crashes))
        parts.append(self._now_and_then("storm", self._script.storms))
        clones = [number for number in range(self._script.clones) if self._lot.has(number)]
        await asyncio.gather(*parts, *(self._clone(number) for number in clones))
        await self._stage.world.until(self._until_ms)

    async def _of_phone(self, phone: Phone) -> None:
        handset = phone.handset
        await self._stage.world.until(handset.on_at_ms)
        await phone.switch_on()
        await self._stage.world.until(handset.on_at_ms + 1)
        actor = self._actor(phone)
        if self._is_first(handset):
            await self._begin(actor)
        await self._live(actor)

    async def _live(self, actor: Actor) -> None:
        persona = self._people[actor.phone.handset.persona]
        opens = self._seed.stream("opens", actor.phone.name)
        actor.phone.inbox.noticed = lambda: self._noticed(actor, persona, opens)
        async with beside(self._ride(actor.phone, self._script.network or persona.network)):
            await self._act(actor, persona)

    async def _act(self, actor: Actor, persona: Persona) -> None:
        """Act after act, in sittings if the persona has such."""
        world, acts, weights = self._stage.world, list(persona.does), list(persona.does.values())
        left_ms = self._sitting_ends_ms(actor, persona)
        while acts:
            pause_s = actor.chance.expovariate(1 / persona.every_s) / self._script.pace_at(world.now_ms() / 1_000)
            next_ms = world.now_ms() + max(round(pause_s * 1_000), 1)
            if next_ms >= left_ms and left_ms < self._until_ms:
                await self._leave(actor, persona, left_ms)
                left_ms = self._sitting_ends_ms(actor, persona)
            elif next_ms >= self._until_ms:
                return
            else:
                await world.until(next_ms)
                (act,) = actor.chance.choices(acts, weights=weights)
                await self._do(act, actor)

    def _noticed(self, actor: Actor, persona: Persona, chance: Random) -> None:
        """Something is shown: now and then it is opened at once."""
        opens_ms = self._stage.world.now_ms() + round(chance.uniform(*OPENED_WITHIN_S) * 1_000)
        leaves_ms = opens_ms + round(chance.uniform(*LOOKED_AT_S) * 1_000)
        if happens(chance, persona.opens) and opens_ms < self._until_ms:
            self._stage.later(self._open(actor, opens_ms, leaves_ms))

    async def _open(self, actor: Actor, opens_ms: int, leaves_ms: int) -> None:
        """Open what is shown, and look at it; the phone goes back to where it was, unless its user does more."""
        world, phone, was_asleep = self._stage.world, actor.phone, actor.phone.asleep
        await world.until(opens_ms)
        await actor.do("open_notification")
        attention = phone.attention
        await world.until(leaves_ms)
        if was_asleep and phone.attention == attention and leaves_ms < self._until_ms:
            await actor.do("put_away")

    async def _do(self, act: Act, actor: Actor) -> None:
        """One act. A replica that cannot even be read is told, and all go on."""
        try:
            await act(actor)
        except sqlite3.Error as error:
            actor.phone.trip(error, "an act")

    def _sitting_ends_ms(self, actor: Actor, persona: Persona) -> int:
        if persona.open_s is None:
            return self._until_ms
        return self._stage.world.now_ms() + round(actor.chance.uniform(*persona.open_s) * 1_000)

    async def _leave(self, actor: Actor, persona: Persona, at_ms: int) -> None:
        """Put the phone away, and come back to it."""
        world = self._stage.world
        await world.until(at_ms)
        await actor.do("put_away")
        back_ms = world.now_ms() + round(actor.chance.uniform(*persona.closed_s) * 1_000)
        await world.until(min(back_ms, self._until_ms))
        if back_ms < self._until_ms:
            await actor.do("take_out")

    async def _ride(self, phone: Phone, network: Network) -> None:
        """The gaps of the phone's network, one after the other."""
        world, gaps = self._stage.world, network.gaps
        chance = self._seed.stream("gaps", phone.name)
        while gaps is not None:
            at_ms = world.now_ms() + round(chance.uniform(*gaps.every_s) * 1_000)
            for_s = round(chance.uniform(*gaps.for_s), 1)
            if at_ms >= self._until_ms:
                return
            await world.until(at_ms)
            await perform(self._stage, Step(at_ms=at_ms, who=phone.name, do="no_network", what={"for_s": for_s}))
            await world.until(at_ms + round(for_s * 1_000))

    async def _begin(self, actor: Actor) -> None:
        """The first phone of a circle makes what the circle shares, and invites everybody."""
        for kind in actor.catalog.kinds.values():
            for _ in range(self._script.roots if kind.is_root else 0):
                made = await actor.create(kind.name, **actor.draw(kind.name, *kind.fields))
                for user in self._circle(actor.phone.handset.circle) if made else ():
                    if user != actor.phone.user:
                        await actor.invite(str(made), user)

    async def _now_and_then(self, verb: str, times: int) -> None:
        """So many times, at moments drawn evenly from the whole time."""
        moments = sorted(self._moments(self._seed.stream(verb), times))
        for at_ms in moments:
            await self._stage.world.until(at_ms)
            await perform(self._stage, Step(at_ms=at_ms, who=SERVER, do=verb))

    async def _clone(self, number: int) -> None:
        chance = self._seed.stream("clone", number)
        (at_ms,) = self._moments(chance, 1)
        await self._stage.world.until(at_ms)
        on = [phone for phone in self._stage.phones.values() if phone.on]
        if on:
            original = chance.choice(on)
            await self._actor(original).do("clone")
            twin = self._stage.phones[f"{original.name}.{original.twins}"]
            await self._live(self._actor(twin))

    def _moments(self, chance: Random, times: int) -> Sequence[int]:
        return [round(chance.uniform(0.1, 1.0) * self._until_ms) for _ in range(times)]

    def _actor(self, phone: Phone) -> Actor:
        """People share with their circle, and with a stranger: nothing of it may reach any other."""
        circle = phone.handset.circle
        others = [*self._circle(circle), *self._circle(circle + 1)[:1]]
        chance = self._seed.stream("acts", phone.name)
        return Actor(self._stage, phone, chance, tuple(user for user in others if user != phone.user))

    def _circle(self, number: int) -> list[str]:
        """The users of a circle, by the phones that were dealt."""
        return self._circles.get(number, [])

    def _is_first(self, handset: Handset) -> bool:
        return self._firsts[handset.circle] == handset.name


def _circles(handsets: Sequence[Handset]) -> dict[int, list[str]]:
    circles: dict[int, dict[str, None]] = {}
    for handset in handsets:
        circles.setdefault(handset.circle, {})[handset.user] = None
    return {number: list(users) for number, users in circles.items()}
