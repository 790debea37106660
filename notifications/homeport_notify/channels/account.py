"""A provider's account, as a channel sends through it: posts that bear who sends, and what their replies mean.

Two things need more than one reply to be understood. A bearer that has ended is renewed once, and what was refused for
it is sent again: it surely was not taken. And what would speak against an address speaks against the account as well as
long as nothing has gone through it (`proven`): such answers are held until the others of their batch are there, so that
a wrong project or environment costs nobody their address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from homeport_notify.answer import Answer, Fate
from homeport_notify.channel import Answered
from homeport_notify.channels.bearer import Bearers, NoBearer
from homeport_notify.transport import OUT_OF_TIME, Head, Post, Reply, Transport


@dataclass(slots=True, kw_only=True)
class Account:
    """`read` says what a reply means; answers whose code is in `stale` are about the bearer, those in `doubted` are put
    right by `undoubted` when it is known whether the account is `proven`."""

    transport: Transport
    bearers: Bearers
    read: Callable[[Reply], Answer]
    stale: frozenset[str]
    doubted: frozenset[str]
    undoubted: Callable[[Answer, bool], Answer]
    proven: bool = False

    async def send(
        self, head: Callable[[str], Head], posts: Sequence[Post], answered: Answered, *, until_s: float
    ) -> None:
        """Send them, as `Channel.send` has it. `head` makes a head that bears what it is given."""
        places: Sequence[int] = range(len(posts))
        try:
            bearer = await self._bearer(until_s)
            places = await self._round(head(bearer), posts, places, answered, until_s=until_s, last=False)
            if places:
                self.bearers.refused(bearer)
                bearer = await self._bearer(until_s)
                await self._round(head(bearer), posts, places, answered, until_s=until_s, last=True)
        except NoBearer as none:
            for place in places:
                answered(place, none.answer)

    async def close(self) -> None:
        """Let go of it."""
        await self.bearers.close()
        await self.transport.close()

    async def _bearer(self, until_s: float) -> str:
        """One that is there in time. Raises `NoBearer`."""
        try:
            async with asyncio.timeout_at(until_s):
                return await self.bearers.bearer()
        except TimeoutError:
            raise NoBearer(OUT_OF_TIME) from None

    async def _round(
        self,
        head: Head,
        posts: Sequence[Post],
        places: Sequence[int],
        answered: Answered,
        *,
        until_s: float,
        last: bool,
    ) -> Sequence[int]:
        """Post those at the places; which have to be sent again with another bearer, if it is not the last round."""
        again: list[int] = []
        held: list[tuple[int, Answer]] = []

        def replied(index: int, reply: Reply | Answer) -> None:
            answer = reply if isinstance(reply, Answer) else self.read(reply)
            if answer.fate is Fate.SENT:
                self.proven = True
                answered(places[index], answer)
            elif answer.code in self.stale and not last:
                again.append(places[index])
            elif answer.code in self.doubted:
                held.append((places[index], answer))
            else:
                answered(places[index], answer)

        await self.transport.post(head, [posts[place] for place in places], replied, until_s=until_s)
        for place, answer in held:
            answered(place, self.undoubted(answer, self.proven))
        return again
