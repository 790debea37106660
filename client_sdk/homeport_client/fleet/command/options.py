"""The values that the command line takes beside plain ones: durations, networks, thresholds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from homeport_client.fleet.networks import NETWORKS, Network
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.exits import Exit
from homeport_client.fleet.report.thresholds import NotABound, parse

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")


Command = TypeVar("Command", bound=Callable[..., Any])


class Refused(click.ClickException):
    """One sentence on standard error, exit code 2."""

    exit_code = Exit.USAGE


class Duration(click.ParamType[float]):
    """Seconds, written as 90s, 30m, 1h30m or 1d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Fails for anything else, and for no time at all."""
        text = str(value)
        parts = _DURATION.findall(text)
        seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
        if "".join(number + unit for number, unit in parts) != text or not 0 < seconds < math.inf:
            self.fail(f"{text!r} is no time; expected such as 90s, 30m, 1h or 1d.", param, ctx)
        return seconds


class NetworkName(click.ParamType[Network]):
    """One of `NETWORKS`, by name."""

    name = "network"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        """Fails for a name that is none, naming those there are."""
        if isinstance(value, Network):
            return value
        if str(value) not in NETWORKS:
            self.fail(f"there is no network {value!r}; take one of {', '.join(NETWORKS)}.", param, ctx)
        return NETWORKS[str(value)]


class ThresholdText(click.ParamType[Bound]):
    """A threshold, such as `p95(sync_lag) < 500ms`."""

    name = "threshold"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Several in one variable: each has blanks in it, so ";" or a line's end stands between them."""
        return [each.strip() for each in re.split(r"[;\n]", rv) if each.strip()]

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Bound:
        """Fails with what is wrong with it."""
        try:
            return value if isinstance(value, Bound) else parse(str(value))
        except NotABound as wrong:
            self.fail(str(wrong), param, ctx)


DURATION, NETWORK, THRESHOLD = Duration(), NetworkName(), ThresholdText()


def options_of(prefix: str) -> Callable[..., Callable[[Command], Command]]:
    """`click.option`, each with a variable that is called like its flag: --junit is PREFIX_JUNIT."""

    def option(flag: str, *names: str, **given: Any) -> Callable[[Command], Command]:  # noqa: ANN401  # as click has it
        return click.option(flag, *names, envvar=variable(prefix, flag), **given)

    return option


def variable(prefix: str, flag: str) -> str:
    """Of a flag, or of a pair such as --shrink/--no-shrink, which is called like the first."""
    return f"{prefix}_{flag.partition('/')[0].lstrip('-').replace('-', '_').upper()}"
