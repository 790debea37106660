"""What mutations and their inputs are called, and what of them must be given."""

from __future__ import annotations

from typing import Literal

from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from homeport_server.edge.schema import make_schema
from homeport_sync import App, Call, field

app = App("names")


@app.kind(root=True)
class Shelf:
    name: str = ""


@app.kind(within=Shelf)
class Outcome:
    """Something."""

    idempotency_key: str = ""
    scope_id: str = ""
    payload: Literal["a", "b"] = "a"
    must: str = field(max_length=9)
    may: str | None = field(max_length=9)
    old: str = field(default="", deprecated="use may")


@app.command(scope=Shelf)
def create_outcome(call: Call, scope_name: str, how: Literal["x", "y"] = "x") -> None:
    """Makes one."""


@app.command(scope=Shelf)
def subscribe(call: Call) -> None:
    pass


def schema() -> GraphQLSchema:
    return make_schema(app.catalog)._schema


def fields_of(name: str) -> dict[str, str]:
    """The fields of an input or a type, each with its type."""
    made = schema().type_map[name]
    assert isinstance(made, GraphQLInputObjectType | GraphQLObjectType)
    return {each: str(field.type) for each, field in made.fields.items()}


def test_a_command_takes_no_name_that_is_taken() -> None:
    mutation = schema().mutation_type
    assert mutation is not None
    assert str(mutation.fields["createOutcome"].type) == "CreateOutcomePayload!"
    assert str(mutation.fields["createOutcome_"].args["input"].type) == "CreateOutcomeInput_!"
    assert mutation.fields["createOutcome_"].description == "Makes one."
    assert str(mutation.fields["subscribe_"].type) == "SubscribePayload!"
    assert str(mutation.fields["subscribe"].type) == "Boolean!"


def test_a_field_that_is_called_as_an_inputs_own_is_called_otherwise_there() -> None:
    made = fields_of("CreateOutcomeInput")
    assert {"scope", "id", "idempotencyKey_", "scopeId_", "idempotencyKey"} <= made.keys()
    assert {"outcome_", "outcome", "errors", "nodeId"} == fields_of("CreateOutcomePayload").keys()


def test_of_a_new_record_must_be_given_what_has_no_default_and_cannot_be_null() -> None:
    made, changed = fields_of("CreateOutcomeInput"), fields_of("UpdateOutcomeInput")
    assert (made["must"], made["may"], made["payload"]) == ("String!", "String", "OutcomePayload")
    assert (changed["must"], changed["id"], changed["expectedPosition"]) == ("String", "ID!", "Long")
    assert "scope" not in fields_of("CreateShelfInput")
    call = fields_of("CreateOutcomeInput_")
    assert (call["scope"], call["scopeName"], call["how"]) == ("ID!", "String!", "CreateOutcomeHow")


def test_a_deprecated_field_is_deprecated_where_it_is_written() -> None:
    made = schema().type_map["UpdateOutcomeInput"]
    assert isinstance(made, GraphQLInputObjectType)
    assert made.fields["old"].deprecation_reason == "use may"


def test_nothing_but_a_record_has_its_id_or_relay_would_keep_both_as_one() -> None:
    with_id = {
        name
        for name, type_ in schema().type_map.items()
        if isinstance(type_, GraphQLObjectType) and "id" in type_.fields and not type_.interfaces
    }
    rxdb_has_its_own = {f"{kind}Document" for kind in app.catalog.kinds}
    assert with_id == {"Notification", *rxdb_has_its_own}


def test_a_root_and_a_member_do_not_move_and_a_member_is_not_deleted() -> None:
    mutation = schema().mutation_type
    assert mutation is not None
    assert {"moveShelf", "moveMember", "deleteMember", "restoreMember"}.isdisjoint(mutation.fields)
    assert all(isinstance(each.type, GraphQLNonNull) for each in mutation.fields.values())
