"""An ``__init__.py`` is a face: a docstring, imports and ``__all__``; what it imports is what it shows."""

import ast
from pathlib import PurePosixPath

from tests.house.conftest import Plant
from tests.house.tree import Tree, report


def crooked_faces(tree: Tree) -> list[str]:
    faces = (path for path in tree.product() if PurePosixPath(path).name == "__init__.py")
    return [f"{path}{complaint}" for path in faces for complaint in _complaints(tree.parsed(path))]


def _complaints(face: ast.Module) -> list[str]:
    complaints = []
    imported: set[str] = set()
    shown: list[str] = []
    if ast.get_docstring(face) is None:
        complaints.append(": no docstring. Say what the room is for.")
    for node in face.body[ast.get_docstring(face) is not None :]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
        elif (names := _all(node)) is not None:
            shown = names
        else:
            complaints.append(f":{node.lineno} more than a face. Move it to a module named for it.")
    complaints += [f": imports {name} and does not show it in __all__." for name in sorted(imported - set(shown))]
    complaints += [f": shows {name} in __all__ and does not import it." for name in sorted(set(shown) - imported)]
    return complaints


def _all(node: ast.stmt) -> list[str] | None:
    """The names of an ``__all__ = […]`` statement, or None for any other statement."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names)):
            pass
        case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List(elts=names)):
            pass
        case _:
            return None
    return [name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)]


def test_every_init_file_is_a_face_and_nothing_more(tree: Tree) -> None:
    complaints = crooked_faces(tree)
    assert not complaints, report(complaints)


def test_logic_a_hidden_import_and_an_unkept_name_are_found(plant: Plant) -> None:
    face = '"""Doc."""\nfrom homeport_sync.merge import merge, law\n__all__ = ["merge", "gone"]\nLIMIT = 3\n'
    tree = plant({"sync/homeport_sync/__init__.py": face, "sync/homeport_sync/sql/__init__.py": ""})
    assert [complaint.removeprefix("sync/homeport_sync/") for complaint in crooked_faces(tree)] == [
        "__init__.py:4 more than a face. Move it to a module named for it.",
        "__init__.py: imports law and does not show it in __all__.",
        "__init__.py: shows gone in __all__ and does not import it.",
        "sql/__init__.py: no docstring. Say what the room is for.",
    ]


def test_a_straight_face_passes(plant: Plant) -> None:
    face = '"""Doc."""\n\nfrom homeport_sync.merge import merge as join\n\n__all__: list[str] = ["join"]\n'
    assert crooked_faces(plant({"sync/homeport_sync/__init__.py": face})) == []
