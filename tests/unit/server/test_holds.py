"""A refusal is held, so that whoever ignores it asks less often, and whoever keeps it waits no longer."""

import asyncio

from homeport_client.fleet.clock import run
from homeport_server.edge.holds import Holds
from homeport_sync.errors import Overloaded


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_a_refusal_is_held_and_its_wait_is_shorter_by_that() -> None:
    async def main() -> None:
        holds, began = Holds(500, 10), now_s()
        told = await holds.hold(Overloaded("full", retryAfterMs=700))
        assert (told.message, told.values, now_s() - began) == ("full", {"retryAfterMs": 200}, 0.5)
        soon = await holds.hold(Overloaded(retryAfterMs=3))
        assert (soon.values, now_s() - began) == ({"retryAfterMs": 1}, 1.0)

    run(main())


def test_more_than_may_be_held_are_sent_at_once_and_none_is_held_when_it_may_not_be() -> None:
    async def main() -> None:
        holds = Holds(500, 2)
        held = [asyncio.create_task(holds.hold(Overloaded(retryAfterMs=700))) for _ in range(2)]
        await asyncio.sleep(0)
        at_once = await holds.hold(Overloaded(retryAfterMs=700))
        assert (at_once.values, now_s()) == ({"retryAfterMs": 700}, 0)
        await asyncio.gather(*held)
        gone = asyncio.create_task(holds.hold(Overloaded(retryAfterMs=700)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        began = now_s()
        await asyncio.gather(*(holds.hold(Overloaded(retryAfterMs=700)) for _ in range(2)))
        assert now_s() - began == 0.5, "whoever left makes room"
        await Holds(0, 2).hold(Overloaded(retryAfterMs=700))
        assert now_s() - began == 0.5

    run(main())


def test_a_process_that_drains_lets_all_go_and_holds_no_more() -> None:
    async def main() -> None:
        holds = Holds(500, 2)
        held = asyncio.create_task(holds.hold(Overloaded(retryAfterMs=700)))
        await asyncio.sleep(0.1)
        holds.release()
        assert (await held).values == {"retryAfterMs": 600}
        await holds.hold(Overloaded(retryAfterMs=700))
        assert now_s() == 0.1

    run(main())
