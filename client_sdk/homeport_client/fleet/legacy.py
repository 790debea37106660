"""What the phones of one process leave behind: plain values, which travel to whoever judges, and add up to the whole.

Whoever plays a fleet alone has one; whoever has let many processes play it has one of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from homeport_client.fleet.check.evidence import Evidence, Followed, Holding, Revoked
from homeport_client.fleet.check.glimpse import Glimpse
from homeport_client.fleet.check.noticed import Noticed
from homeport_client.fleet.check.witness import Told, Written
from homeport_client.fleet.measure.meter import Tally
from homeport_client.fleet.measure.reading import Reading
from homeport_client.fleet.report.summary import Span
from homeport_client.fleet.story import SERVER, Handset, Story
from homeport_sync.catalog import Kind
from homeport_sync.ports import LogEntry
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.tell import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """`labels` are the records' ids by label, `lives` how often phones were switched on. `readings` are those of now,
    `in_play` those of the moment when everything was left to heal. What phones hold, and which of the app's invariants
    are broken there (None: it has none), is known once they are put down; `healed_ms` is how long each took to come to
    rest then."""

    story: Story
    tally: Tally
    readings: Mapping[str, Reading]
    tracks: Mapping[str, Sequence[Span]]
    written: Sequence[Written]
    told: Sequence[Told]
    labels: Mapping[str, str]
    lives: int
    left_out: Mapping[str, int]
    holdings: Sequence[Holding] = ()
    flickers: Sequence[str] = ()
    glimpses: Sequence[Glimpse] = ()
    missteps: Sequence[str] = ()
    unserved: Sequence[str] = ()
    broken: Sequence[str] | None = None
    raised: Sequence[str] = ()
    in_play: Mapping[str, Reading] = field(default_factory=dict)
    healed_ms: Mapping[str, int] = field(default_factory=dict)

    def evidence(
        self,
        log: Sequence[LogEntry],
        *,
        followed: Sequence[Followed] | None = None,
        revoked: Sequence[Revoked] | None = None,
        fallen: Sequence[str] | None = None,
        unrest: Sequence[str] = (),
        kinds: Mapping[str, Kind],
        roles: Mapping[str, Role] = BUILT_IN,
        noticed: Noticed | None = None,
        rules: Sequence[Rule] = (),
        tenant: str = "",
    ) -> Evidence:
        """The same for the checkers, beside what the server kept and the app declares."""
        return Evidence(
            log=log,
            written=self.written,
            told=self.told,
            holdings=self.holdings,
            followed=followed,
            revoked=revoked,
            flickers=self.flickers,
            glimpses=self.glimpses,
            broken=self.broken,
            raised=self.raised,
            fallen=fallen,
            unrest=[*unrest, *self.missteps, *self.unserved],
            kinds=kinds,
            roles=roles,
            noticed=noticed,
            rules=rules,
            tenant=tenant,
        )


def blank(seed: int, cast: Sequence[Handset]) -> Legacy:
    """What is left where nothing has happened."""
    return Legacy(
        story=Story(seed=seed, until_ms=0, handsets=tuple(cast), steps=()),
        tally=Tally(),
        readings={},
        tracks={},
        written=(),
        told=(),
        labels={},
        lives=0,
        left_out={},
    )


def whole(legacies: Sequence[Legacy], cast: Sequence[Handset]) -> Legacy:
    """All of them as one. What happened to the server happened to each, and is told by the first."""
    first = legacies[0]
    if len(legacies) == 1:
        return first
    tally = Tally()
    for each in legacies:
        tally.merge(each.tally)
    return Legacy(
        story=_story(legacies, cast),
        tally=tally,
        readings={name: reading for each in legacies for name, reading in each.readings.items()},
        tracks={name: track for each in legacies for name, track in each.tracks.items()},
        written=[written for each in legacies for written in each.written],
        told=[told for each in legacies for told in each.told],
        labels={label: id for each in legacies for label, id in each.labels.items()},
        lives=sum(each.lives for each in legacies),
        left_out=dict(sum((Counter(each.left_out) for each in legacies), Counter())),
        holdings=list({holding.name: holding for each in legacies for holding in each.holdings}.values()),
        flickers=[flicker for each in legacies for flicker in each.flickers],
        glimpses=[glimpse for each in legacies for glimpse in each.glimpses],
        missteps=[misstep for each in legacies for misstep in each.missteps],
        unserved=[sentence for each in legacies for sentence in each.unserved],
        in_play={name: reading for each in legacies for name, reading in each.in_play.items()},
        broken=None if first.broken is None else [sentence for each in legacies for sentence in each.broken or ()],
        raised=[sentence for each in legacies for sentence in each.raised],
        healed_ms={name: ms for each in legacies for name, ms in each.healed_ms.items()},
    )


def _story(legacies: Sequence[Legacy], cast: Sequence[Handset]) -> Story:
    first, *others = (each.story for each in legacies)
    steps = [*first.steps, *(step for story in others for step in story.steps if step.who != SERVER)]
    return replace(
        first,
        handsets=tuple(cast),
        until_ms=max(each.story.until_ms for each in legacies),
        steps=tuple(sorted(steps, key=lambda step: step.at_ms)),
    )
