"""Reads off a document's operations what they weigh, before anything validates them: how deep they are, and how much.

Fragments are followed as the executor will follow them, so ten lines that stand for a million fields are found out; the
walk ends at a fixed number of steps. Where a document does not fit the schema it is measured as far as it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from homeport_server.edge.limits import LIST_LENGTH_ASSUMED, SAME_NAME_MAX, VISITS_A_TOKEN_MAX, GraphqlLimits
from homeport_server.edge.weight import IDS_ARGUMENT, PAGE_ARGUMENTS, Length, Weight
from homeport_server.errors import QueryTooCostly, too_deep

_Asked: TypeAlias = tuple[GraphQLNamedType | None, FieldNode]
_Within: TypeAlias = tuple[GraphQLNamedType | None, SelectionSetNode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a document's operations weigh, by their names ("" for one without), and whether it asks about the schema."""

    operations: Mapping[str, Weight]
    introspects: bool


def measure(schema: GraphQLSchema, document: DocumentNode, tokens: int, limits: GraphqlLimits) -> Measured:
    """Measure all its operations. Raises `QueryTooDeep` or `QueryTooCostly`."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    walk = _Walk(schema, fragments, visits_max=VISITS_A_TOKEN_MAX * tokens, depth_max=limits.depth_max)
    weights = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            weights[each.name.value if each.name else ""] = walk.operation(each)
    return Measured(operations=weights, introspects=walk.introspects)


class _Walk:
    """Through one document, and not for ever."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, visits_max: int, depth_max: int
    ) -> None:
        self.introspects = False
        self._schema = schema
        self._fragments = fragments
        self._visits_left = visits_max
        self._depth_max = depth_max
        self._defaults: Mapping[str, int | None] = {}

    def operation(self, operation: OperationDefinitionNode) -> Weight:
        """The weight of an operation."""
        self._defaults = {
            each.variable.name.value: _literal(each.default_value) for each in operation.variable_definitions or ()
        }
        return self._inside([(self._schema.get_root_type(operation.operation), operation.selection_set)], 1, None)

    def _inside(self, within: Iterable[_Within], depth: int, page: Length | None) -> Weight:
        """What stands in these selections together, where the lists of what takes a page's length are `page` long."""
        groups: dict[str, list[_Asked]] = {}
        seen: set[str] = set()
        for type_, selections in within:
            self._collect(type_, selections, groups, seen)
        if depth > self._depth_max:
            raise too_deep(self._depth_max)
        fields, lists = 0, list[tuple[Length, Weight]]()
        for name, asked in groups.items():
            fields += 1
            if len(asked) > SAME_NAME_MAX:
                raise QueryTooCostly(f"Over {SAME_NAME_MAX} fields are called {name[:80]}: ask for it less often.")
            if any(node.selection_set for _, node in asked):
                length, inside = self._composite(asked, depth, page)
                if length is None:
                    fields += inside.fields
                    lists.extend(inside.lists)
                else:
                    lists.append((length, inside))
        return Weight(fields=fields, lists=tuple(lists))

    def _collect(
        self,
        type_: GraphQLNamedType | None,
        selections: SelectionSetNode,
        groups: dict[str, list[_Asked]],
        seen: set[str],
    ) -> None:
        for each in selections.selections:
            self._visits_left -= 1
            if self._visits_left < 0:
                raise QueryTooCostly("The document's fragments multiply its fields: spread fewer within each other.")
            if isinstance(each, FieldNode):
                if each.name.value in ("__schema", "__type"):
                    self.introspects = True
                else:
                    groups.setdefault((each.alias or each.name).value, []).append((type_, each))
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                of = self._schema.get_type(condition.name.value) if condition else type_
                self._collect(of, each.selection_set, groups, seen)
            elif isinstance(each, FragmentSpreadNode) and (name := each.name.value) not in seen:
                seen.add(name)
                if (fragment := self._fragments.get(name)) is not None:
                    of = self._schema.get_type(fragment.type_condition.name.value)
                    self._collect(of, fragment.selection_set, groups, seen)

    def _composite(self, asked: Sequence[_Asked], depth: int, page: Length | None) -> tuple[Length | None, Weight]:
        """How often a field with fields of its own counts, if it is a list, and what those weigh."""
        length, own, within = None, None, []
        for type_, node in asked:
            field = _field(type_, node.name.value)
            named = get_named_type(field.type) if field else None
            if node.selection_set:
                within.append((named, node.selection_set))
            if field and named and length is None and own is None:
                if is_list_type(get_nullable_type(field.type)):
                    length = page or self._length(field, node)
                elif any(name in field.args for name in PAGE_ARGUMENTS):
                    own = self._length(field, node)
        return length, self._inside(within, depth + 1, own)

    def _length(self, field: GraphQLField, node: FieldNode) -> Length:
        given, variables = None, {}
        values = {each.name.value: each.value for each in node.arguments or ()}
        names = [name for name in (*PAGE_ARGUMENTS, IDS_ARGUMENT) if name in field.args]
        for value in (values[name] for name in names if name in values):
            if isinstance(value, VariableNode):
                variables[value.name.value] = self._defaults.get(value.name.value)
            elif (told := _literal(value)) is not None:
                given = max(told, given or 0)
        default = max((_default(field, name) for name in names), default=0)
        return Length(
            given=given,
            variables=variables,
            otherwise=default or LIST_LENGTH_ASSUMED,
            paged=any(name in PAGE_ARGUMENTS for name in names),
        )


def _field(type_: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return type_.fields.get(name) if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) else None


def _literal(value: ValueNode | None) -> int | None:
    """The number, or the length of the list."""
    if isinstance(value, IntValueNode):
        return int(value.value[:20])
    return len(value.values) if isinstance(value, ListValueNode) else None


def _default(field: GraphQLField, name: str) -> int:
    value = field.args[name].default_value
    return value if isinstance(value, int) else 0
