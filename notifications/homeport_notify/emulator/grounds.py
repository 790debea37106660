"""What all emulated providers stand on: the same phones, weather, counts and clock."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from homeport_notify.emulator.phones import Phones
from homeport_notify.emulator.tally import Tally
from homeport_notify.emulator.weather import Weather


class Grounds(msgspec.Struct, frozen=True):
    """`clock` gives milliseconds since 1970."""

    phones: Phones
    weather: Weather
    tally: Tally
    clock: Callable[[], int]
