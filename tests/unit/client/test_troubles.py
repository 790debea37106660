"""What is going to befall somebody waits for its moment, and then for its occasion."""

from __future__ import annotations

from homeport_client.fleet.troubles import Troubles


def test_each_trouble_strikes_once_at_the_first_occasion_after_its_moment() -> None:
    now = [0]
    troubles = Troubles(lambda: now[0])
    troubles.add(10, "cut_answer")
    troubles.add(10, "lose_poke")
    troubles.add(20, "late")
    assert troubles.take(lambda _: True) == ""
    now[0] = 15
    assert troubles.take(lambda name: name == "lose_poke") == "lose_poke"
    assert troubles.take(lambda name: name == "lose_poke") == ""
    assert [troubles.take(lambda _: True) for _ in range(2)] == ["cut_answer", ""]
    now[0] = 20
    troubles.clear()
    assert troubles.take(lambda _: True) == ""
