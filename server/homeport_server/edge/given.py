"""What a request gave: GraphQL knows three ways of not giving a value, and here they are one."""

from __future__ import annotations

from typing import Any, NewType

import strawberry

from homeport_server.edge.context import Call

JSON = NewType("JSON", object)
Long = NewType("Long", int)
Info = strawberry.Info[Call, None]


def given(value: Any, otherwise: Any = None) -> Any:  # noqa: ANN401  # of an argument's own type
    """The value, or `otherwise` if it was left out, or is null."""
    return otherwise if value is strawberry.UNSET or value is None else value
