"""Laws of writing without a device, over random histories of keys, phones, processes and clocks."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_sync.change import Elements, Increment, Outcome
from homeport_sync.draft import Draft
from homeport_sync.limits import LIMITS
from tests.unit.sync.desk import TENANT, Desk, create, edits
from tests.unit.sync.tasks import NOW, Phone

KEYS = ("a", "b", "c")
# What happens: somebody writes under one of the keys in one of two processes, or a phone whose clock is ahead does.
STEPS = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.integers(0, 1)),
    st.tuples(st.just("phone"), st.integers(-2, LIMITS.skew_max_ms)),
    st.tuples(st.just("tick"), st.integers(0, 60_000)),
)


@pytest.mark.promise("I2")
@settings(max_examples=60)
@given(turns=st.lists(st.lists(STEPS, min_size=1, max_size=5), max_size=6))
def test_a_key_writes_once_however_often_it_comes_and_whatever_phones_do_meanwhile(
    turns: list[list[tuple[str, int]]],
) -> None:
    """What comes in one turn comes at the same moment."""
    asyncio.run(_play(turns))


async def _play(turns: list[list[tuple[str, int]]]) -> None:
    desk = await Desk.open()
    fruit = await desk.fruit(await desk.stall())
    phone = Phone(user="ann", index=7)
    processes, told, sold = [desk.exchange, desk.process()], dict[str, list[Outcome]](), 0

    async def step(what: str, amount: int) -> None:
        nonlocal sold
        if what == "tick":
            desk.ms += amount
        elif what == "phone":
            sold += 1
            phone.ms = max(phone.ms, NOW + amount)
            fields = {"name": "phone", "sold": Increment(by=1), "tags": Elements(add={"phone": []})}
            made = phone.change("update", "Fruit", fruit.id, fruit.scope)
            await desk.push(phone, replace(made, fields=fields))
        else:
            wanted = edits({"name": what, "sold": Increment(by=1), "tags": Elements(add={what: []})})
            drafts = [
                Draft(op="update", kind="Fruit", id=fruit.id, fields=wanted),
                create("Fruit", fruit.scope, name=what),
            ]
            found = await processes[amount].write(TENANT, "ann", drafts, key=what, request_id="request")
            told.setdefault(what, []).extend(each.outcome for each in found)

    for turn in turns:
        await asyncio.gather(*(step(*each) for each in turn))
    here = await desk.record(fruit.id)
    assert here.fields["sold"] == sold + len(told)
    tags = here.fields["tags"]
    assert isinstance(tags, list)
    assert {*tags} == {*told, *(["phone"] if sold else [])}
    assert sorted(each.op for each in await desk.store.read(TENANT, 2, 1_000)) == sorted(
        ["update"] * (sold + len(told)) + ["create"] * len(told)
    )
    for outcomes in told.values():
        assert outcomes[::2] == [outcomes[0]] * (len(outcomes) // 2)
        assert {each.outcome for each in outcomes} == {"applied"}
        assert not any(each.lost for each in outcomes)
