"""What happens at the edge stands in the samples of its tenant: rates, sockets, and the lag of those who listen."""

import asyncio

from homeport_server.observe.samples import Samples
from homeport_sync.wire import POKE, PULL, PUSH
from tests.edge.world import DEVICE, START_MS, World, ask, listening, receive

OTHER_DEVICE = "00000000-0000-4000-8000-00000000000b"


def sampled(world: World) -> Samples:
    assert world.built.samples is not None
    return world.built.samples


async def test_pushes_pulls_and_typed_writes_are_sampled(served_world: World) -> None:
    world = served_world
    samples = sampled(world)
    async with world.client() as client:
        await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE), world.new_list(DEVICE)])
        await ask(client, PULL, device=DEVICE)
        made = await ask(client, 'mutation { createShoppingList(input: {title: "Milk"}) { errors { code } } }')
        assert made.json() == {"data": {"createShoppingList": {"errors": []}}}
    world.clock.now_ms += 2_000
    samples.take()
    (sample,) = samples.look(world.tenant)
    assert (sample.at_ms, sample.changes_s, sample.pushes_s, sample.pulls_s) == (START_MS + 2_000, 1.5, 1.0, 0.5)
    assert sample.push_p50_ms is not None
    assert sample.lag_p50_ms is None


async def test_the_lag_of_a_device_that_listens_is_from_acceptance_to_its_pull(served_world: World, url: str) -> None:
    world = served_world
    samples = sampled(world)
    samples.look(world.tenant)
    async with world.client() as client:
        at_start = await ask(client, PULL, device=OTHER_DEVICE)
        cursor = at_start.json()["data"]["pull"]["cursor"]
        async with listening(url, world.token(), POKE, device=OTHER_DEVICE) as tablet:
            await world.push(world.new_list(DEVICE))
            await receive(tablet)
            world.clock.now_ms += 40
            await ask(client, PULL, device=OTHER_DEVICE, cursor=cursor)
            world.clock.now_ms += 1_960
            samples.take()
    sample = samples.look(world.tenant)[-1]
    assert (sample.sockets, sample.lag_p50_ms, sample.lag_p95_ms) == (1, 40.0, 40.0)
    async with asyncio.timeout(5):
        while samples.look(world.tenant)[-1].sockets:
            await asyncio.sleep(0)
            samples.take()
