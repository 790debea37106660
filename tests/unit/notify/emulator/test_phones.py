"""What waits for a phone that is away, and what it gets when it is there: Google's rules, and nothing gets lost."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.emulator.push import Push
from homeport_notify.errors import BadEmulation
from tests.unit.notify.emulator.world import World


def send(world: World, target: str, *, n: int, key: str = "", ttl: str = "3600s") -> None:
    assert (
        world.send({"token": target, "data": {"n": str(n)}, "android": {"collapse_key": key, "ttl": ttl}}).status == 200
    )


def numbers(pushes: list[Push]) -> list[str]:
    return [push.data["n"] for push in pushes]


def read(world: World, target: str) -> list[Push]:
    phone = world.provider.phones.find(target)
    assert phone is not None
    return [push for _, push in phone.poll()]


def test_of_a_collapse_key_the_last_waits_at_its_new_place() -> None:
    world = World()
    phone = world.provider.phones.register()
    for n, key in enumerate(["tea", "", "tea", "cake", ""]):
        send(world, phone.target, n=n, key=key)
    assert numbers(read(world, phone.target)) == ["1", "2", "3", "4"]
    assert world.phones["replaced"] == 1


def test_a_phone_that_is_there_gets_each_even_of_one_key_and_those_that_are_for_now() -> None:
    world = World()
    phone = world.provider.phones.register()
    leave = phone.listen(lambda: None)
    for n in range(3):
        send(world, phone.target, n=n, key="tea", ttl="0s")
    world.pass_s(0.001)  # it takes a moment to read
    leave()
    assert numbers(read(world, phone.target)) == ["0", "1", "2"]


def test_a_fifth_key_takes_the_place_of_the_oldest() -> None:
    world = World()
    phone = world.provider.phones.register()
    for n in range(5):
        send(world, phone.target, n=n, key=f"key {n}")
    assert numbers(read(world, phone.target)) == ["1", "2", "3", "4"]


def test_when_more_than_a_hundred_wait_all_are_thrown_away_and_the_phone_is_told() -> None:
    world = World()
    phone = world.provider.phones.register()
    send(world, phone.target, n=-1, key="kept")
    for n in range(101):
        send(world, phone.target, n=n)
    kept, told, last = read(world, phone.target)
    assert (kept.data["n"], told.deleted, last.data["n"]) == ("-1", 100, "100")
    assert (world.phones["discarded"], world.phones["delivered"]) == (100, 2)


def test_what_is_too_old_is_not_delivered() -> None:
    world = World()
    phone = world.provider.phones.register()
    send(world, phone.target, n=0, ttl="10s")
    send(world, phone.target, n=1, ttl="11s")
    send(world, phone.target, n=2, ttl="0s")
    world.pass_s(11)
    assert numbers(read(world, phone.target)) == ["1"]
    assert world.phones["expired"] == 2


def test_what_was_given_and_not_acknowledged_is_given_again() -> None:
    world = World()
    phone = world.provider.phones.register()
    send(world, phone.target, n=0, key="tea")
    [(first, _)] = phone.poll()
    send(world, phone.target, n=1, key="tea")  # the phone may have the first: nothing takes its place
    assert [push.data["n"] for _, push in phone.poll()] == ["0", "1"]
    assert [push.data["n"] for _, push in phone.poll(after=first)] == ["1"]
    assert world.phones["delivered"] == 2


async def test_an_inbox_reads_in_order_and_what_it_left_waits() -> None:
    world = World()
    phone = world.provider.phones.register()
    for n in range(3):
        send(world, phone.target, n=n)
    there = []
    async with phone.open() as inbox:
        there.append(phone.present)
        assert (await anext(inbox)).data["n"] == "0"
    there.append(phone.present)
    assert there == [True, False]
    async with phone.open() as inbox:
        assert [(await anext(inbox)).data["n"] for _ in range(2)] == ["1", "2"]
        waiting = asyncio.ensure_future(anext(inbox))
        await asyncio.sleep(0)
        send(world, phone.target, n=3)
        assert (await waiting).data["n"] == "3"


def test_what_waits_for_an_app_that_is_removed_is_discarded() -> None:
    world = World()
    phone = world.provider.phones.register()
    send(world, phone.target, n=0)
    world.provider.phones.lose([phone.target])
    assert (phone.waiting, world.phones["discarded"]) == (0, 1)


def test_an_acknowledgement_ahead_of_time_loses_nothing() -> None:
    world = World()
    phone = world.provider.phones.register()
    send(world, phone.target, n=0)
    assert len(phone.poll(after=2**53)) == 1


STEPS = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(["", "a", "b", "c", "d", "e"]), st.sampled_from(["0s", "5s", "99s"])),
    st.tuples(st.sampled_from(["poll", "pass", "come", "go", "many"]), st.just(""), st.just("")),
)


@given(st.lists(STEPS, max_size=60))
def test_every_accepted_message_is_accounted_for_once(steps: list[tuple[str, str, str]]) -> None:
    world = World()
    phone = world.provider.phones.register()
    leave: Callable[[], None] | None = None
    for n, (what, key, ttl) in enumerate(steps):
        if what == "send":
            send(world, phone.target, n=n, key=key, ttl=ttl)
        elif what == "poll":
            phone.poll(after=2**53)
            phone.poll()
        elif what == "pass":
            world.pass_s(3)
        elif what == "many":
            for each in range(60):
                send(world, phone.target, n=each)
        elif what == "come" and leave is None:
            leave = phone.listen(lambda: None)
        elif what == "go" and leave is not None:
            leave()
            leave = None
    counts = world.phones
    accounted = sum(counts[each] for each in ("delivered", "replaced", "expired", "discarded", "waiting"))
    assert world.provider.tally.fcm.accepted == accounted


def test_targets_are_drawn_from_the_seed_and_look_like_theirs() -> None:
    def drawn(seed: int) -> list[str]:
        phones = World(seed=seed).provider.phones
        return [phones.register(kind).target for kind in ("token", "fid", "apns")]

    token, fid, apns = drawn(1)
    assert drawn(1) == [token, fid, apns] != drawn(2)
    assert (token[22:30], len(fid), len(apns)) == (":APA91b" + token[29], 22, 64)


def test_a_phone_that_is_gone_is_in_no_topic_any_more() -> None:
    world = World()
    phone = world.provider.phones.register(topics=["tea"])
    world.provider.phones.lose([phone.target])
    assert world.send({"topic": "tea", "data": {"a": "b"}}).status == 200
    assert (phone.waiting, world.phones["registered"]) == (0, 0)


def test_a_target_that_no_request_could_name_is_refused() -> None:
    with pytest.raises(BadEmulation):
        World().provider.phones.register(target="no target")
