"""The sentences that every form of a report shares, and how much of them one place takes.

A violation quotes what apps and people wrote, so it may hold any character and come in any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from homeport_client.fleet.report.summary import Failure, Threshold

WIDTH_MAX = 100
SENTENCES_MAX = 10
STEPS_MAX = 50


def bounded(sentences: Sequence[str], at_most: int = SENTENCES_MAX) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(sentences) - at_most
    return [*sentences[:at_most], *([f"… and {more:,} more."] if more > 0 else [])]


def printable(text: str) -> str:
    """One line that leaves the terminal as it is: whatever is no visible character is replaced."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what it counts, as "1 phone" or "2,000 phones"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(parts: Iterable[str]) -> str:
    """What is true together, as "a, b and c"; at least one part."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def missed(threshold: Threshold) -> str:
    """Why a threshold was not kept."""
    why = "there was nothing to measure" if threshold.measured is None else f"it was {threshold.measured}"
    return f"{threshold.asked} was missed: {why}."


def shortened(failure: Failure) -> str:
    """What became of a failing story while it was cut down."""
    steps, tries = counted(len(failure.steps), "step"), counted(failure.tries, "try", "tries")
    if len(failure.steps) >= failure.steps_before:
        return f"The story of {steps} could not be made shorter in {tries}.{unfinished(failure)}"
    return f"A story of {steps} still fails, cut down from {failure.steps_before:,} in {tries}.{unfinished(failure)}"


def unfinished(failure: Failure) -> str:
    """A sentence more where the search was ended before it was done; nothing where it was done."""
    ended = failure.left_after
    return f" The search ended after {ended}, so there may be a shorter one." if ended else ""
