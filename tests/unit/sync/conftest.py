"""Laws are tested without a stopwatch: a slow machine is not a broken law."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
