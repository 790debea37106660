"""Nothing half done stays: no nameless modules, no notes to self, no tests left out, no sleeping in code."""

import ast
import io
import re
import tokenize
from pathlib import PurePosixPath

from tests.house.conftest import Plant
from tests.house.tree import Tree, report

NAMELESS = frozenset({"util", "helper", "common", "base", "manager", "service"})
NOTE_TO_SELF = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
LEFT_OUT = {
    "pytest.mark.skip": "make it pass or delete it",
    "pytest.mark.skipif": "make it pass everywhere, or put it in a tier that has what it needs",
    "pytest.mark.xfail": "make it pass or delete it",
    "pytest.skip": "make it pass or delete it",
    "pytest.importorskip": "add what it needs to the dev group",
    "unittest.skip": "make it pass or delete it",
    "time.sleep": "wait for the event itself, or take a clock as an argument",
}


def nameless_modules(tree: Tree) -> list[str]:
    return [
        f"{path}: '{part}' says nothing. Find the noun its functions are about."
        for path in tree.python()
        for part in PurePosixPath(path).with_suffix("").parts
        if part.lower().rstrip("s") in NAMELESS
    ]


def notes_to_self(tree: Tree) -> list[str]:
    complaints = []
    for path, text in tree.texts():
        words = _comments(text) if path.endswith(".py") else list(enumerate(text.splitlines(), 1))
        complaints += [
            f"{path}:{number} {line.strip()[:80]} — do it now, or open an issue and delete the note."
            for number, line in words
            if NOTE_TO_SELF.search(line)
        ]
    return complaints


def left_out(tree: Tree) -> list[str]:
    """Uses of the names in LEFT_OUT, through ``import pytest`` or ``from pytest import skip`` alike."""
    complaints = []
    for path in tree.python():
        module = tree.parsed(path)
        for number, name in [*_attributes(module), *_imported(module)]:
            if name in LEFT_OUT:
                complaints.append(f"{path}:{number} {name}: {LEFT_OUT[name]}.")
    return complaints


def _comments(text: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def _attributes(module: ast.Module) -> list[tuple[int, str]]:
    return [(node.lineno, ast.unparse(node)) for node in ast.walk(module) if isinstance(node, ast.Attribute)]


def _imported(module: ast.Module) -> list[tuple[int, str]]:
    return [
        (node.lineno, f"{node.module}.{alias.name}")
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def test_every_module_is_named_for_what_it_is_about(tree: Tree) -> None:
    complaints = nameless_modules(tree)
    assert not complaints, report(complaints)


def test_no_note_to_self_is_left_behind(tree: Tree) -> None:
    complaints = notes_to_self(tree)
    assert not complaints, report(complaints)


def test_no_test_is_left_out_and_no_code_sleeps(tree: Tree) -> None:
    complaints = left_out(tree)
    assert not complaints, report(complaints)


def test_a_nameless_module_is_found_in_the_plural_and_as_a_folder(plant: Plant) -> None:
    tree = plant({"sync/utils.py": "", "server/base/page.py": "", "sync/database.py": "", "sync/merge.py": ""})
    assert [complaint.split(":")[0] for complaint in nameless_modules(tree)] == [
        "server/base/page.py",
        "sync/utils.py",
    ]


def test_a_note_to_self_is_found_in_code_and_in_prose(plant: Plant) -> None:
    note = "TO" + "DO"
    tree = plant({"a.py": f"x = 1  # {note}: later\ny = '{note} list'\n", "b.md": f"{note} write this\n"})
    assert [complaint.split()[0] for complaint in notes_to_self(tree)] == ["a.py:1", "b.md:1"]


def test_a_skipped_test_and_a_sleep_are_found_however_they_are_imported(plant: Plant) -> None:
    tree = plant(
        {
            "a.py": "import pytest, time\n@pytest.mark.skip\ndef test_a():\n    time.sleep(1)\n",
            "b.py": "from time import sleep\nimport asyncio\nasyncio.sleep(1)\n",
        }
    )
    assert [complaint.split(":")[0] + complaint.split()[1] for complaint in left_out(tree)] == [
        "a.pypytest.mark.skip:",
        "a.pytime.sleep:",
        "b.pytime.sleep:",
    ]
