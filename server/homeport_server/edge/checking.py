"""Checking a document: scanned, parsed, measured and validated, in this order, so that the cheapest no comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    TypeNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import MaxIntrospectionDepthRule, ValidationContext
from graphql.validation.validate import ValidationAbortedError

from homeport_server.edge.known_documents import Debts, KnownDocuments
from homeport_server.edge.limits import INVALID_TOLD_MAX, OVERLAPS_MAX, VALUE_DEPTH_MAX, VALUES_MAX, GraphqlLimits
from homeport_server.edge.measure import Measured, measure
from homeport_server.edge.scan import scan
from homeport_server.errors import IntrospectionOff, QueryTooCostly
from homeport_server.tokens import Caller
from homeport_sync.errors import TooLarge

_ANY_JSON: Final = "JSON"  # values of this scalar are read by whoever gets them, as far as they need


class DocumentInvalid(Exception):
    """The document does not fit: GraphQL's own errors say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = list(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A document that may run. `typed` are the variables of each operation whose values GraphQL reads one by one."""

    document: DocumentNode
    tokens: int
    measured: Measured
    typed: Mapping[str, Sequence[str]]

    def cost(self, operation: str | None, variables: Mapping[str, object], limits: GraphqlLimits) -> int:
        """The cost of an operation (None: the only one). Raises `QueryTooCostly`, `PageTooLarge` or `TooLarge`."""
        name = operation if operation is not None else next(iter(self.measured.operations), "")
        if variables:
            _check_values([variables.get(each) for each in self.typed.get(name, ())])
        weight = self.measured.operations.get(name)
        cost = weight.cost(variables, limits.page_max) if weight else 0
        if cost > limits.cost_max:
            raise QueryTooCostly(
                f"The operation may cost {cost:,}; {limits.cost_max:,} at most: ask for fewer fields or shorter pages.",
                cost=cost,
                limit=limits.cost_max,
            )
        return cost


class Documents:
    """The documents of one schema, each checked once as long as there is room to remember it."""

    def __init__(self, schema: GraphQLSchema, limits: GraphqlLimits, now_s: Callable[[], float] = monotonic) -> None:
        self.limits = limits
        self._schema = schema
        self._known: KnownDocuments[Checked] = KnownDocuments()
        self._debts = Debts(limits.checking_ms_a_s, now_s)

    def read(self, text: str, caller: Caller) -> Checked:
        """Raises `DocumentInvalid`, what `check` raises, and `TooManyNewDocuments`."""
        known = self._known.get(text)
        if known is None:
            who = (caller.tenant, caller.user)
            self._debts.check(who)
            began = perf_counter()
            try:
                known = self.check(text)
            finally:
                self._debts.add(who, (perf_counter() - began) * 1_000)
            self._known.keep(text, known, caller.tenant)
        return known

    def check(self, text: str) -> Checked:
        """Raises `DocumentInvalid`, `QueryTooLong`, `QueryTooDeep`, `TooManyAliases`, `QueryTooCostly` or
        `IntrospectionOff`."""
        tokens = scan(text, self.limits)
        try:
            document = parse(text)
        except GraphQLError as wrong:
            raise DocumentInvalid([wrong]) from None
        measured = measure(self._schema, document, tokens, self.limits)
        if measured.introspects and not self.limits.introspection:
            raise IntrospectionOff
        self._validate(document)
        return Checked(document=document, tokens=tokens, measured=measured, typed=_typed(document))

    def _validate(self, document: DocumentNode) -> None:
        """Compares fields with each other last, and only if nothing else is wrong: it costs more than all the rest."""
        hide = not self.limits.introspection  # or "did you mean" would tell the schema word by word
        for rules in (_RULES, _LAST_RULES):
            errors = validate(self._schema, document, rules, INVALID_TOLD_MAX, hide)
            told = [each for each in errors if not isinstance(each, ValidationAbortedError)]
            if told:
                raise DocumentInvalid(told)
            if errors:
                raise QueryTooCostly("The document takes too long to check: let fewer fields have the same name.")


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    """The rule that compares fields of one name with each other, within our budget."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = OVERLAPS_MAX


_RULES: Final = [
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    MaxIntrospectionDepthRule,
]
_LAST_RULES: Final = [_Overlaps]


def _typed(document: DocumentNode) -> Mapping[str, Sequence[str]]:
    return {
        operation.name.value if operation.name else "": [
            each.variable.name.value for each in operation.variable_definitions or () if _named(each.type) != _ANY_JSON
        ]
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
    }


def _named(type_: TypeNode) -> str:
    while isinstance(type_, ListTypeNode | NonNullTypeNode):
        type_ = type_.type
    return type_.name.value if isinstance(type_, NamedTypeNode) else ""


def _check_values(values: Sequence[object]) -> None:
    """Raises `TooLarge` for more than GraphQL can read soon, one level after the other so that depth costs nothing."""
    count, depth, level = 0, 0, list(values)
    while level:
        count, depth = count + len(level), depth + 1
        if count > VALUES_MAX or depth > VALUE_DEPTH_MAX:
            raise TooLarge(
                f"The variables hold over {VALUES_MAX:,} values or are nested over {VALUE_DEPTH_MAX} deep: send less.",
                limit=VALUES_MAX,
            )
        level = [inner for each in level for inner in _inner(each)]


def _inner(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()
