"""What a phone's meter shows in the end, as a plain value that can travel from one process to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Bytes of bodies, requests, how often the radio woke up, and how many changes were not answered yet."""

    bytes_up: int
    bytes_down: int
    requests: int
    radio_wakes: int
    waiting: int
