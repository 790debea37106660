"""The networks of the page: all of the fleet's, each in words, and gone soon enough to be seen."""

from __future__ import annotations

import pytest

from homeport_client.fleet.networks import NETWORKS
from homeport_server.phones.nets import WORDS, network, networks

SEEN_S = 60.0


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_gone_and_back_while_somebody_watches(name: str) -> None:
    known, here = NETWORKS[name], network(name)
    assert here is not None
    assert (here.gaps is None) == (known.gaps is None)
    assert (here.name, here.rates, here.delay_s) == (known.name, known.rates, known.delay_s)
    if here.gaps is not None:
        assert max(*here.gaps.every_s, *here.gaps.for_s) <= SEEN_S


def test_each_network_is_told_in_words() -> None:
    assert {each.name: each.words for each in networks()} == WORDS


def test_there_is_no_network_of_another_name() -> None:
    assert network("moon") is None
