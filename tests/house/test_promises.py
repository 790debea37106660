"""The protocol and the code are in step: each promise names what enforces it, and that says so too."""

from tests.house.conftest import Plant
from tests.house.promises import PROTOCOL, enforcements, marked_tests, missing
from tests.house.tree import Tree, report


def broken_promises(tree: Tree) -> list[str]:
    """Promises whose enforcement is not written down, or names what is not there."""
    complaints = []
    for promise, enforcement in enforcements(tree.text(PROTOCOL)).items():
        if enforcement is None:
            complaints.append(f"{promise} has no **Enforced by** paragraph. Name its code and its tests there.")
            continue
        if not enforcement.code:
            complaints.append(f"{promise} names no code. Write it in backticks as path/to/file.py:symbol.")
        if not enforcement.tests:
            complaints.append(f"{promise} names no test. Write it in backticks as tests/file.py::test_name.")
        for reference in sorted(enforcement.code | enforcement.tests):
            why = missing(tree, reference)
            if why:
                complaints.append(f"{promise} is said to be enforced by {reference}, but {why}.")
    return complaints


def out_of_step(tree: Tree) -> list[str]:
    """Tests named for a promise they do not carry, and tests that carry one the protocol does not name."""
    said = {
        (promise, test)
        for promise, enforcement in enforcements(tree.text(PROTOCOL)).items()
        if enforcement
        for test in enforcement.tests
    }
    carried = {(promise, test) for test, promises in marked_tests(tree).items() for promise in promises}
    return [
        *(
            f'{test} needs @pytest.mark.promise("{promise}"): {PROTOCOL} names it.'
            for promise, test in sorted(said - carried)
        ),
        *(
            f"{PROTOCOL} needs {test} in the Enforced by of {promise}: the test says so."
            for promise, test in sorted(carried - said)
        ),
    ]


def test_every_promise_names_code_and_tests_that_exist(tree: Tree) -> None:
    assert enforcements(tree.text(PROTOCOL)), f"{PROTOCOL} has no heading such as '### I1 An acknowledged change …'"
    complaints = broken_promises(tree)
    assert not complaints, report(complaints)


def test_the_protocol_and_the_tests_name_each_other(tree: Tree) -> None:
    complaints = out_of_step(tree)
    assert not complaints, report(complaints)


KEPT = """
# Protocol
### I1 Never lost
Words about it, and `sync/homeport_sync/merge.py:nowhere` in passing.

**Enforced by** `sync/homeport_sync/intake.py:Intake.take`, `sync/homeport_sync/intake.py:LIMIT`
and `tests/unit/test_intake.py::TestIntake::test_it_is_kept`.

More words, `sync/homeport_sync/gone.py:gone` among them.
"""
INTAKE = "LIMIT = 3\nclass Intake:\n    async def take(self): ...\n"
TEST = "import pytest\nclass TestIntake:\n    @pytest.mark.promise('I1')\n    def test_it_is_kept(self): ...\n"


def test_a_promise_kept_in_both_directions_passes(plant: Plant) -> None:
    tree = plant({PROTOCOL: KEPT, "sync/homeport_sync/intake.py": INTAKE, "tests/unit/test_intake.py": TEST})
    assert broken_promises(tree) + out_of_step(tree) == []


def test_a_renamed_symbol_and_a_lost_test_are_found(plant: Plant) -> None:
    intake = INTAKE.replace("take", "accept")
    tree = plant({PROTOCOL: KEPT, "sync/homeport_sync/intake.py": intake})
    assert [complaint.split(", but ")[1] for complaint in broken_promises(tree)] == [
        "sync/homeport_sync/intake.py defines no Intake.take.",
        "there is no tests/unit/test_intake.py.",
    ]


def test_a_promise_that_names_nothing_is_found(plant: Plant) -> None:
    tree = plant({PROTOCOL: "## I1 Bare\n\nWords.\n\n## I2 Empty\n\n**Enforced by** good will.\n"})
    assert [complaint.split(".")[0] for complaint in broken_promises(tree)] == [
        "I1 has no **Enforced by** paragraph",
        "I2 names no code",
        "I2 names no test",
    ]


def test_a_test_without_its_marker_and_a_marker_without_its_line_are_found(plant: Plant) -> None:
    test = TEST.replace("'I1'", "'I2'")
    tree = plant({PROTOCOL: KEPT, "sync/homeport_sync/intake.py": INTAKE, "tests/unit/test_intake.py": test})
    name = "tests/unit/test_intake.py::TestIntake::test_it_is_kept"
    assert out_of_step(tree) == [
        f'{name} needs @pytest.mark.promise("I1"): sync/PROTOCOL.md names it.',
        f"sync/PROTOCOL.md needs {name} in the Enforced by of I2: the test says so.",
    ]
