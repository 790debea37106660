"""Strawberry's schema with a guard before it: documents are checked as ours are, and operations may not run for ever.

Strawberry would parse, validate and only then ask its extensions, and what it reads twice it checks twice. So this
takes the place of its step between a request and the executor, for HTTP and sockets alike.
"""

from __future__ import annotations

import asyncio
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from homeport_server.edge.checking import DocumentInvalid, Documents
from homeport_server.edge.context import BESIDE, Call
from homeport_server.edge.limits import GraphqlLimits
from homeport_server.edge.persisted import Persisted, Trusted
from homeport_server.errors import GraphqlInvalid, QueryTooSlow, WriteTooSlow
from homeport_sync.errors import HomeportError

ASKED_FOR_COST = "cost"


class Ended(ExecutionResult):
    """What an operation that took too long is answered with: it ran, and nobody knows how far."""


def without_trace(refused: HomeportError) -> GraphQLError:
    """The error as GraphQL's. Its traceback would keep all that the request brought, a megabyte maybe, until the
    garbage collector comes by."""
    refused.__traceback__ = None
    return GraphQLError(refused.message, original_error=refused)


class GuardedSchema(strawberry.Schema):
    """A schema whose documents are found by `persisted` and checked by `documents`, which `guard` sets before anything
    is asked."""

    documents: Documents
    persisted: Persisted

    def guard(self, limits: GraphqlLimits, trusted: Trusted) -> None:
        """From here on, as the schema is now."""
        self.documents = Documents(self._schema, limits)
        self.persisted = Persisted(trusted, limits.length_max)

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """Strawberry's step, with our checks in place of its own."""
        del extensions_runner
        if not context.query:
            raise MissingQueryError
        try:
            self._admit(context, context.query)
        except DocumentInvalid as wrong:
            self._count(context, GraphqlInvalid.code)
            context.pre_execution_errors = [each.with_traceback(None) for each in wrong.errors]
        except HomeportError as refused:
            self._count(context, refused.code)
            context.pre_execution_errors = [without_trace(refused)]
        else:
            return None
        return PreExecutionError(data=None, errors=context.pre_execution_errors)

    @staticmethod
    def _count(context: ExecutionContext, code: str) -> None:
        call: Call = context.context
        call.rooms.metrics.refused(code)

    def _admit(self, context: ExecutionContext, query: str) -> None:
        call: Call = context.context
        checked = self.documents.read(query, call.caller)
        context.graphql_document = checked.document
        context.pre_execution_errors = []
        named = context._provided_operation_name  # noqa: SLF001  # its own name for it falls back on the first
        if named is None and (several := len(checked.measured.operations)) > 1:
            raise GraphqlInvalid(f"The document has {several} operations: name the one to run as operationName.")
        try:
            operation_type = context.operation_type
        except RuntimeError as unknown:
            raise CannotGetOperationTypeError(context.operation_name) from unknown
        if operation_type not in context.allowed_operations:
            raise InvalidOperationTypeError(operation_type)
        limits = self.documents.limits
        cost = checked.cost(context.operation_name, context.variables or {}, limits)
        if limits.cost_shown or (context.operation_extensions or {}).get(ASKED_FOR_COST) is True:
            context.extensions_results[ASKED_FOR_COST] = {"cost": cost, "limit": limits.cost_max}

    async def _execute_operation(self, execution_context: ExecutionContext, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Strawberry's step, cut off in the end. What was written is written: I2 says what became of it."""
        BESIDE.set(execution_context.extensions_results)
        try:
            async with asyncio.timeout(self.documents.limits.run_s) as running:
                return await super()._execute_operation(execution_context, *args, **kwargs)
        except TimeoutError:
            if not running.expired():
                raise
            writes = execution_context.operation_type is OperationType.MUTATION
            told = (WriteTooSlow if writes else QueryTooSlow)()
            errors = [GraphQLError(told.message, original_error=told)]
            self.process_errors(errors, execution_context)
            return Ended(data=None, errors=errors)
