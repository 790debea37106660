"""Every door is documented: a Makefile target by a help line; verbs, settings, metrics, log events and error codes in
the docs."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import PurePosixPath

import click

from tests.house.conftest import Plant
from tests.house.tree import SOURCE_ROOTS, Tree, report

TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)(.*)$", re.MULTILINE)

EVENT = re.compile(r"""(?:\b_?log\.(?:debug|info|warning|error)|\._complain)\(\s*"([^"]+)\"""")
METRIC = re.compile(r"homeport_[a-z_]+")
METRIC_ROW = re.compile(r"^\| `(homeport_[a-z_]+)` \| (\w+) \|", re.MULTILINE)


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
    asked = click.Context(command)
    for name in command.list_commands(asked):
        child = command.get_command(asked, name)
        if child is not None and not child.hidden:
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


def metric_types() -> dict[str, str]:
    """The type of each metric by its name, as a scraper sees it."""
    families = importlib.import_module("homeport_server.observe.metrics").Metrics().registry.collect()
    return {f"{each.name}_total" if each.type == "counter" else each.name: each.type for each in families}


def metrics_astray(types: Mapping[str, str], page: str) -> list[str]:
    """Where the table of metrics and the metrics themselves differ, in either direction."""
    table = dict(METRIC_ROW.findall(page))
    wrong = [name for name in types if table.get(name, types[name]) != types[name]]
    return [
        *(f"the metric {name} has no row in docs/metrics.md." for name in sorted(types.keys() - table.keys())),
        *(f"docs/metrics.md has a row for {name}, which is no metric." for name in sorted(table.keys() - types.keys())),
        *(f"docs/metrics.md calls {name} a {table[name]}, and it is a {types[name]}." for name in wrong),
        *(
            f"docs/metrics.md speaks of {name}, which is no metric."
            for name in sorted(set(METRIC.findall(page)) - table.keys())
            if name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") not in types
        ),
    ]


def events(tree: Tree) -> set[str]:
    """What the server's log lines are called, wherever their name stands beside the call."""
    texts = (tree.text(path) for path in tree.package("homeport_server").values())
    return {event for text in texts for event in EVENT.findall(text)}


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


def test_every_metric_has_its_row_and_every_row_its_metric(tree: Tree) -> None:
    complaints = metrics_astray(metric_types(), tree.text("docs/metrics.md"))
    assert not complaints, report(complaints)


def test_every_event_of_the_log_stands_in_its_page(tree: Tree) -> None:
    page = tree.text("docs/metrics.md")
    complaints = [
        f"the event {event!r} has no row in docs/metrics.md."
        for event in sorted(events(tree))
        if f"`{event}`" not in page
    ]
    assert "push" in events(tree)
    assert not complaints, report(complaints)


def test_an_event_is_found_on_the_line_of_its_call_and_on_the_next(plant: Plant) -> None:
    code = (
        'self._log.info("one", x=1)\nrooms.log.error(\n    "two",\n)\nself._complain("three", error)\nlog.info(name)\n'
    )
    assert events(plant({"server/homeport_server/a.py": code})) == {"one", "two", "three"}


def test_a_metric_without_a_row_a_row_without_a_metric_and_a_wrong_type_are_found() -> None:
    types = {"homeport_a_total": "counter", "homeport_b": "gauge", "homeport_c_seconds": "histogram"}
    page = (
        "alert on `rate(homeport_c_seconds_bucket[5m])` and `homeport_x_total`\n"
        "| `homeport_b` | counter | |\n| `homeport_c_seconds` | histogram | |\n| `homeport_d` | gauge | |\n"
    )
    found = [re.findall(r"homeport_\w+", complaint)[0] for complaint in metrics_astray(types, page)]
    assert found == ["homeport_a_total", "homeport_d", "homeport_b", "homeport_x_total"]


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
