"""Lives of phones as a report shows them: a busy day, and the short story of a failure."""

from random import Random

from homeport_client.fleet.report.summary import Failure, Lane, LaneState, Mark, Span

DAY_S = 86_400.0
HEALED_S = 1_850.0


def lane(chance: Random, number: int) -> Lane:
    """One phone's day."""
    return Lane(
        phone=f"phone-{number}",
        user=f"user-{number % 4}",
        persona=chance.choice(("commuter", "traveller", "office", "night owl")),
        network=chance.choice(("subway", "mobile", "wifi")),
        spans=tuple(_spans(chance)),
        marks=tuple(_marks(chance)),
    )


def _spans(chance: Random) -> list[Span]:
    states: tuple[LaneState, ...] = ("live", "pushing", "pulling", "backing_off", "away", "asleep", "offline")
    mean_s = {
        "live": 900,
        "pushing": 20,
        "pulling": 20,
        "backing_off": 120,
        "away": 500,
        "asleep": 2_500,
        "offline": 700,
    }
    spans, at_s = [Span(from_s=0, to_s=40, state="off")], 40.0
    while at_s < DAY_S:
        (state,) = chance.choices(states, weights=(30, 20, 14, 8, 12, 5, 3))
        end_s = at_s + chance.expovariate(1 / mean_s[state])
        spans.append(Span(from_s=at_s, to_s=end_s, state=state))
        at_s = end_s
    return [*spans[:-1], Span(from_s=spans[-1].from_s, to_s=DAY_S + HEALED_S, state="live")]


def _marks(chance: Random) -> list[Mark]:
    verbs = ("create", "update", "update", "update", "delete", "tunnel", "kill", "clock")
    times = sorted(chance.uniform(0, DAY_S) for _ in range(90))
    whats = [chance.choice(verbs) for _ in times]
    return [
        Mark(at_s=at_s, what=what, says=f"Task 01J8-{chance.randrange(999)}")
        for at_s, what in zip(times, whats, strict=True)
    ]


def story() -> Failure:
    """Five steps that lose a change."""
    steps = (
        "phone-3 goes into a tunnel",
        "phone-3 changes the title of Task 01J8-9",
        "phone-5 deletes Task 01J8-9",
        "phone-3 is killed",
        "phone-3 comes out of the tunnel",
    )
    spans: tuple[tuple[float, float, LaneState], ...] = (
        (0, 4, "pushing"),
        (4, 9, "live"),
        (9, 31, "away"),
        (31, 32, "off"),
        (32, 38, "backing_off"),
        (38, 40.5, "pushing"),
        (40.5, 60, "live"),
    )
    hit = Lane(
        phone="phone-3",
        user="user-3",
        persona="commuter",
        network="subway",
        spans=tuple(Span(from_s=start, to_s=end, state=state) for start, end, state in spans),
        marks=(
            Mark(at_s=9, what="tunnel", says="no network for 23 s"),
            Mark(at_s=14, what="update", says="title of Task 01J8-9"),
            Mark(at_s=31, what="kill", says=""),
        ),
    )
    other = Lane(
        phone="phone-5",
        user="user-1",
        persona="office",
        network="wifi",
        spans=(Span(from_s=0, to_s=3, state="pulling"), Span(from_s=3, to_s=60, state="live")),
        marks=(Mark(at_s=20, what="delete", says="Task 01J8-9"),),
    )
    return Failure(
        sentences=("phone-3 was told that its change 2 is in, and the log has no such change",),
        steps=steps,
        steps_before=1_840,
        tries=212,
        file="fleet-42.json",
        lanes=(hit, other),
    )
