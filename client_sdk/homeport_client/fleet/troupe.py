"""The troupe: the phones of one stage, from the moment when the play is over until they have left all they know.

It is the same in both worlds, and in each of many processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from homeport_client.fleet.check.collect import broken, holdings
from homeport_client.fleet.check.evidence import Holding
from homeport_client.fleet.check.witness import Witness
from homeport_client.fleet.legacy import Legacy
from homeport_client.fleet.measure.meter import Tally
from homeport_client.fleet.measure.reading import Reading
from homeport_client.fleet.measure.standing import Standing
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.rescue import rescue_all
from homeport_client.fleet.script import Script
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Story


class Ending(Protocol):
    """What a troupe needs of its world when the play is over."""

    @property
    def tally(self) -> Tally:
        """What the meters of all phones add to."""

    @property
    def witness(self) -> Witness:
        """Who has seen what phones were told."""

    def calm(self) -> None:
        """From now on nothing goes wrong any more, but lost pokes stay lost."""

    async def fresh(self, users: Iterable[str]) -> list[Holding]:
        """What a device of each user gets that had nothing, for each that gets it in time."""


class Troupe:
    """The phones of `stage`; the `script` says what must hold on each of them."""

    def __init__(self, stage: Stage, ending: Ending, script: Script) -> None:
        self._stage = stage
        self._ending = ending
        self._script = script
        self._healing_since_ms = 0
        self._healed_ms: dict[str, int] = {}
        self._story: Story | None = None
        self._in_play: dict[str, Reading] = {}
        self._holdings: list[Holding] = []
        self._broken: list[str] = []
        self._unserved: list[str] = []

    @property
    def phones(self) -> list[Phone]:
        """All phones that are on."""
        return [phone for phone in self._stage.phones.values() if phone.on]

    def stand(self) -> Standing:
        """How they stand now."""
        phones, tally = list(self._stage.phones.values()), self._ending.tally
        meters = [phone.meter for phone in phones]
        waiting = [meter.waiting for meter in meters]
        for each in waiting:
            tally.outbox.add(each)
        return Standing(
            states=dict(sorted(Counter(phone.state for phone in phones).items())),
            written=len(self._stage.written),
            waiting=sum(waiting),
            waiting_max=max(waiting, default=0),
            bytes_up=sum(meter.bytes_up for meter in meters),
            bytes_down=sum(meter.bytes_down for meter in meters),
            requests=sum(meter.requests for meter in meters),
            incidents=tally.incidents.total(),
            lag=tally.take_recent(),
            asleep=tally.take_asleep(),
        )

    async def heal(self) -> None:
        """Whatever befell anybody is over: from now on all can come to rest."""
        self._healing_since_ms = self._stage.world.true_ms()
        self._ending.calm()
        self._story = self._stage.story
        self._in_play = self._readings()
        await self._stage.end_all()
        await rescue_all(self._stage)

    async def put_down(self) -> None:
        """Close all phones, and look at what they hold and at what fresh ones get."""
        self._healed_ms = {
            phone.name: max(phone.meter.last_news_ms - self._healing_since_ms, 0) for phone in self.phones
        }
        app, invariants = self._stage.world.app, self._script.invariants
        for phone in self.phones:
            image = await phone.put_down()
            self._holdings += holdings(image, app, name=phone.name, user=phone.user, skew_ms=phone.wall.skew_ms)
            self._broken += broken(image, app, invariants, name=phone.name, user=phone.user)
        users = dict.fromkeys(phone.user for phone in self.phones)
        fresh = await self._ending.fresh(users)
        self._holdings += fresh
        served = {holding.user for holding in fresh}
        self._unserved = [
            f"A fresh device of {user} did not get everything from the server." for user in users if user not in served
        ]

    def legacy(self) -> Legacy:
        """All that is known by now."""
        stage, phones, now_ms = self._stage, self.phones, self._stage.world.now_ms()
        return Legacy(
            story=self._story or stage.story,
            tally=self._ending.tally,
            readings=self._readings(),
            in_play=self._in_play if self._story else self._readings(),
            tracks={phone.name: phone.track.spans(now_ms) for phone in phones if phone.track},
            written=tuple(stage.written),
            told=tuple(self._ending.witness.told),
            labels=stage.labels.ids,
            lives=sum(phone.lives for phone in phones),
            left_out=dict(stage.left_out),
            holdings=self._holdings,
            flickers=[complaint for phone in phones if phone.eyes for complaint in phone.eyes.complaints],
            glimpses=[glimpse for phone in phones if phone.eyes for glimpse in phone.eyes.glimpses],
            missteps=[misstep for phone in phones for misstep in phone.missteps],
            unserved=self._unserved,
            broken=self._broken if self._script.invariants else None,
            raised=[sentence for phone in phones for sentence in phone.raised],
            healed_ms=self._healed_ms,
        )

    def _readings(self) -> dict[str, Reading]:
        return {phone.name: phone.meter.reading() for phone in self.phones}
