"""Decision records are named by their numbers, so each folder gives a number once, and the record says the same."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house.conftest import Plant
from tests.house.tree import Tree, report

_record = re.compile(r"(\d{4})-[a-z0-9-]+\.md").fullmatch
_title = re.compile(r"# (\d+)\. \S").match


def misnumbered(tree: Tree) -> Iterator[str]:
    taken: dict[str, str] = {}
    for path, text in tree.texts():
        folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
        if folder.name != "decisions" or not (found := _record(name)):
            continue
        other = taken.setdefault(f"{folder}/{found[1]}", name)
        if other != name:
            yield f"{path}: {other} has that number already. Take the next one that is free."
        title = _title(text)
        if not title or int(title[1]) != int(found[1]):
            yield f"{path}: its title is another's. Begin it with '# {int(found[1])}. '."


def test_each_decision_has_a_number_of_its_own(tree: Tree) -> None:
    complaints = [*misnumbered(tree)]
    assert not complaints, report(complaints)


def test_a_number_that_is_given_twice_and_a_title_with_another_are_found(plant: Plant) -> None:
    tree = plant(
        {
            "sync/decisions/0001-log.md": "# 1. The log\n",
            "server/decisions/0001-http.md": "# 1. HTTP\n",
            "server/decisions/0001-pages.md": "# 1. Pages\n",
            "server/decisions/0002-look.md": "# 1. The look\n",
        }
    )
    assert [each.split(":")[0] for each in misnumbered(tree)] == [
        "server/decisions/0001-pages.md",
        "server/decisions/0002-look.md",
    ]
