"""Sizes: the tail makes a house hard to live in, so the largest file and the longest function are bounded."""

import ast

from tests.house.conftest import Plant
from tests.house.tree import Tree, report

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def files_too_long(tree: Tree) -> list[str]:
    counts = ((path, tree.text(path).count("\n")) for path in tree.python())
    return [
        f"{path}: {lines} lines, at most {FILE_LINES_MAX}. Find the second noun in it and give it a file."
        for path, lines in counts
        if lines > FILE_LINES_MAX
    ]


def functions_too_long(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.python():
        for node in ast.walk(tree.parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    complaints.append(
                        f"{path}:{node.lineno} {node.name}: {lines} lines, at most {FUNCTION_LINES_MAX}. "
                        "Keep the flow in it and move the leaves out."
                    )
    return complaints


def test_no_file_is_longer_than_four_hundred_lines(tree: Tree) -> None:
    complaints = files_too_long(tree)
    assert not complaints, report(complaints)


def test_no_function_is_longer_than_seventy_lines(tree: Tree) -> None:
    complaints = functions_too_long(tree)
    assert not complaints, report(complaints)


def test_a_file_one_line_too_long_is_found(plant: Plant) -> None:
    tree = plant({"fits.py": "x = 1\n" * FILE_LINES_MAX, "long.py": "x = 1\n" * (FILE_LINES_MAX + 1)})
    assert [complaint.split(":")[0] for complaint in files_too_long(tree)] == ["long.py"]


def test_a_function_one_line_too_long_is_found_inside_its_class(plant: Plant) -> None:
    def method(name: str, lines: int) -> str:
        return f"    async def {name}(self):\n" + "        pass\n" * (lines - 1)

    fits, long = method("fits", FUNCTION_LINES_MAX), method("long", FUNCTION_LINES_MAX + 1)
    tree = plant({"room.py": "class Room:\n" + fits + long})
    assert [complaint.split()[1] for complaint in functions_too_long(tree)] == ["long:"]
