"""Ranks: texts whose order is an order that people drag things into, with room between any two of them. Pure.

A rank is a whole number and a fraction, written so that ranks compare as texts: a letter that says how many digits the
number has (`a` one, `b` two …; `Z` one, `Y` two … below nothing), these digits, then the fraction, whose last digit is
not 0. So who always adds at an end gets short ranks for ever, and who always drops into the same gap one digit more for
many times. The scheme is David Greenspan's ("Implementing Fractional Indexing", 2020).

Behind each new rank come a few digits drawn by chance: two phones that drop something into the same gap, offline, get
two ranks and not one.
"""

from __future__ import annotations

import re
from random import Random
from typing import Final, NewType

from homeport_sync.rejections import RankFull

Rank = NewType("Rank", str)
RANK_CHARS_MAX: Final = 500
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE: Final = len(_DIGITS)
_CHANCE_DIGITS: Final = 3
FIRST_RANK: Final = Rank("a0")
_LENGTHS: Final = {**{chr(ord("a") + n): n + 1 for n in range(26)}, **{chr(ord("Z") - n): n + 1 for n in range(26)}}
_SHAPE: Final = re.compile(r"[A-Za-z][0-9A-Za-z]+")
_LEAST: Final = "A" + _DIGITS[0] * _LENGTHS["A"]  # the first whole number: no rank, for none would come before it


def is_rank(text: str) -> bool:
    """Whether a text is one that `between` can go on from."""
    if len(text) > RANK_CHARS_MAX or text == _LEAST or not _SHAPE.fullmatch(text):
        return False
    return len(text) > _LENGTHS[text[0]] and not (text.endswith("0") and len(text) > _LENGTHS[text[0]] + 1)


def between(low: str | None, high: str | None, chance: Random) -> Rank:
    """A rank after `low` (None: any) and before `high` (None: any). Raises `RankFull` if it would be too long, and
    `ValueError` if `low` is not before `high`."""
    if low is not None and high is not None and low >= high:
        raise ValueError(f"There is nothing between {low!r} and {high!r}.")
    if high == _LEAST:
        raise RankFull
    middle = _middle(low, high)
    drawn = "".join(chance.choices(_DIGITS, k=_CHANCE_DIGITS - 1)) + chance.choice(_DIGITS[1:])
    while high is not None and middle + drawn >= high:  # then it begins as `high` does: go down from there
        middle += _halfway("", high[len(middle) :])
    if len(middle) + len(drawn) > RANK_CHARS_MAX:
        raise RankFull
    return Rank(middle + drawn)


def _middle(low: str | None, high: str | None) -> str:
    if low is None:
        if high is None:
            return FIRST_RANK
        whole, fraction = _split(high)
        if lower := _lower(whole):
            return lower
        return whole + _halfway("", fraction)
    whole, fraction = _split(low)
    if high is None:
        return _higher(whole) or whole + _halfway(fraction, "")
    high_whole, high_fraction = _split(high)
    if whole == high_whole:
        return whole + _halfway(fraction, high_fraction)
    higher = _higher(whole)
    return higher if higher and higher < high_whole else whole + _halfway(fraction, "")


def _split(rank: str) -> tuple[str, str]:
    end = _LENGTHS[rank[0]] + 1
    return rank[:end], rank[end:]


def _halfway(low: str, high: str) -> str:
    """Digits of a fraction between two others; an empty `high` is 1."""
    if high:
        same = next((n for n, digit in enumerate(high) if digit != (low[n] if n < len(low) else "0")), len(high))
        if same:
            return high[:same] + _halfway(low[same:], high[same:])
    first = _DIGITS.index(low[0]) if low else 0
    last = _DIGITS.index(high[0]) if high else _BASE
    if last - first > 1:
        return _DIGITS[(first + last) // 2]
    if len(high) > 1:
        return high[0]
    return _DIGITS[first] + _halfway(low[1:], "")


def _higher(whole: str) -> str | None:
    """The next whole number; None after the last."""
    digits = _counted(whole[1:], 1)
    if digits is not None:
        return whole[0] + digits
    if whole[0] == "z":
        return None
    head = "a" if whole[0] == "Z" else chr(ord(whole[0]) + 1)
    return head + "0" * _LENGTHS[head]


def _lower(whole: str) -> str | None:
    """The whole number before; None before the first."""
    digits = _counted(whole[1:], -1)
    if digits is not None:
        return whole[0] + digits
    if whole[0] == "A":
        return None
    head = "Z" if whole[0] == "a" else chr(ord(whole[0]) - 1)
    return head + _DIGITS[-1] * _LENGTHS[head]


def _counted(digits: str, by: int) -> str | None:
    """One more or less; None where that takes another number of digits."""
    number = 0
    for digit in digits:
        number = number * _BASE + _DIGITS.index(digit)
    number += by
    if not 0 <= number < _BASE ** len(digits):
        return None
    counted = ""
    for _ in digits:
        number, last = divmod(number, _BASE)
        counted = _DIGITS[last] + counted
    return counted
