"""No finger makes a phone raise, whatever is typed, wherever it lands: each verb answers yes, or with a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

import pytest

from homeport_server.phones.handheld import SAID_CHARS_MAX
from tests.unit.server.phones.desk import CARD, Desk, desk

TOUCHES = 150
TEXTS = (
    *("", " ", "0", "-7", "1e999", "nan", "−3", "9" * 5_000, "x" * 25_000, "\0", "\ud800", "a,b,,c", "yes", "calm"),
    *("2026-12-01", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00+23:59", "2026-02-30", "🚲", "None", "[]"),
)
NAMES = (*CARD.fields, "name", "", "__class__", "id", "scope", "text", "card")


async def touched(at: Desk, chance: Random, ids: list[str]) -> bool:
    touch, id, other = at.touch, chance.choice(ids), chance.choice(ids)
    name, text, yes = chance.choice(NAMES), chance.choice(TEXTS), chance.random() < 0.5
    given = {chance.choice(NAMES): chance.choice(TEXTS) for _ in range(3)}
    kind = chance.choice(("Board", "Card", "Remark", "Member", "", text))
    some = chance.choice((0, 1, -1, 10**30))
    touches: list[Callable[[], Awaitable[bool]]] = [
        lambda: touch.make_list(kind, given),
        lambda: touch.open_list(id),
        lambda: touch.add_row(kind, {"title": "x", **given} if yes else given),
        lambda: touch.set_field(id, name, text),
        lambda: touch.toggle(id, name),
        lambda: touch.count(id, name, some),
        lambda: touch.tag(id, name, text),
        lambda: touch.untag(id, name, text),
        lambda: touch.place(id, other, behind=yes),
        lambda: touch.shift(id, down=yes),
        lambda: touch.delete(id),
        touch.restore,
        lambda: touch.call(chance.choice(("rename_all", text)), given),
        lambda: touch.invite(text),
        lambda: touch.replay(some, given),
        lambda: touch.dismiss(some),
    ]
    return await chance.choice(touches)()


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_touched_the_phone_answers(seed: int) -> None:
    chance = Random(seed)
    async with desk() as at:
        done = 0
        for _ in range(TOUCHES):
            sight = await at.sight()
            rows = [each.id for section in sight.sections for each in section.rows]
            lists = [each.id for each in sight.lists]
            ids = [*rows, *rows, *lists, *chance.choices(TEXTS), "01a22707-c6fa-7de9-b1b6-6c5503892b2b"]
            if await touched(at, chance, ids):
                done += 1
                assert (await at.sight()).said == ""
            else:
                said = (await at.sight()).said
                assert said
                assert len(said) <= SAID_CHARS_MAX
    assert done > TOUCHES / 20
