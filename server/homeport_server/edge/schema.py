"""The GraphQL schema: three operations, whose messages travel as JSON scalars (see PROTOCOL.md), what is about
notifications (`notify_schema.py`), and what is made from an app's declaration (`typed/`).

Resolvers hand over to `push.py`, `pull.py` and `poke.py`, and so do the precompiled operations; nothing is decided
here. GraphQL's Int has 32 bits, so numbers and times are `Long`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import msgspec
import strawberry
from graphql import GraphQLError, lexicographic_sort_schema, print_schema, validate_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext
from strawberry.types.scalar import ScalarDefinition

from homeport_server.edge import poke, pull, push
from homeport_server.edge.context import Call
from homeport_server.edge.errors import settle
from homeport_server.edge.given import JSON, Info, Long, given
from homeport_server.edge.guarded import GuardedSchema
from homeport_server.edge.limits import NO_SETTINGS, GraphqlLimits
from homeport_server.edge.notify_schema import NotifyMutation, NotifyQuery
from homeport_server.edge.persisted import NONE_TRUSTED, Trusted
from homeport_server.edge.rxdb.stream import Streams
from homeport_server.edge.typed.executor import ReadingExecutor
from homeport_server.edge.typed.schema import typed_schema
from homeport_sync import wire
from homeport_sync.catalog import Catalog
from homeport_sync.choice import Choice
from homeport_sync.errors import BadDeclaration, Malformed
from homeport_sync.receipts import Receipt

LONG_MAX = 2**63 - 1


def read_long(value: object) -> int:
    """A 64-bit integer of GraphQL input. Raises `GraphQLError`."""
    if isinstance(value, int) and not isinstance(value, bool) and -LONG_MAX - 1 <= value <= LONG_MAX:
        return value
    raise GraphQLError(f"Long holds a whole number of 64 bits, not {str(value)[:40]!r}")


def _as_is(value: object) -> object:
    return value


SCALARS: Mapping[object, ScalarDefinition] = {
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value; what stands in it is described in PROTOCOL.md.",
        serialize=_as_is,
        parse_value=_as_is,
    ),
    Long: strawberry.scalar(
        name="Long",
        description="A whole number. What is written has at most 53 bits; what counters come to, up to 64.",
        serialize=_as_is,
        parse_value=read_long,
    ),
}


@strawberry.input(description="Which of its scopes a device takes.")
class ChoiceInput:
    scopes: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="The roots of those it takes; none: all."
    )
    leave_out: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="The roots of those it does not take."
    )


@strawberry.input(description="From where to pull, and how much.")
class PullInput:
    cursor: str | None = strawberry.field(
        default=strawberry.UNSET, description="The place after which to go on; none: from the start."
    )
    limit: int | None = strawberry.field(default=strawberry.UNSET, description="How many records at most.")
    choice: ChoiceInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of which scopes; none: of all."
    )


async def _pull(
    info: Info,
    *,
    device: strawberry.ID,
    cursor: str | None = strawberry.UNSET,
    limit: int | None = strawberry.UNSET,
    choice: ChoiceInput | None = strawberry.UNSET,
) -> JSON:
    message = wire.PullMessage(device=device, cursor=given(cursor), limit=given(limit), choice=_chosen(choice))
    return _ready(await pull.pull(info.context, message))


async def _push(
    info: Info,
    *,
    device: strawberry.ID,
    changes: JSON,
    confirmed: Long | None = strawberry.UNSET,
    clock_ms: Long | None = strawberry.UNSET,
    pull: PullInput | None = strawberry.UNSET,
    receipts: JSON | None = strawberry.UNSET,
) -> JSON:
    asked = given(pull)
    message = wire.PushMessage(
        device=device,
        changes=_raw(changes),
        confirmed=given(confirmed),
        clock_ms=given(clock_ms),
        pull=asked
        and wire.PullInput(cursor=given(asked.cursor), limit=given(asked.limit), choice=_chosen(asked.choice)),
        receipts=_receipts(given(receipts)),
    )
    return _ready(await push.push(info.context, message))


async def _poke(info: Info, *, device: strawberry.ID | None = strawberry.UNSET) -> AsyncIterator[bool]:
    async for poked in poke.stream(info.context, given(device)):
        yield poked


@strawberry.type
class Query(NotifyQuery):
    pull: JSON = strawberry.field(resolver=_pull, description="What the device has not seen yet, as a Page.")


@strawberry.type
class Mutation(NotifyMutation):
    push: JSON = strawberry.field(
        resolver=_push, description="Takes a device's changes in, exactly once, and answers with a PushAnswer."
    )


@strawberry.type
class Subscription:
    poke: bool = strawberry.subscription(  # type: ignore[assignment]  # Strawberry reads the resolver's type
        resolver=_poke,
        description="true, at once and whenever there is more to pull than what the device changed itself; without a "
        "device, at every change. It carries no data.",
    )


def _chosen(choice: ChoiceInput | None) -> Choice | None:
    chosen = given(choice)
    if chosen is None:
        return None
    scopes, left_out = given(chosen.scopes), given(chosen.leave_out)
    return Choice(scopes=None if scopes is None else tuple(scopes), leave_out=tuple(left_out or ()))


def _raw(changes: object) -> list[msgspec.Raw]:
    """The changes as the texts they came as. Raises `Malformed` unless they are an array that can be written again."""
    if not isinstance(changes, list):
        raise Malformed("changes is not an array: send one, of changes as PROTOCOL.md describes them.")
    try:
        return [msgspec.Raw(msgspec.json.encode(change)) for change in changes]
    except RecursionError:
        raise Malformed("A change is nested too deeply: send each as PROTOCOL.md describes it.") from None


def _receipts(told: object) -> list[Receipt]:
    """The receipts. Raises `Malformed` unless they are an array of them, or nothing."""
    try:
        return [] if told is None else msgspec.convert(told, list[Receipt])
    except msgspec.ValidationError as wrong:
        raise Malformed(f"receipts do not have their shape: {wrong}. See Receipt in PROTOCOL.md.") from None


def _ready(text: bytes) -> JSON:
    return JSON(msgspec.Raw(text))


class HomeportSchema(GuardedSchema):
    """Strawberry's schema, with our errors in place of its tracebacks."""

    def join(self, catalog: Catalog, *, rxdb: bool) -> None:
        """Add what is made from the app's kinds. Raises `BadDeclaration`, once and before anything is answered."""
        self._schema = typed_schema(catalog, self._schema, rxdb=rxdb)
        self._schema._strawberry_schema = self  # type: ignore[attr-defined]  # noqa: SLF001  # as Strawberry sets it
        if wrong := validate_schema(self._schema):
            raise BadDeclaration(f"{wrong[0].message}: give what it is about another name.")

    def as_str(self) -> str:
        """The schema's text, sorted, so that it changes where the schema does."""
        return print_schema(lexicographic_sort_schema(self._schema))

    def streams(self) -> Streams:
        """What knows the subscriptions that only say that there is more."""
        return Streams(self._schema, self.documents)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Gives every error its public form before anything sends it."""
        if execution_context is not None:
            call: Call = execution_context.context
            settle(errors, call.request_id, call.rooms.troubles)


def make_schema(
    catalog: Catalog, limits: GraphqlLimits = NO_SETTINGS, trusted: Trusted = NONE_TRUSTED, *, rxdb: bool = True
) -> HomeportSchema:
    """The schema of an app, with its own memory of documents; `rxdb`: and with what RxDB asks for.

    Raises `BadDeclaration` where a name is taken.
    """
    schema = HomeportSchema(
        Query,
        Mutation,
        Subscription,
        execution_context_class=ReadingExecutor,
        config=StrawberryConfig(scalar_map=dict(SCALARS)),
    )
    schema.join(catalog, rxdb=rxdb)
    schema.guard(limits, trusted)
    return schema
