"""What is expected of a command goes with it, whatever else is expected."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from random import Random

from homeport_client.predicted import Predicted
from homeport_client.schema import VIEW
from homeport_client.storage import MEMORY, open_storage
from homeport_sync.change import Change
from homeport_sync.clock import uuid7
from tests.unit.client.world import NOW, stamp

RANDOM = Random(3)


def a_change() -> Change:
    return Change(
        number=1, op="update", kind="Task", id=uuid7(NOW, RANDOM), scope=uuid7(NOW, RANDOM), stamp=stamp(1), fields={}
    )


def steps_to_drop(others: int) -> int:
    """How many steps SQLite takes to drop what is at one place, beside so much at others."""
    with closing(open_storage(MEMORY)) as storage:
        storage.executescript(VIEW)
        predicted, steps = Predicted(storage), count()
        for place in range(others):
            predicted.add(place, [a_change()])
        predicted.add(others, mine := [a_change(), a_change()])
        storage.set_progress_handler(lambda: next(steps) and None, 1)
        dropped = predicted.drop([others])
        storage.set_progress_handler(None, 1)
        assert dropped == {each.id for each in mine}
        assert len(predicted.records()) == others
        return next(steps)


def test_what_else_is_expected_costs_nothing_when_something_goes() -> None:
    assert steps_to_drop(500) < steps_to_drop(5) * 1.5
