"""docs/graphql.md: its operations are valid in the schema of the example app, and its numbers are those of the code."""

from __future__ import annotations

import re

from graphql import parse, validate

from homeport_server.edge.schema import make_schema
from homeport_server.edge.typed.connections import PAGE, PAGE_MAX
from homeport_server.edge.typed.watch import WAITING_MAX
from homeport_sync import load_app
from homeport_sync.draft import KEY_CHARS_MAX
from tests.house.tree import ROOT

PAGE_TEXT = (ROOT / "docs" / "graphql.md").read_text(encoding="utf-8")


def test_every_operation_of_the_page_is_valid_in_the_example_s_schema() -> None:
    schema = make_schema(load_app(ROOT / "examples" / "tasks" / "app.py").catalog)._schema
    operations = re.findall(r"^```graphql\n(.*?)^```", PAGE_TEXT, re.MULTILINE | re.DOTALL)
    assert len(operations) == 5
    for each in operations:
        assert validate(schema, parse(each)) == []


def test_the_page_s_numbers_are_those_of_the_code() -> None:
    assert f"{PAGE} unless said, {PAGE_MAX} at most" in PAGE_TEXT
    assert f"more than {WAITING_MAX} records" in PAGE_TEXT
    assert f"(1 to {KEY_CHARS_MAX} characters)" in PAGE_TEXT
