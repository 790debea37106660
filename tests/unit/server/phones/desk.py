"""What the tests of this room speak of: an app with a field of every type, and a phone that nobody answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from homeport_server.phones.glass import Owner
from homeport_server.phones.handheld import Handheld
from homeport_server.phones.happenings import Happenings
from homeport_server.phones.looking import look
from homeport_server.phones.sights import FieldSight, PhoneSight, RowSight
from homeport_server.phones.touch import Touch
from homeport_sync import App, Call, Rank, field

app = App("desk", version=1)
NOWHERE = "http://127.0.0.1:9"  # where nobody listens


@app.kind(root=True)
class Board:
    name: str = field(max_length=40)
    mood: Literal["calm", "busy"] = "calm"


@app.kind(within=Board)
class Card:
    title: str = field(max_length=20)
    notes: str = ""
    done: bool = False
    size: int = 0
    weight: float | None = None
    due: date | None = None
    at: datetime | None = None
    mood: Literal["calm", "busy"] = "calm"
    key: UUID | None = None
    place: Rank
    tags: set[str] = field(max_length=10)
    votes: int = field(default=0, merge="counter")
    money: int = field(default=0, merge="guarded")


@app.kind(within=Board)
class Remark:
    text: str = field(max_length=100)
    card: UUID | None = field(default=None, refers_to=Card)


@app.command(scope=Board, reads=[Card])
def rename_all(call: Call, title: str) -> None:
    """Gives every card the same title."""
    for card in call.records(Card):
        call.update(card.id, title=title)


CARD = app.catalog.kinds["Card"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A phone with one board that is open, and what fingers do to it."""

    phone: Handheld
    touch: Touch
    happenings: Happenings

    async def sight(self) -> PhoneSight:
        return await look(self.phone)

    async def rows(self) -> tuple[RowSight, ...]:
        return (await self.sight()).sections[0].rows

    async def card(self, title: str, **texts: str) -> str:
        """The id of a new card."""
        assert await self.touch.add_row("Card", {"title": title, **texts}), self.phone.glass.said
        return (await self.rows())[-1].id

    async def fields(self) -> Mapping[str, FieldSight]:
        """Those of the first card."""
        return {each.name: each for each in (await self.rows())[0].fields}

    async def refused(self, done: bool) -> str:
        """What the phone said to what it did not do."""
        assert not done
        return (await self.sight()).said


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    happenings = Happenings()
    owner = Owner(key="a", name="Ana", user="ana", token="-", server_url=NOWHERE, target="phone-a")
    phone = Handheld(app, owner, happenings)
    await phone.airplane(True)
    await phone.start()
    made = Desk(phone=phone, touch=Touch(phone), happenings=happenings)
    assert await made.touch.make_list("Board", {"name": "Garden"})
    try:
        yield made
    finally:
        await phone.close()
