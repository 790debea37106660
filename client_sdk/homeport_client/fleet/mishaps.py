"""What befalls people with phones, as acts: lost power, wrong clocks, tunnels, full storage, and the like."""

from __future__ import annotations

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.persona import Act


def tunnel(shortest_s: float, longest_s: float) -> Act:
    """No network for a while."""

    async def ride_through_tunnel(me: Actor) -> None:
        await me.do("no_network", for_s=round(me.chance.uniform(shortest_s, longest_s), 1))

    return ride_through_tunnel


ride_through_tunnel = tunnel(1, 90)


async def use_airplane_mode(me: Actor) -> None:
    """The app is told to stay offline, and told again when that is over, a few acts later."""
    await me.do("airplane_mode", on=me.phone.device.online)


async def lose_power(me: Actor) -> None:
    """The phone dies in the middle of whatever it did."""
    await me.do("kill")


async def set_clock(me: Actor) -> None:
    """Somebody sets the phone's clock, by up to a day."""
    await me.do("set_clock", by_ms=me.chance.randint(-DAY_MS, DAY_MS))


async def take_a_break(me: Actor) -> None:
    """The app is left for a while, or opened again."""
    await me.do("take_out" if me.phone.asleep else "put_away")


async def be_suspended(me: Actor) -> None:
    """The system stops the app for a while, in the middle of whatever it did."""
    await me.do("suspend", for_s=round(me.chance.uniform(1, 30), 1))


def nap(shortest_s: float, longest_s: float) -> Act:
    """The same for another while."""

    async def doze(me: Actor) -> None:
        await me.do("suspend", for_s=round(me.chance.uniform(shortest_s, longest_s), 1))

    return doze


async def want_quiet(me: Actor) -> None:
    """Its user wants to be told of nothing any more, or of everything again."""
    await me.do("prefer", muted=me.chance.random() < 0.5)


async def lose_token(me: Actor) -> None:
    """The token expires, and the app gets another one a while later."""
    await me.do("expire_token", for_s=round(me.chance.uniform(0.5, 30), 1))


async def run_out_of_storage(me: Actor) -> None:
    """The phone is full until its user makes room."""
    await me.do("fill_storage", for_s=round(me.chance.uniform(1, 60), 1))


async def lend_phone(me: Actor) -> None:
    """Somebody else logs in on the phone, or the one who was there before."""
    if me.others:
        waiting = sorted(me.phone.kept)
        await me.do("switch_user", user=me.chance.choice(waiting or me.others))
