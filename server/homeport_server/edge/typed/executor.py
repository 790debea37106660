"""How operations are executed: as graphql-core does, but for the plain fields of what has readers.

A page of a hundred records with ten fields is a thousand values; one by one, each with its path, its resolver's info
and its completion, they cost 8 ms. A reader gives the value as it goes out and never fails, so that they need none of
it: 0.3 ms. What has no reader (related records, connections) goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, cast

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from homeport_server.edge.typed.readers import READERS, Reader

_Plan = tuple[Sequence[tuple[str, Reader | None]], GroupedFieldSet]


class ReadingExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, with readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as graphql-core calls it
        super().__init__(*args, **kwargs)
        self._plans: dict[int, tuple[GroupedFieldSet, _Plan]] = {}

    def build_per_event_executor(self, payload: object) -> ReadingExecutor:
        """One for an event of a subscription. What an execution remembers would be kept for as long as that lives."""
        executor = cast(ReadingExecutor, super().build_per_event_executor(payload))
        executor._plans, executor._relevant_sub_fields = {}, {}  # noqa: SLF001  # it is one of us
        return executor

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,  # noqa: ANN401
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Read what has readers, and resolve the rest."""
        readers: Mapping[str, Reader] | None = parent_type.extensions.get(READERS)
        if readers is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        read, rest = self._plan(readers, grouped_field_set)
        found = {name: reader(source_value) if reader else None for name, reader in read}
        if not rest:
            return found
        resolved = super().execute_fields(parent_type, source_value, path, rest, position_context)
        if self.is_awaitable(resolved):
            return _joined(found, cast(Awaitable[dict[str, Any]], resolved))
        found.update(cast(dict[str, Any], resolved))
        return found

    def _plan(self, readers: Mapping[str, Reader], fields: GroupedFieldSet) -> _Plan:
        """What of the fields is read, in their order, and the rest; the same for each record of a list."""
        known = self._plans.get(id(fields))
        if known is None:
            by_name = {name: readers.get(of[0].node.name.value) for name, of in fields.items()}
            rest = {name: of for name, of in fields.items() if by_name[name] is None}
            known = self._plans[id(fields)] = fields, (tuple(by_name.items()), rest)  # kept, so that the id stays its
        return known[1]


async def _joined(found: dict[str, Any], resolving: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    found.update(await resolving)
    return found
