"""Networks by name, or by the values that a test is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import pytest

from homeport_client.fleet.errors import ScriptUnusable
from homeport_client.fleet.networks import INCIDENTS, NETWORKS, Network
from homeport_pytest.protocols import NetworkValues


def named(name: str) -> Network:
    """One of `NETWORKS`; the test fails if there is none of that name."""
    if name not in NETWORKS:
        pytest.fail(f"There is no network {name!r}: take one of {', '.join(NETWORKS)}.", pytrace=False)
    return NETWORKS[name]


def make(name: str = "perfect", **values: Unpack[NetworkValues]) -> Network:
    """See `Networks`. Its name says what is otherwise, so that two with other values never have the same one."""
    given: dict[str, Any] = dict(values)
    known = named(name)
    if not given:
        return known
    if unknown := given.keys() - NetworkValues.__annotations__.keys():
        pytest.fail(
            f"A network has no {', '.join(sorted(unknown))}: take one of {', '.join(NetworkValues.__annotations__)}.",
            pytrace=False,
        )
    told = ", ".join(f"{each}={value}" for each, value in sorted(given.items()))
    rates = {**known.rates, **{each: given.pop(each) for each in INCIDENTS if each in given}}
    try:
        return replace(known, name=f"{name} with {told}", rates=rates, **given)
    except ScriptUnusable as wrong:
        pytest.fail(str(wrong), pytrace=False)
