"""The signature of a command: arguments are declared as fields are, and what cannot be given is refused at start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from homeport_sync import Call
from homeport_sync.errors import BadDeclaration
from homeport_sync.signature import ARGUMENTS_MAX, arguments_of
from homeport_sync.source import Source


def move(call: Call, task: UUID, *, to: date | None = None, places: int = 1) -> None: ...


async def waits(call: Call) -> None: ...


def unknown(call: Call, task: Nothing) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # that is the point


def bare() -> None: ...


def gathers(call: Call, *tasks: UUID) -> None: ...


def listens(call: Call, **more: int) -> None: ...


def untyped(call: Call, task) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001  # that is the point


def holds_bytes(call: Call, picture: bytes) -> None: ...


def starts_wrong(call: Call, count: int = "one") -> None: ...  # type: ignore[assignment]  # that is the point


def with_arguments(count: int) -> Callable[..., None]:
    """A function of a call and so many arguments."""
    made: dict[str, Callable[..., None]] = {}
    parameters = ", ".join(f"a{place}: int" for place in range(count))
    exec(f"def many(call, {parameters}) -> None: ...", made)  # noqa: S102  # nobody writes so many by hand
    return made["many"]


BAD: dict[str, tuple[Callable[..., object], str]] = {
    "one that waits": (waits, "waits is async; a command runs in the middle of a commit: use def"),
    "a type that is not there": (unknown, "an annotation of unknown cannot be read"),
    "no call": (bare, "bare takes nothing; a command takes its call first: def bare(call: Call, …)"),
    "too many arguments": (with_arguments(ARGUMENTS_MAX + 1), "many has 21 arguments; a command has 20 at most"),
    "any number of them": (gathers, "gathers's argument tasks must be one that can be given by name"),
    "any names": (listens, "listens's argument more must be one that can be given by name"),
    "an argument without a type": (untyped, "untyped's argument task has no type: write task: <type>, one of str"),
    "a type that travels nowhere": (holds_bytes, "holds_bytes's argument picture is declared bytes"),
    "a default of another type": (
        starts_wrong,
        "starts_wrong's argument count has the default 'one'; it holds a whole",
    ),
}


def arguments(function: Callable[..., object]) -> object:
    return arguments_of(function, Source.of_function(function))  # type: ignore[arg-type]  # some are wrong on purpose


def test_every_parameter_after_the_call_is_an_argument_with_its_type_and_default() -> None:
    found = arguments_of(move, Source.of_function(move))
    assert found.name == "move"
    assert [(each.name, each.required, each.default) for each in found.fields.values()] == [
        ("task", True, None),
        ("to", False, None),
        ("places", False, 1),
    ]
    assert found.fields["to"].type.fits("2026-12-01")


def test_as_many_arguments_as_a_command_may_have_are_taken() -> None:
    assert len(arguments_of(with_arguments(ARGUMENTS_MAX), Source("app.py", 1)).fields) == ARGUMENTS_MAX


@pytest.mark.parametrize("name", BAD)
def test_a_function_that_cannot_be_called_by_name_is_refused_with_its_line(name: str) -> None:
    function, says = BAD[name]
    with pytest.raises(BadDeclaration) as refused:
        arguments(function)
    assert says in refused.value.message
    assert refused.value.values["line"] == function.__code__.co_firstlineno
