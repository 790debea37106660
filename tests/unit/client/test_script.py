"""Scripts: phases, who gets which phone, and what is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_client.fleet import Network, Persona, Script, Step, ramp, spike, steady
from homeport_client.fleet.actor import Actor
from homeport_client.fleet.cast import deal
from homeport_client.fleet.deeds.table import is_armed
from homeport_client.fleet.errors import ScriptUnusable
from homeport_client.fleet.playing import load_script
from homeport_client.fleet.seed import Seed
from homeport_sync import load_app

APP = load_app(Path(__file__).parents[3] / "examples" / "tasks" / "app.py")


def test_phones_are_switched_on_one_after_the_other_while_a_ramp_lasts() -> None:
    script = Script(devices=10, duration_s=100, phases=[ramp(2, to=0.5), steady(6), ramp(2)])
    at_s = [script.on_at_s(number / 10) for number in range(10)]
    assert at_s == pytest.approx([0, 4, 8, 12, 16, 80, 84, 88, 92, 96])


def test_without_a_ramp_all_phones_are_on_from_the_beginning() -> None:
    assert Script(phases=[steady(1)]).on_at_s(0.99) == 0
    assert Script(phases=()).on_at_s(0.5) == 0


def test_phones_beyond_the_last_ramp_are_never_switched_on() -> None:
    script = Script(devices=10, duration_s=3_600, phases=[ramp(1, to=0.5)])
    at_s = [script.on_at_s(number / 10) for number in range(10)]
    assert at_s == [pytest.approx(each) for each in (0, 720, 1_440, 2_160, 2_880)] + [None] * 5
    assert [each.name for each in deal(script, Seed(1), APP)] == [f"phone-{number}" for number in range(1, 6)]


def test_a_spike_is_as_long_as_its_share_and_the_pace_is_back_after_it() -> None:
    script = Script(duration_s=100, phases=[steady(4), spike(1, pace=7), steady(5)])
    assert [script.pace_at(at_s) for at_s in (0, 39, 41, 49, 51, 100, 1_000)] == [1, 1, 7, 7, 1, 1, 1]


def test_each_persona_gets_its_share_of_the_phones_and_neighbours_are_mixed() -> None:
    people = [Persona(name="many", does={}, share=3), Persona(name="few", does={}, share=1)]
    dealt = [each.persona for each in deal(Script(devices=400, personas=people), Seed(1), APP)]
    assert Counter(dealt)["few"] == pytest.approx(100, abs=8)
    assert Counter(dealt[:40])["few"] == pytest.approx(10, abs=3)


def test_some_users_have_two_phones_and_people_come_in_circles() -> None:
    dealt = deal(Script(devices=30, phones_per_user=1.5, circle=5), Seed(1), APP)
    phones = Counter(each.user for each in dealt)
    assert sorted(phones.values()) == [1] * 10 + [2] * 10
    assert {each.circle for each in dealt} == {0, 1, 2, 3}
    assert all(len({each.circle for each in dealt if each.user == user}) == 1 for user in phones)


def test_one_more_phone_leaves_the_others_as_they_were() -> None:
    def clocks(devices: int) -> list[int]:
        script = Script(devices=devices, personas=[Persona(name="late", does={}, skewed=0.5)])
        return [each.skew_ms for each in deal(script, Seed(3), APP)]

    assert clocks(11)[:10] == clocks(10)
    assert any(clocks(10))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "declares no `script`"),
        ("script = 1", "declares something else as `script`"),
        ("\n1/0", r"ZeroDivisionError: division by zero, in line 2 of people.py\): mend it"),
        ("script = (", r"SyntaxError: '\(' was never closed \(people.py, line 1\)\): mend it"),
        (
            "from homeport_client.fleet import Script\n\nscript = Script(devices=0)",
            r", in line 3 of people.py\): mend it",
        ),
    ],
)
def test_a_file_that_declares_no_script_is_refused_with_the_line_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("people.py")
    file.write_text(text)
    with pytest.raises(ScriptUnusable, match=says):
        load_script(file)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ScriptUnusable, match="There is no file"):
        load_script(Path("nowhere.py"))


async def rest(me: Actor) -> None:
    """Nothing."""


TWINS = [Persona(name="twin", does={rest: 1}), Persona(name="twin", does={})]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Script(duration_s=0), "The script has duration_s=0; expected a number above 0."),
        (lambda: Script(devices=0), "devices=0"),
        (lambda: Script(circle=0), "circle=0"),
        (lambda: Script(phones_per_user=0), "phones_per_user=0"),
        (lambda: Script(crashes=-1), "crashes=-1; expected 0 or more."),
        (lambda: Script(personas=TWINS), "2 personas called 'twin'; expected names that differ."),
        (lambda: Script(personas=[replace(TWINS[0], share=0)]), "shares of all personas=0"),
        (lambda: Script(invariants=[rest]), "expected a plain function, without async."),  # type: ignore[list-item]
        (lambda: spike(1, pace=0), "A phase has pace=0"),
        (lambda: steady(0), "A phase has share=0"),
        (lambda: ramp(1, to=2), "devices=2; expected a share from 0 to 1."),
        (lambda: Persona(name="quick", does={}, every_s=0), "The persona 'quick' has every_s=0"),
        (lambda: Persona(name="lazy", does={rest: -1}), "has weight of rest=-1; expected 0 or more."),
        (
            lambda: Network(name="n", rates={"lose_anwser": 0.5}),
            "has the incident 'lose_anwser'; expected one of",
        ),
        (lambda: Network(name="n", rates={"late": 30}), "late=30; expected a share from 0 to 1."),
        (lambda: Network(name="n", delay_s=(2, 1)), "delay_s=(2, 1); expected the least and the most"),
        (
            lambda: is_armed(Step(at_ms=5, who="phone-1", do="creat")),
            "The story, at 5 ms, has the step 'creat'; expected",
        ),
    ],
)
def test_what_cannot_be_played_is_refused_with_what_was_found(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ScriptUnusable, match=re.escape(says)):
        make()
