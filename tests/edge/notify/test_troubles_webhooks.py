"""Each trouble with a webhook is its own: who answers oddly waits, is given up or retired, and the others are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from homeport_notify import limits
from homeport_notify.address import make_address
from homeport_notify.channels.webhook import WebhookChannel
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator.keys import EmulatorKeys
from tests.edge.notify.campaigns import Site, Watched, site
from tests.edge.notify.test_webhook import SECRET, Receiver, receiving
from tests.unit.notify.samples import TENANT


def says(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode()


@asynccontextmanager
async def hooks(here: Site, *names: str) -> AsyncIterator[dict[str, Receiver]]:
    """A receiver of each name, with an address of its own; one that `hangs` answers nothing."""
    channel = WebhookChannel([SECRET], here.clock, private_allowed=True, answer_s=0.3)
    here.channels["webhook"] = Watched(channel, here.clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(channel.close)
        found = {}
        for name in names:
            found[name] = await stack.enter_async_context(receiving(shut=name == "hangs"))
            url = f"http://127.0.0.1:{found[name].port}/{name}"
            made = make_address(
                user=name, device="", channel="webhook", target=url, target_kind="url", seen_at_ms=here.clock.now_ms
            )
            await here.gather([made])
        yield found


async def test_each_ends_by_its_own_answers_and_holds_up_nobody(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here, hooks(here, "good", "gone", "busy", "broken", "hangs", "moved") as found:
        found["gone"].says = says("410 Gone")
        found["busy"].says = says("429 Too Many Requests\r\nretry-after: 7")
        found["broken"].says = says("500 Internal Server Error")
        found["moved"].says = says(f"302 Found\r\nlocation: http://127.0.0.1:{found['good'].port}/")
        told = await here.tell(here.campaign())
        begun_ms = here.clock.now_ms
        await here.run()
        assert await here.counts(told) == {S.SENT: 1, S.GONE: 1, S.UNKNOWN: 1, S.WAITING: 3}
        assert not here.told.closings

        found["busy"].says = found["broken"].says = says("204 No Content")
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 3, S.GONE: 1, S.UNKNOWN: 1, S.FAILED: 1}
        assert await here.codes(told) == {"HTTP_302": 1}
        times = {url.rpartition("/")[2]: at_ms for url, at_ms in here.channels["webhook"].asked.items()}
        assert times["busy"][1] - begun_ms >= 7_000
        assert times["broken"][1] - begun_ms >= limits.RETRY_FIRST_MS
        assert times["moved"][-1] - begun_ms <= limits.RETRY_WITHIN_MS
        assert {name: len(at_ms) for name, at_ms in times.items() if name != "moved"} == {
            "good": 1,
            "gone": 1,
            "hangs": 1,
            "busy": 2,
            "broken": 2,
        }
        assert [len(found["good"].requests), len(found["moved"].requests)] == [1, len(times["moved"])]
        assert [each.retired for each in await here.store.addresses(TENANT, "gone", "", 9)] == ["gone"]
        assert [each.retired for each in await here.store.addresses(TENANT, "moved", "", 9)] == [None]


async def test_one_that_hangs_is_asked_again_under_the_same_name_where_that_is_wanted(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here, hooks(here, "hangs") as found:
        told = await here.tell(here.campaign(at_least_once=True))
        await here.run()
        assert await here.counts(told) == {S.WAITING: 1}
        found["hangs"].gate.set()
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 1}
        assert [found["hangs"].header("webhook-id", at) for at in (0, 1)] == [found["hangs"].header("webhook-id")] * 2
