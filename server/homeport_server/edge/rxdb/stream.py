"""`streamTask`: the word that there is more to pull, and no document.

RxDB pulls when its stream gives it the text RESYNC in place of documents and a checkpoint. GraphQL's executor cannot
answer that where an object is selected, so these subscriptions run without it, as the poke of our own devices does;
what else they could be answered with, RxDB does not act upon. Documents in a stream would be worse: a RESYNC that
waits behind them is dropped, and their checkpoint jumps what was missed (measured with rxdb 17.6).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from graphql import FieldNode, GraphQLSchema, OperationType, get_operation_ast

from homeport_server.edge import poke
from homeport_server.edge.checking import DocumentInvalid, Documents
from homeport_server.edge.context import Call
from homeport_server.tokens import Caller
from homeport_sync.documents import DocumentPage
from homeport_sync.errors import HomeportError

RESYNC: Final = "RESYNC"
STREAMS: Final = "homeport.stream"  # in a field's extensions: its subscription only says that there is more
_NOTHING: Final = DocumentPage(documents=(), cursor=None)


async def stream(call: Call) -> AsyncIterator[DocumentPage]:
    """Nothing, whenever there is more to pull: for whoever asks in a way that only the executor understands."""
    async for _ in poke.stream(call, None):
        yield _NOTHING


class Streams:
    """Knows the documents that ask for a stream, by what the executor knows of them, too."""

    def __init__(self, schema: GraphQLSchema, documents: Documents) -> None:
        root = schema.subscription_type
        fields = root.fields if root else {}
        self._names = frozenset(name for name, field in fields.items() if field.extensions.get(STREAMS))
        self._documents = documents

    def data(self, query: str, operation: str | None, caller: Caller) -> Mapping[str, object] | None:
        """What each event of this document is; None: it is no such document, or the executor must say what is wrong."""
        if "stream" not in query or not self._names:
            return None
        try:
            checked = self._documents.read(query, caller)
        except (DocumentInvalid, HomeportError):
            return None
        asked = get_operation_ast(checked.document, operation)
        if asked is None or asked.operation is not OperationType.SUBSCRIPTION:
            return None
        selected: Any = asked.selection_set.selections[0]
        if not isinstance(selected, FieldNode) or selected.directives or selected.name.value not in self._names:
            return None
        return {(selected.alias or selected.name).value: RESYNC}
