"""The signatures of an app's functions: whether one can be called, and what a command may be called with."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping

from homeport_sync import values
from homeport_sync.catalog import Field, Kind
from homeport_sync.source import Source
from homeport_sync.values import TEXT_LENGTH_MAX, PythonValue, value_type

ARGUMENTS_MAX = 20


def why_not_called(function: Callable[..., object], *given: str) -> str:
    """Why the function cannot be called with these, one after the other, and answer at once; "" if it can."""
    name = getattr(function, "__name__", repr(function))
    if inspect.iscoroutinefunction(function):
        return f"{name} is async; it is asked in the middle of a commit: use def"
    try:
        inspect.signature(function).bind(*given)
    except TypeError:
        told = ", ".join(given)
        return f"{name}{inspect.signature(function)} is called with {told}: write def {name}({told})"
    except ValueError:  # one of those that Python itself has and does not describe, such as max
        return ""
    return ""


def arguments_of(function: Callable[..., None], where: Source) -> Kind:
    """Every parameter after the first, as a field. Raises `BadDeclaration`."""
    name = function.__name__
    if inspect.iscoroutinefunction(function):
        raise where.wrong(f"{name} is async; a command runs in the middle of a commit: use def")
    try:
        hints = typing.get_type_hints(function)
    except Exception as error:
        raise where.wrong(f"an annotation of {name} cannot be read: {error}") from error
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if len(parameters) == len(inspect.signature(function).parameters):
        raise where.wrong(f"{name} takes nothing; a command takes its call first: def {name}(call: Call, …)")
    if len(parameters) > ARGUMENTS_MAX:
        raise where.wrong(f"{name} has {len(parameters)} arguments; a command has {ARGUMENTS_MAX} at most")
    fields: Mapping[str, Field] = {each.name: _argument(name, each, hints, where) for each in parameters}
    return Kind(name=name, fields=fields)


def _argument(command: str, parameter: inspect.Parameter, hints: Mapping[str, object], where: Source) -> Field:
    full = f"{command}'s argument {parameter.name}"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise where.wrong(f"{full} must be one that can be given by name")
    if parameter.annotation is parameter.empty:
        raise where.wrong(f"{full} has no type: write {parameter.name}: <type>, one of {values.NAMES}")
    holds = value_type(hints.get(parameter.name), TEXT_LENGTH_MAX)
    if holds is None:
        raise where.wrong(f"{full} is declared {parameter.annotation}; an argument is one of {values.NAMES}")
    if parameter.default is parameter.empty:
        return Field(name=parameter.name, type=holds, required=True)
    default: PythonValue = parameter.default
    if not holds.fits(holds.to_wire(default)):
        raise where.wrong(f"{full} has the default {default!r}; it holds {holds.expected}")
    return Field(name=parameter.name, type=holds, default=holds.to_wire(default))
