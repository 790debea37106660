"""What the core reports of its work to whoever measures it. It never asks back, and nothing depends on it."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Takes readings. No call waits or fails."""

    def committed(self, *, pushes: int, changes: int, load_s: float, decide_s: float, commit_s: float) -> None:
        """A commit batch went through: what it held, and how long its steps took."""

    def commit_failed(self, code: str) -> None:
        """A commit batch failed in the store, whether or not it is tried again."""

    def batch_failed(self, tenant: str, code: str, error: Exception) -> None:
        """It failed for the last time: its pushes are told so, or tried one by one."""

    def waiting(self, changes: int) -> None:
        """So many changes of all tenants wait for their turn now."""

    def page(self, *, found: bool) -> None:
        """A page was made; `found`: its rows were in the cache."""


class NoMeter:
    """Nobody measures."""

    def committed(self, *, pushes: int, changes: int, load_s: float, decide_s: float, commit_s: float) -> None:
        """Nothing."""

    def commit_failed(self, code: str) -> None:
        """Nothing."""

    def batch_failed(self, tenant: str, code: str, error: Exception) -> None:
        """Nothing."""

    def waiting(self, changes: int) -> None:
        """Nothing."""

    def page(self, *, found: bool) -> None:
        """Nothing."""
