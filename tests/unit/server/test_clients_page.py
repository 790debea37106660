"""docs/clients.md, as far as it can be held without a client: its operations fit the schema, its settings are read.

What runs in node and in Python is run in tests/clients.
"""

import json
import re

import pytest
from graphql import GraphQLScalarType, build_schema, is_specified_scalar_type, parse, validate

from homeport_server.app import GRAPHQL_PATH
from tests.clients.page import ROOT, SHOWN_URL, blocks

SCHEMA = build_schema((ROOT / "examples/tasks/schema.graphql").read_text(encoding="utf-8"))
SCALARS = {
    name
    for name, type_ in SCHEMA.type_map.items()
    if isinstance(type_, GraphQLScalarType)
    and not is_specified_scalar_type(type_)
    and not re.fullmatch(r"RxdbValue|\w+InputHeaders", name)  # what RxDB alone asks by
}
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
OPERATIONS = [blocks()["operations.graphql"], *re.findall(r'gql\("(.+?)"\)', PAGE)]


@pytest.mark.parametrize("document", OPERATIONS)
def test_every_operation_that_is_shown_fits_the_examples_schema(document: str) -> None:
    assert validate(SCHEMA, parse(document)) == []


def test_the_page_shows_a_query_a_mutation_and_a_subscription() -> None:
    assert {each.operation.value for each in parse(OPERATIONS[0]).definitions} == {  # type: ignore[attr-defined]
        "query",
        "mutation",
        "subscription",
    }
    assert len(OPERATIONS) == 3


def test_the_settings_of_typescripts_generator_name_every_scalar_of_ours() -> None:
    (made,) = json.loads(blocks()["codegen.json"])["generates"].values()
    assert made["config"]["scalars"].keys() == SCALARS


def test_the_settings_of_apollo_ios_have_the_shape_that_its_generator_reads() -> None:
    settings = json.loads(blocks()["apollo-codegen-config.json"])
    assert settings.keys() == {"schemaNamespace", "input", "output"}
    assert settings["input"] == {"schemaSearchPaths": ["schema.graphqls"], "operationSearchPaths": ["**/*.graphql"]}
    output = settings["output"]
    assert output.keys() == {"schemaTypes", "operations", "testMocks"}
    # Each of these is one case of a Swift enum, written as an object with the case's name.
    assert list(output["schemaTypes"]["moduleType"].items()) == [("swiftPackage", {})]
    assert (output["operations"], output["testMocks"]) == ({"inSchemaModule": {}}, {"none": {}})


def test_the_settings_of_apollo_kotlin_map_scalars_that_are_there_and_every_bracket_is_closed() -> None:
    gradle = blocks()["build.gradle.kts"]
    mapped = re.findall(r'mapScalarToKotlin(?:Long|String)\("(\w+)"\)', gradle)
    assert set(mapped) == SCALARS - {"JSON"}  # of which Apollo Kotlin makes an Any by itself
    assert mapped


@pytest.mark.parametrize("name", sorted(blocks().keys() - {"operations.graphql"}))
def test_brackets_are_closed_as_they_were_opened(name: str) -> None:
    opened: list[str] = []
    for each in re.sub(r'"(?:[^"\\]|\\.)*"', '""', blocks()[name]):
        if each in "([{":
            opened.append({"(": ")", "[": "]", "{": "}"}[each])
        elif each in ")]}":
            assert opened.pop() == each
    assert not opened


@pytest.mark.parametrize("name", ["urql.mjs", "apollo.mjs", "relay.mjs", "Client.swift", "Client.kt", "client.py"])
def test_every_client_is_shown_the_path_that_is_served_and_a_token_for_both_ways(name: str) -> None:
    block = blocks()[name]
    assert SHOWN_URL.endswith(GRAPHQL_PATH)
    assert SHOWN_URL in block
    assert "wss://" not in block or SHOWN_URL.replace("https", "wss") in block
    # Over HTTP and in the payload of connection_init.
    assert len(re.findall(r"\b(?:authorization|authorized)\b(?! =)", block)) >= 2
