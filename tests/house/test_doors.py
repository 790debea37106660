"""Every door is documented: a Makefile target by a help line; verbs, settings and error codes in the docs."""

import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import PurePosixPath

import click

from tests.house.conftest import Plant
from tests.house.tree import SOURCE_ROOTS, Tree, report

TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)(.*)$", re.MULTILINE)


def targets_without_help(makefile: str) -> list[str]:
    return [
        f"Makefile: '{target}' has no help line. Write '{target}: … ## what it does'."
        for target, rest in TARGET.findall(makefile)
        if not re.search(r"## \S", rest)
    ]


def docs(tree: Tree) -> str:
    """What a user reads: the README, the protocol and the pages below docs/."""
    pages = (
        path
        for path in tree.paths
        if path.endswith(".md") and (path in {"README.md", "sync/PROTOCOL.md"} or path.startswith("docs/"))
    )
    return "\n".join(tree.text(page) for page in pages)


def undocumented(names: Iterable[str], pages: str, what: str) -> list[str]:
    return [
        f"{what} {name} stands in no page. Add it to README.md, sync/PROTOCOL.md or docs/."
        for name in sorted(set(names))
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", pages)
    ]


def verbs(command: click.Command, path: tuple[str, ...] = ("homeport",)) -> Iterator[str]:
    """Every runnable verb with its whole path, such as ``homeport tenant create``."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    for name, child in command.commands.items():
        if not child.hidden:
            yield from verbs(child, (*path, name))


def subclasses(root: type) -> set[type]:
    children: set[type] = set(root.__subclasses__())
    return children.union(*(subclasses(child) for child in children))


def error_codes(tree: Tree) -> set[str]:
    """Codes of all errors of all rooms; importing each room's ``errors`` makes its classes known."""
    for package in SOURCE_ROOTS:
        for module, path in tree.package(package).items():
            if PurePosixPath(path).name == "errors.py":
                importlib.import_module(module)
    root = importlib.import_module("homeport_sync.errors").HomeportError
    return {vars(error)["code"] for error in subclasses(root) if isinstance(vars(error).get("code"), str)}


def setting_names(settings: type) -> set[str]:
    return {f"HOMEPORT_{field.name.upper()}" for field in fields(settings)}


def test_every_makefile_target_has_a_help_line(tree: Tree) -> None:
    complaints = targets_without_help(tree.text("Makefile"))
    assert not complaints, report(complaints)


def test_every_cli_verb_stands_in_the_docs(tree: Tree) -> None:
    main = importlib.import_module("homeport_server.cli").main
    complaints = undocumented(verbs(main), docs(tree), "the verb")
    assert not complaints, report(complaints)


def test_every_error_code_stands_in_the_docs(tree: Tree) -> None:
    codes = error_codes(tree)
    assert codes, "homeport_sync.errors defines no code: each error class names its own"
    complaints = undocumented(codes, docs(tree), "the error code")
    assert not complaints, report(complaints)


def test_every_setting_stands_in_the_docs(tree: Tree) -> None:
    settings = importlib.import_module("homeport_server.settings").Settings
    complaints = undocumented(setting_names(settings), docs(tree), "the setting")
    assert not complaints, report(complaints)


def test_a_target_without_help_is_found() -> None:
    makefile = "A := b\nfine: x ## says it\nbare: y\n\techo hello\nempty: ##\n"
    assert [complaint.split("'")[1] for complaint in targets_without_help(makefile)] == ["bare", "empty"]


def test_a_name_that_stands_only_inside_another_is_undocumented(plant: Plant) -> None:
    pages = docs(
        plant({"README.md": "HOMEPORT_DATA_DIR\n", "docs/a.md": "`RATE_LIMITED`", "notes.md": "HOMEPORT_DATA"})
    )
    names = ["HOMEPORT_DATA", "RATE_LIMITED"]
    assert [complaint.split()[2] for complaint in undocumented(names, pages, "the setting")] == ["HOMEPORT_DATA"]


def test_a_verb_is_named_with_its_whole_path() -> None:
    main, tenant = click.Group("main"), click.Group("tenant")
    main.add_command(tenant)
    main.add_command(click.Command("serve"))
    tenant.add_command(click.Command("create"))
    assert sorted(verbs(main)) == ["homeport serve", "homeport tenant create"]
