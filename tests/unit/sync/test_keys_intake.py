"""Keys in the intake: what only deciding shows to be wanted is loaded, and then it is decided again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from msgspec.structs import replace as with_fields

from homeport_sync import App, field
from homeport_sync.change import Swap
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.memory import MemoryStore
from homeport_sync.overlay import LoadedGround
from homeport_sync.ports import Head, Loaded
from homeport_sync.push import Push
from homeport_sync.signals import LocalSignals
from tests.unit.sync.ledger import codes, outcomes
from tests.unit.sync.projects import app
from tests.unit.sync.tasks import NOW, Phone, ann
from tests.unit.sync.test_keys import project

TENANT = "acme"
shop = App("shop")


@shop.kind(root=True)
class Shop:
    name: str = ""


@shop.kind(within=Shop)
class Label:
    text: str | None = field(default=None, merge=lambda base, mine, theirs: f"{mine} {theirs}", unique=True)


async def intake_of(declared: App, limits: Limits = LIMITS) -> Intake:
    store = MemoryStore()
    await store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    return Intake(store, declared.catalog, LocalSignals(), limits=limits, wall_ms=lambda: NOW)


async def told(intake: Intake, push: Push) -> list[str]:
    return codes(outcomes(await intake.push(TENANT, push)))


async def labelled(intake: Intake, phone: Phone) -> Push:
    """Two labels, and a push that merges the first to a text which only the app's function knows."""
    scope = phone.new_id()
    root = phone.change("create", "Shop", scope, scope)
    one = phone.change("create", "Label", phone.new_id(), scope, fields={"text": "b"})
    two = phone.change("create", "Label", phone.new_id(), scope, fields={"text": "a b"})
    assert await told(intake, phone.push(root, one, two)) == ["", "", ""]
    merged = phone.change("update", "Label", one.id, scope)
    return phone.push(with_fields(merged, fields={"text": Swap(to="a", was="never")}))


async def test_a_value_that_only_a_merge_makes_is_looked_up_before_it_is_taken() -> None:
    intake = await intake_of(shop)
    assert await told(intake, await labelled(intake, ann())) == ["NOT_UNIQUE"]


async def test_what_wants_to_know_more_than_it_may_is_told_to_come_again() -> None:
    intake = await intake_of(shop, replace(LIMITS, decide_rounds_max=0))
    push = await labelled(intake, ann())
    failed = await asyncio.gather(intake.push(TENANT, push), return_exceptions=True)
    assert [type(each).__name__ for each in failed] == ["Unavailable"]
    assert "command" not in str(failed[0]), "it calls none"


async def test_what_commands_write_is_unique_even_when_they_are_called_at_once() -> None:
    intake, phone = await intake_of(app), ann()
    scope = phone.new_id()
    root = phone.change("create", "Team", scope, scope)
    one, two = project(phone, scope, code="x"), project(phone, scope, code="y")
    await intake.push(TENANT, phone.push(root, one, two))
    calls = [phone.call("replace_project", scope, old=each.id, code="z") for each in (one, two)]
    taken = phone.call("replace_project", scope, old=two.id, code="y")
    found = await asyncio.gather(*(intake.push(TENANT, phone.push(each)) for each in (*calls, taken)))
    assert [codes(outcomes(each)) for each in found] == [[""], ["NOT_UNIQUE"], [""]]


def test_where_all_that_there_is_was_loaded_nothing_is_missed() -> None:
    ground = LoadedGround(Loaded(head=Head(position=1, epoch="first")))
    assert not ground.refused("device", "record")
    assert ground.beside("record") is None
    assert ground.missed is None
