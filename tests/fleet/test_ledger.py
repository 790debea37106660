"""The log says what was written and what became of it, entry by entry, and so does each outcome."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as struct_replace

from homeport_client.fleet.check import Evidence, judge


def everything_applied(evidence: Evidence) -> Evidence:
    """Log and devices agree on it."""
    told = [
        each
        if each.outcome.outcome == "rejected"
        else replace(each, outcome=struct_replace(each.outcome, outcome="applied", lost=()))
        for each in evidence.told
    ]
    return replace(evidence, told=told, log=[struct_replace(entry, outcome="applied") for entry in evidence.log])


def nothing_lost(evidence: Evidence) -> Evidence:
    told = [replace(each, outcome=struct_replace(each.outcome, lost=())) for each in evidence.told]
    return replace(evidence, told=told)


GARBAGE = {
    "op": "delete",
    "kind": "Garbage",
    "record": "garbage",
    "scope": "garbage",
    "fields": {},
    "before": {"title": "garbage"},
    "stamp": "garbage",
    "user": "garbage",
    "outcome": "merged",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_log_that_says_something_else_than_was_written_is_found(honest: Evidence, name: str) -> None:
    verdict = judge(replace(honest, log=[struct_replace(each, **{name: GARBAGE[name]}) for each in honest.log]))
    assert any(f" has {name} " in sentence for sentence in verdict.mistold), verdict


@pytest.mark.parametrize("lie", [everything_applied, nothing_lost])
def test_an_outcome_that_says_something_else_than_was_done_is_found(
    honest: Evidence, lie: Callable[[Evidence], Evidence]
) -> None:
    assert any(each.outcome.outcome == "superseded" for each in honest.told)
    assert set(judge(lie(honest)).found) == {"mistold"}
