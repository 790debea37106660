"""What the edge hears of a device stands in the store when the server has stopped, for whoever asks why it is stuck."""

from homeport_sync.wire import PULL, PUSH
from tests.edge.world import DEVICE, START_MS, World, ask


async def test_a_push_and_a_refused_pull_are_sighted(served_world: World) -> None:
    world = served_world  # not begun yet: it is begun and stopped here
    async with world.built.routes.router.lifespan_context(world.built.routes):
        await world.push(world.new_list(DEVICE))
        world.clock.now_ms += 1_000
        async with world.client() as client:
            await ask(client, PULL, device=DEVICE)
            world.clock.now_ms += 1_000
            await ask(client, PULL, device=DEVICE, cursor="forged")
    facts = await world.store.device(world.tenant, DEVICE)
    assert facts is not None
    assert facts.sighting is not None
    seen = facts.sighting
    assert (seen.user, seen.pushed_at_ms, seen.pulled_at_ms) == ("ana", START_MS, START_MS + 1_000)
    assert (seen.pulled_position, facts.head) == (1, 1)
    assert (seen.refused_at_ms, seen.refused_code) == (START_MS + 2_000, "CURSOR_INVALID")


async def test_a_page_beside_a_push_and_a_refused_push_are_sighted(served_world: World) -> None:
    world = served_world  # not begun yet: it is begun and stopped here
    async with world.built.routes.router.lifespan_context(world.built.routes), world.client() as client:
        await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE)], pull={})
        world.clock.now_ms += 1_000
        await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE)] * 501)
    facts = await world.store.device(world.tenant, DEVICE)
    assert facts is not None
    assert facts.sighting is not None
    seen = facts.sighting
    assert (seen.pushed_at_ms, seen.pulled_at_ms, seen.pulled_position) == (START_MS, START_MS, 1)
    assert (seen.refused_at_ms, seen.refused_code) == (START_MS + 1_000, "TOO_LARGE")
