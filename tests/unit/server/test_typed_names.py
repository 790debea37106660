"""What things are called in GraphQL."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from homeport_server.edge.schema import make_schema
from homeport_server.edge.typed.names import camel, enum_names, legal, lower_first, plural, screaming, unique
from homeport_sync import App, field
from homeport_sync.catalog import Catalog
from homeport_sync.errors import BadDeclaration

NAME = re.compile(r"_?[A-Za-z][_0-9A-Za-z]*|_[0-9A-Za-z_]*")


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("title", "title"),
        ("due_at", "dueAt"),
        ("dueAt", "dueAt"),
        ("line_2", "line2"),
        ("größe", "grosse"),
        ("class_", "class"),
        ("名", "_"),
    ],
)
def test_a_field_is_called_in_camel_case(declared: str, shown: str) -> None:
    assert camel(declared) == shown


@pytest.mark.parametrize(
    ("kind", "one", "many"),
    [
        ("Task", "task", "tasks"),
        ("TaskList", "taskList", "taskLists"),
        ("URLPart", "urlPart", "urlParts"),
        ("SKU", "sku", "skus"),
        ("Category", "category", "categories"),
        ("Day", "day", "days"),
        ("Box", "box", "boxes"),
        ("Dish", "dish", "dishes"),
        ("Address", "address", "addresses"),
    ],
)
def test_a_kind_is_asked_for_in_the_singular_and_in_the_plural(kind: str, one: str, many: str) -> None:
    assert (lower_first(kind), plural(lower_first(kind))) == (one, many)


def test_an_enum_s_names_are_its_texts_where_they_can_be() -> None:
    texts = ("open", "in progress", "in_progress", "null", "", "2nd", "__x", "café")
    assert list(enum_names(texts)) == ["open", "in_progress", "in_progress_", "null_", "_", "_2nd", "_x", "cafe"]
    assert list(enum_names(texts).values()) == list(texts)


def test_what_is_added_takes_no_name_away() -> None:
    assert unique([("a", "x"), ("b", "x"), ("c", "y"), ("d", "x")], ["y"]) == {
        "a": "x",
        "b": "x_",
        "c": "y_",
        "d": "x__",
    }


@given(some.text(max_size=8))
def test_every_text_is_made_a_legal_name(text: str) -> None:
    for name in (legal(text), camel(text), *enum_names([text])):
        assert NAME.fullmatch(name), name
    assert screaming(text).upper() == screaming(text)


def catalog_of(**options: str) -> Catalog:
    app = App("clashes")

    @app.kind(root=True, **options)  # type: ignore[arg-type]  # of options that are texts
    class Notification:
        title: str

    return app.catalog


def test_a_kind_that_is_called_as_something_of_ours_is_refused_until_it_is_called_otherwise() -> None:
    with pytest.raises(
        BadDeclaration, match=r"the kind Notification and Homeport would.* type Notification in .*shown_as="
    ):
        make_schema(catalog_of())
    schema = make_schema(catalog_of(shown_as="Notice")).as_str()
    assert "type Notice implements Node" in schema
    assert "  notices(" in schema


def test_two_kinds_whose_plurals_are_the_same_are_refused_until_one_has_another() -> None:
    def catalog(plural: str = "") -> Catalog:
        app = App("clashes")

        @app.kind(root=True)
        class Car:
            name: str

        @app.kind(root=True, plural=plural)
        class Cars:
            name: str

        return app.catalog

    with pytest.raises(BadDeclaration, match="the kind Car and the kind Cars would both have the Query field cars"):
        make_schema(catalog())
    with pytest.raises(BadDeclaration, match="Query field cars"):  # the one and the many
        make_schema(catalog(plural="fleets"))


@pytest.mark.parametrize("name", ["Query", "Node", "PageInfo", "String", "Direction", "StringFilter", "TaskEdge"])
def test_no_kind_is_called_as_a_type_that_is_there(name: str) -> None:
    app = App("clashes")
    app.kind(root=True, shown_as=name)(
        type("Thing", (), {"__annotations__": {"name": str}, "name": field(indexed=True)})
    )
    app.kind(root=True)(type("Task", (), {"__annotations__": {"name": str}}))
    with pytest.raises(BadDeclaration, match=f"type {name} in"):
        make_schema(app.catalog)


@pytest.mark.parametrize("options", [{"shown_as": "a b"}, {"plural": "_x"}, {"shown_as": "größe"}])
def test_a_name_that_no_api_can_have_is_refused_where_it_is_declared(options: dict[str, str]) -> None:
    with pytest.raises(BadDeclaration, match=rf"{__file__}:\d+: {next(iter(options))}="):
        catalog_of(**options)


def test_a_field_that_is_called_as_one_of_every_record_gets_an_underscore() -> None:
    app = App("clashes")

    @app.kind(root=True)
    class Thing:
        position: int
        created_at: str
        createdAt: str  # noqa: N815  # so it is declared

    schema = make_schema(app.catalog).as_str()
    for line in (
        "position: Long!",
        "position_: Long!",
        "createdAt: DateTime!",
        "createdAt_: String!",
        "createdAt__: S",
    ):
        assert f"  {line}" in schema


def test_a_field_that_is_called_as_what_joins_filters_is_filtered_by_with_an_underscore() -> None:
    app = App("circuits")

    @app.kind(root=True)
    class Gate:
        not_: bool = field(default=False, indexed=True)

    text = make_schema(app.catalog).as_str()
    where = text[text.index("input GateWhere") :]
    fields = where[: where.index("}")]
    assert "  not: GateWhere\n" in fields
    assert "  not_: BooleanFilter\n" in fields


def test_what_the_app_tells_of_itself_stands_in_the_schema() -> None:
    app = App("told")

    @app.kind(root=True)
    class Thing:
        """What there is.

        And more of it.
        """

        name: str = field(doc="How it is called.")
        title: str = field(default="", indexed=True, deprecated="use name instead")

    schema = make_schema(app.catalog).as_str()
    assert '"""\nWhat there is.\n\nAnd more of it.\n"""\ntype Thing' in schema
    assert '  """How it is called."""\n  name: String!' in schema
    for line in ("title: String!", "title: StringFilter", "TITLE"):
        assert f'  {line} @deprecated(reason: "use name instead")' in schema
