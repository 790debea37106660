"""Calling commands in a commit batch: what a call is told, how much it may read, and what others do meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar, cast

import pytest

from homeport_sync import App, Call
from homeport_sync.call import COMMAND_RECORDS_MAX, MADE_FORESEEN
from homeport_sync.calling import Allowance, AtOnce, Body, Halted
from homeport_sync.change import Change
from homeport_sync.errors import Overloaded
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.signals import LocalSignals
from tests.unit.sync.doors import TENANT, DoorStore, opened
from tests.unit.sync.ledger import Ledger, codes, error_codes, outcomes, verdicts
from tests.unit.sync.tasks import NOW, Phone, ann, bob
from tests.unit.sync.test_group import grouped

T = TypeVar("T")
app = App("games")
told: list[object] = []


@app.kind(root=True)
class Game:
    title: str = ""
    points: int = 0


@app.kind(root=True)
class League:
    title: str = ""


@app.kind(within=Game)
class Score:
    points: int = 0


@app.command(scope=Game)
def tell(call: Call) -> None:
    told.append((call.user, call.role, call.now))


@app.command(scope=Game, reads=[Score])
def count_scores(call: Call) -> None:
    told.append(len(call.records(Score)))


@app.command(scope=Game, reads=[Score])
def level(call: Call, points: int) -> None:
    for score in call.records(Score):
        call.update(score.id, points=points)


@app.command(scope=Game)
def deal(call: Call) -> None:
    told.append("dealt")
    for _ in range(MADE_FORESEEN + 1):
        call.create(Score)


@app.command(scope=Game)
def halt(call: Call) -> None:
    raise Halted


@app.command(scope=Game)
def double(call: Call) -> None:
    game = call.get(call.scope)
    assert game is not None
    told.append(game["points"])
    call.update(call.scope, points=2 * cast(int, game["points"]))


class Games(Ledger):
    catalog = app.catalog


class Meanwhile(AtOnce):
    """While commands run, another process writes: at each of the first `times`."""

    def __init__(self, write: Callable[[], Awaitable[object]], times: int) -> None:
        self._write = write
        self._times = times

    async def aside(self, work: Callable[[], T]) -> T:
        done = work()
        if self._times:
            self._times -= 1
            await self._write()
        return done


class Spent:
    """An allowance of which nothing is left."""

    spent = True

    def begin_unit(self) -> None:
        """As much as before."""

    def call(self, body: Body) -> None:
        raise AssertionError("there was no time for it")


class CutShort(Spent):
    """An allowance that ends while something is called."""

    spent = False

    def call(self, body: Body) -> None:
        body()
        raise Overloaded(retryAfterMs=7)


class Hurried(AtOnce):
    """Gives everybody the same time."""

    def __init__(self, time: Allowance) -> None:
        self._time = time

    def allowance(self) -> Allowance:
        return self._time


def new_game(phone: Phone, kind: str = "Game") -> Change:
    return phone.change("create", kind, id := phone.new_id(), id)


def new_score(phone: Phone, game: Change, points: int = 0) -> Change:
    return phone.change("create", "Score", phone.new_id(), game.id, fields={"points": points})


def intake_of(store: DoorStore, runner: AtOnce | None = None, limits: Limits = LIMITS) -> Intake:
    return Intake(store, app.catalog, LocalSignals(), limits=limits, wall_ms=lambda: NOW, runner=runner)


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


def test_a_command_is_told_who_calls_in_which_role_and_when() -> None:
    ledger, phone, other = Games(), ann(), bob()
    game = new_game(phone)
    ledger.push(phone.push(game, phone.invite(game.id, "bob", "editor")))
    other.ms = NOW - 1_500
    assert verdicts(ledger.push(other.push(other.call("tell", game.id)))) == ["applied"]
    assert told == [("bob", "editor", datetime.fromtimestamp(NOW / 1_000 - 1.5, UTC))]


def test_a_command_is_called_within_a_root_of_the_kind_that_it_is_declared_for() -> None:
    ledger, phone = Games(), ann()
    league = new_game(phone, "League")
    _, refused = ledger.push(phone.push(league, phone.call("tell", league.id)))
    assert codes([refused]) == ["WRONG_ID"]
    assert refused.error is not None
    assert refused.error["message"] == "tell is called within a Game, and this scope is a League."
    assert told == []


def test_a_command_that_finds_more_than_it_may_read_is_refused() -> None:
    ledger, phone = Games(), ann()
    game = new_game(phone)
    scores = [new_score(phone, game) for _ in range(COMMAND_RECORDS_MAX)]
    ledger.push(phone.push(game, *scores))
    assert codes(ledger.push(phone.push(phone.call("count_scores", game.id)))) == [""]
    found = ledger.push(phone.push(new_score(phone, game), phone.call("count_scores", game.id)))
    assert codes(found) == ["", "COMMAND_TOO_LARGE"]
    assert told == [COMMAND_RECORDS_MAX]


def test_what_a_command_writes_as_it_was_is_no_change() -> None:
    ledger, phone = Games(), ann()
    game = new_game(phone)
    same, other = new_score(phone, game, points=7), new_score(phone, game)
    ledger.push(phone.push(game, same, other))
    assert verdicts(ledger.push(phone.push(phone.call("level", game.id, points=7)))) == ["applied"]
    assert [(entry.record, entry.fields) for entry in ledger.log[3:]] == [(other.id, {"points": 7})]


async def test_a_call_for_which_no_time_is_left_is_to_come_again_and_what_came_before_it_stays() -> None:
    store, phone = await opened(), ann()
    game = new_game(phone)
    push = phone.push(game, phone.update(game, points=3), phone.call("double", game.id), phone.update(game, title="x"))
    decided = await intake_of(store, Hurried(Spent())).push(TENANT, push)
    assert verdicts(outcomes(decided)) == ["applied", "applied"]
    assert error_codes(decided.errors) == ["OVERLOADED"]
    assert decided.errors[0].values == {"retryAfterMs": LIMITS.overload_retry_ms, "index": 2}
    again = await intake_of(store).push(TENANT, push)
    assert verdicts(outcomes(again)) == ["applied"] * 4
    assert told == [3]


async def test_a_group_for_which_the_time_ends_within_it_leaves_nothing_and_is_to_come_again() -> None:
    store, phone = await opened(), ann()
    game = new_game(phone)
    group = grouped(phone.update(game, points=3), phone.call("double", game.id))
    decided = await intake_of(store, Hurried(CutShort())).push(TENANT, push := phone.push(game, *group))
    assert verdicts(outcomes(decided)) == ["applied"]
    assert error_codes(decided.errors) == ["OVERLOADED"]
    assert decided.errors[0].values == {"retryAfterMs": 7, "index": 1}
    assert len(await store.read(TENANT, 0, 100)) == 1
    assert verdicts(outcomes(await intake_of(store).push(TENANT, push))) == ["applied"] * 3


def test_what_halts_a_command_from_outside_is_no_failure_of_it() -> None:
    ledger, phone = Games(), ann()
    game = new_game(phone)
    ledger.push(phone.push(game))
    with pytest.raises(Halted):
        ledger.decide(phone.push(phone.call("halt", game.id)))


@pytest.mark.parametrize(("rounds", "runs"), [(0, 2), (8, 2)])
async def test_what_only_running_a_command_shows_to_be_wanted_is_known_when_it_runs_again(
    rounds: int, runs: int
) -> None:
    store, phone = await opened(), ann()
    game = new_game(phone)
    limits = replace(LIMITS, commit_tries_max=1, decide_rounds_max=rounds)
    push = phone.push(game, phone.call("deal", game.id))
    assert verdicts(outcomes(await intake_of(store, limits=limits).push(TENANT, push))) == ["applied", "applied"]
    assert told == ["dealt"] * runs


@pytest.mark.parametrize(("times", "seen"), [(0, [1]), (1, [1, 10]), (3, [1, 10, 20, 30])])
async def test_what_another_process_writes_while_a_command_runs_is_seen_by_it(times: int, seen: list[int]) -> None:
    """It runs again with what is there then; after so many tries, while nobody else can write."""
    assert LIMITS.commit_tries_max == 3
    store, phone = await opened(), ann()
    other = Phone(user=phone.user, index=7)
    game = new_game(phone)
    beside = intake_of(store)
    await beside.push(TENANT, phone.push(game, phone.update(game, points=1)))

    async def write() -> None:
        other.last = phone.last
        await beside.push(TENANT, other.push(other.update(game, points=10 * len(told))))

    intake = intake_of(store, Meanwhile(write, times))
    decided = await intake.push(TENANT, phone.push(phone.call("double", game.id)))
    assert verdicts(outcomes(decided)) == ["applied"]
    assert told == seen
    assert (await store.read(TENANT, 0, 100))[-1].fields == {"points": 2 * seen[-1]}
