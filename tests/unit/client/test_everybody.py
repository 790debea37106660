"""What is shared with everybody: on every phone, in nobody's hand but its members', and gone when it is taken back."""

from __future__ import annotations

import pytest

from homeport_client import EVERYBODY, Device
from homeport_sync import App
from homeport_sync.rejections import NotPublic, RoleForbidden, WrongType
from homeport_sync.scope import member_id
from tests.unit.client.world import Line, Server, phone

app = App("shop")


@app.kind(root=True, public=True)
class Shop:
    title: str


@app.kind(within=Shop)
class Item:
    title: str


@app.kind(root=True)
class Diary:
    title: str


async def opened(server: Server, user: str, seed: int) -> Device:
    return await phone(Line(server, user), seed=seed, of=app)


async def titles(device: Device) -> list[object]:
    await device.sync()
    return [item["title"] for item in await device.query(Item)]


async def test_a_shop_is_on_every_phone_until_it_is_taken_back_from_all_but_its_members() -> None:
    server = await Server(of=app).begin()
    ann, bob, cleo = [await opened(server, user, seed) for seed, user in enumerate(("ann", "bob", "cleo"), 1)]
    shop = await ann.create(Shop, title="Tea")
    await ann.create(Item, scope=shop, title="Green")
    assert await titles(ann) == ["Green"]
    assert await titles(bob) == []
    await ann.invite(shop, EVERYBODY, "viewer")
    await ann.invite(shop, "cleo", "editor")
    assert [await titles(each) for each in (ann, bob, cleo)] == [["Green"]] * 3
    assert await titles(await opened(server, "dan", 4)) == ["Green"], "a phone that is new gets it, too"

    await ann.remove(shop, EVERYBODY)
    await cleo.create(Item, scope=shop, title="Black")
    assert [await titles(each) for each in (cleo, ann, bob)] == [["Green", "Black"], ["Green", "Black"], []]
    assert await bob.get(shop) is None


async def test_without_a_role_everybody_is_invited_as_viewer_and_one_user_as_editor() -> None:
    ann = await opened(await Server(of=app).begin(), "ann", 1)
    shop, other = await ann.create(Shop, title="Tea"), await ann.create(Shop, title="Coffee")
    members = [await ann.invite(shop, EVERYBODY), await ann.invite(shop, "bob")]
    async with ann.group() as both:
        both.invite(other, EVERYBODY)
        both.invite(other, "bob")
    members += [member_id(other, EVERYBODY), member_id(other, "bob")]
    seen = [await ann.get(each) for each in members]
    assert [each["role"] for each in seen if each] == ["viewer", "editor"] * 2
    await ann.sync()
    assert {each.outcome for each in await ann.outcomes()} == {"applied"}


async def test_what_a_reader_writes_is_refused_and_undone() -> None:
    server = await Server(of=app).begin()
    ann, bob = [await opened(server, user, seed) for seed, user in enumerate(("ann", "bob"), 1)]
    shop = await ann.create(Shop, title="Tea")
    await ann.invite(shop, EVERYBODY, "viewer")
    await ann.sync()
    await bob.sync()
    await bob.update(shop, title="mine")
    await bob.sync()
    found = await bob.get(shop)
    assert found is not None
    assert found["title"] == "Tea"
    (outcome,) = await bob.outcomes()
    assert outcome.error is not None
    assert "A viewer reads" in str(outcome.error["message"])


async def test_what_cannot_be_shared_with_everybody_is_refused_at_once() -> None:
    async with await phone(of=app) as ann:
        shop, diary = await ann.create(Shop, title="Tea"), await ann.create(Diary, title="mine")
        with pytest.raises(NotPublic, match="A Diary cannot be shared with everybody"):
            await ann.invite(diary, EVERYBODY, "viewer")
        with pytest.raises(RoleForbidden, match="with the role viewer, not editor"):
            await ann.invite(shop, EVERYBODY, "editor")
        assert ann.pending == 2


@pytest.mark.parametrize("user", ["", " x ", 3])
async def test_who_cannot_have_a_token_is_refused_at_once(user: str) -> None:
    async with await phone(of=app) as ann:
        shop = await ann.create(Shop, title="Tea")
        with pytest.raises(WrongType):
            await ann.invite(shop, user)
        assert ann.pending == 1
