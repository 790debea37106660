"""What the edge hears of a device stands in the store when the server has stopped, for whoever asks why it is stuck."""

from homeport_sync.introduction import HEADER, Introduction
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


async def test_what_a_device_says_of_itself_is_kept_and_nothing_of_it_is_needed(served_world: World) -> None:
    world = served_world  # not begun yet: it is begun and stopped here
    other = "00000000-0000-4000-8000-00000000000b"
    async with world.built.routes.router.lifespan_context(world.built.routes), world.client() as client:
        await ask(client, PULL, device=other)
        for said in ("outbox=1; app=", Introduction(outbox=3, app_version=2, sdk="0.1.0").text()):
            client.headers[HEADER] = said
            answer = await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE), {"number": 9}])
            assert len(answer.json()["data"]["push"]["outcomes"]) == 1
    facts, others = await world.store.device(world.tenant, DEVICE), await world.store.device(world.tenant, other)
    assert facts is not None
    assert facts.sighting is not None
    seen = facts.sighting
    assert (seen.outbox, seen.app_version, seen.sdk, seen.introduced_at_ms) == (2, 2, "0.1.0", START_MS)
    assert others is not None
    assert others.sighting is not None
    assert (others.sighting.outbox, others.sighting.introduced_at_ms) == (None, None)
