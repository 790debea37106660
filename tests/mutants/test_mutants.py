"""A sample of the mutants, hunted by a smaller fleet than `make mutants` has; and all of them can still be planted."""

from pathlib import Path

import pytest

from tests.mutants.__main__ import UNKNOWN, is_caught, main
from tests.mutants.herd import MUTANTS
from tests.mutants.hunt import Found, Order
from tests.mutants.hunts import hunt_one
from tests.mutants.mutant import ROOT, Mutant, MutantOutdated, plant

ORDER = Order(source="", devices=8, duration_s=240, seeds_max=4)
SAMPLE = {
    "a rejected change uses up a position": "gaps",
    "a rejection says nothing": "unexplained",
    "a row is skipped at a page's end": "differing",
    "one bad change fails its whole push": "unhealed",
    "the clock is never learnt": "mistimed",
}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_planted_bug_is_found_and_its_story_cut_short(name: str) -> None:
    found = hunt_one(MUTANTS[name], ORDER)
    assert is_caught(found), found
    assert SAMPLE[name] in found.checks


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_every_mutant_still_fits_the_code(mutant: Mutant) -> None:
    compile(mutant.mutate((ROOT / mutant.file).read_text(encoding="utf-8")), mutant.file, "exec")


def test_a_mutant_whose_text_is_gone_says_that_it_must_be_renewed(tmp_path: Path) -> None:
    old = Mutant(name="old", known="", file="sync/homeport_sync/merge.py", before="no such text", after="")
    with pytest.raises(MutantOutdated, match="renew it"):
        plant(old, tmp_path)


def test_no_bug_at_all_survives_every_hunt() -> None:
    merge = MUTANTS["the last to arrive wins"]
    harmless = Mutant(name="harmless", known="", file=merge.file, before=merge.before, after=merge.before)
    found = hunt_one(harmless, ORDER)
    assert found == Found(seed=ORDER.seeds_max, cpu_s=found.cpu_s, wall_s=found.wall_s)


def test_a_name_that_no_mutant_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forked device", "no such bug"]) == UNKNOWN
    assert "No mutant has 'no such bug' in its name" in capsys.readouterr().err
