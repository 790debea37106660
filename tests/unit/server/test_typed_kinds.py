"""A record is shown whatever is in it, and its readers show what graphql-core would."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, get_named_type, is_list_type, parse
from hypothesis import given
from hypothesis import strategies as some

from homeport_server.edge.schema import make_schema
from homeport_server.edge.typed.executor import ReadingExecutor
from homeport_server.edge.typed.readers import READERS
from homeport_server.edge.typed.watch import REFETCH, Changed
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import Record, Value
from homeport_sync.clock import LAST, make_stamp
from homeport_sync.values import choice, optional, value_type
from tests.edge.gallery import app

PICTURE = app.catalog.kinds["Picture"]
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def type_of(catalog: Catalog, name: str) -> GraphQLObjectType:
    schema: GraphQLSchema = make_schema(catalog)._schema
    found = schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


TYPE = type_of(app.catalog, "Picture")


def record(**fields: Value) -> Record:
    return Record(id=ID, kind="Picture", scope=ID, stamp=make_stamp(1, 0, ID), position=5, fields=fields)


def shown(type_: GraphQLObjectType, name: str, of: Record) -> object:
    return type_.extensions[READERS][name](of)


def completed(type_: GraphQLObjectType, name: str, of: Record) -> object:
    """What graphql-core makes of what the resolver gives."""
    field = type_.fields[name]
    assert field.resolve is not None
    found = field.resolve(of, None)
    inner = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if found is None:
        assert not isinstance(field.type, GraphQLNonNull), name
        return None
    leaf: Any = get_named_type(inner)
    if is_list_type(inner):
        return [leaf.coerce_output_value(each) for each in found]
    return leaf.coerce_output_value(found)


values = (
    some.none()
    | some.booleans()
    | some.integers(-9, 9)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=3)
)
texts = some.sampled_from(["on show", "gone", "big", "2026-11-29", "2026-11-29T08:00:00.000Z", ID, "a1"])


@given(
    some.dictionaries(some.sampled_from(list(PICTURE.fields)), values | texts | some.lists(some.text("ab", max_size=2)))
)
def test_whatever_a_record_holds_its_readers_show_what_graphql_would(fields: dict[str, Value]) -> None:
    of = record(**fields)
    for name in TYPE.extensions[READERS].keys() - {"__typename"}:
        assert shown(TYPE, name, of) == completed(TYPE, name, of)


@pytest.mark.parametrize(
    ("annotation", "least"),
    [
        ("text", ""),
        ("int", 0),
        ("float", 0.0),
        ("bool", False),
        ("datetime", "1970-01-01T00:00:00.000Z"),
        ("date", "1970-01-01"),
        ("uuid", "00000000-0000-0000-0000-000000000000"),
        ("set", []),
        ("rank", "a0"),
        ("choice", "old"),
    ],
)
def test_a_required_field_that_an_old_record_lacks_shows_the_least_of_its_type(annotation: str, least: object) -> None:
    from datetime import date, datetime
    from uuid import UUID

    from homeport_sync.rank import Rank

    declared: dict[str, Any] = {
        "text": str,
        "int": int,
        "float": float,
        "bool": bool,
        "datetime": datetime,
        "date": date,
        "uuid": UUID,
        "set": set[str],
        "rank": Rank,
    }
    holds = choice(("old", "new")) if annotation == "choice" else value_type(declared[annotation])
    assert holds is not None
    later = Field(name="later", type=holds, required=True)
    maybe = Field(name="maybe", type=optional(holds), required=True)
    kind = Kind(name="Thing", fields={"later": later, "maybe": maybe})
    type_ = type_of(Catalog(app="t", version=2, kinds={"Thing": kind}), "Thing")
    assert shown(type_, "later", record()) == least
    assert shown(type_, "maybe", record()) is None


def test_an_option_that_is_declared_no_more_shows_the_default() -> None:
    assert shown(TYPE, "size", record(size="enormous")) == "small"
    assert shown(TYPE, "state", record(state="stolen")) is None


def test_times_are_those_of_the_stamps() -> None:
    of = Record(
        id=ID, kind="Picture", scope=ID, stamp=make_stamp(1_000, 7, ID), stamps={"title": make_stamp(2_500, 0, ID)}
    )
    assert shown(TYPE, "createdAt", of) == "1970-01-01T00:00:01.000Z"
    assert shown(TYPE, "updatedAt", of) == "1970-01-01T00:00:02.500Z"
    far = Record(id=ID, kind="Picture", scope=ID, stamp=LAST)
    assert shown(TYPE, "createdAt", far) == "9999-12-31T23:59:59.999Z"


async def test_an_event_of_a_subscription_remembers_nothing_of_those_before_it() -> None:
    document = parse("subscription { pictureChanged { operation record { title } } }")
    executor = ReadingExecutor.build(make_schema(app.catalog)._schema, document)
    assert isinstance(executor, ReadingExecutor)
    for _ in range(2):
        event = executor.build_per_event_executor(Changed(operation=REFETCH))
        assert (event._plans, event._relevant_sub_fields) == ({}, {})
        told = event.execute_operation(False)
        assert isinstance(told, Awaitable)
        result: Any = await told
        assert result.data == {"pictureChanged": {"operation": "REFETCH", "record": None}}
        assert event._plans
        assert event._relevant_sub_fields
