"""An outage is told once a second with its cause, and no line holds what a driver quotes."""

import io
import json
from collections.abc import Mapping, Sequence

import asyncpg
import pytest

from homeport_server.edge.errors import expected
from homeport_server.observe import make_log
from homeport_server.observe.failed_commits import FailedCommits
from homeport_server.observe.troubles import REASONS_MAX, Troubles
from homeport_sync.errors import HomeportError, StoreFailed, TimedOut, Unavailable
from homeport_sync.meter import NoMeter


class Told:
    """A log under a clock that a test moves."""

    def __init__(self) -> None:
        self.out = io.BytesIO()
        self.now_s = 100.0
        self.troubles = Troubles(make_log("info", self.out), lambda: self.now_s)

    def lines(self) -> Sequence[Mapping[str, object]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def told() -> Told:
    return Told()


def by(cause: BaseException, error: HomeportError | None = None) -> HomeportError:
    error = error or Unavailable()
    error.__cause__ = cause
    return error


def test_the_same_reason_is_told_once_a_second_with_how_many_were_left_out(told: Told) -> None:
    for _ in range(5):
        told.troubles.failed(by(ConnectionRefusedError(111, "Connect call failed")), "r")
    told.troubles.failed(by(TimeoutError(), TimedOut()), "another reason")
    told.now_s += 1
    told.troubles.failed(by(ConnectionRefusedError(111, "Connect call failed")), "last")
    first, other, last = told.lines()
    assert (first["event"], first["level"], first["request_id"]) == ("unavailable", "warning", "r")
    assert first["reason"] == "ConnectionRefusedError: [Errno 111] Connect call failed"
    assert (other["reason"], "left_out" in first) == ("TimeoutError", False)
    assert (last["request_id"], last["left_out"]) == ("last", 4)


def test_a_commit_that_failed_is_told_with_tenant_code_and_reason_and_without_rows(told: Told) -> None:
    quoted = asyncpg.DeadlockDetectedError("deadlock detected\nDETAIL:  a row: milk")
    meter = FailedCommits(NoMeter(), told.troubles)
    meter.commit_failed("UNAVAILABLE")
    meter.batch_failed("t1", "UNAVAILABLE", by(quoted))
    meter.batch_failed("t1", "UNAVAILABLE", asyncpg.UniqueViolationError("a row: milk"))
    first, second = told.lines()
    assert (first["event"], first["tenant"], first["error"]) == ("commit failed", "t1", "UNAVAILABLE")
    assert first["reason"] == "DeadlockDetectedError: deadlock detected"
    assert second["reason"] == "asyncpg.exceptions.UniqueViolationError (SQLSTATE 23505)"
    assert b"milk" not in told.out.getvalue()


def test_what_nobody_expected_has_a_traceback_each_time(told: Told) -> None:
    for error in (ValueError("a bug"), by(ValueError("a bug"), StoreFailed())):
        told.troubles.failed(error, "r")
    assert [(line["event"], "a bug" in str(line["exception"])) for line in told.lines()] == [("failed", True)] * 2
    told.troubles.failed(HomeportError("a caller's fault"), "r")
    assert len(told.lines()) == 2


def test_reasons_that_are_never_the_same_do_not_pile_up(told: Told) -> None:
    for number in range(3 * REASONS_MAX):
        told.troubles.seldom("unavailable", by(OSError(number, "other")))
    assert len(told.troubles._told) <= REASONS_MAX  # nothing else shows it


def test_every_store_that_did_not_answer_says_when_to_come_again() -> None:
    for error in (Unavailable(), TimedOut(), StoreFailed()):
        assert expected(error).values == {"retryAfterMs": 1_000}
    assert expected(Unavailable(retryAfterMs=7)).values == {"retryAfterMs": 7}
