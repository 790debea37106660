"""What RxDB's replication asks for, for each kind: `pullTask`, `pushTask` and `streamTask`; and what was refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLArgument, GraphQLField, GraphQLList, GraphQLNonNull

from homeport_server.edge.rxdb.awaited import Awaited
from homeport_server.edge.rxdb.pull import pull
from homeport_server.edge.rxdb.push import push
from homeport_server.edge.rxdb.rejections import add_rejections
from homeport_server.edge.rxdb.rows import Row
from homeport_server.edge.rxdb.shape import LIMIT, Shape
from homeport_server.edge.rxdb.stream import STREAMS, stream
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.reading import Info
from homeport_server.edge.typed.roots import Roots
from homeport_sync.documents import Document, DocumentPage


def add_rxdb(kinds: TypedKinds, roots: Roots) -> None:
    """Add them. Raises `BadDeclaration` where a name is taken."""
    add_rejections(kinds, roots)
    awaited = Awaited()
    for kind in kinds.catalog.kinds.values():
        shape = Shape(kinds, kind)
        roots.query.add(f"pull{shape.prefix}", _pull_field(shape), kind)
        roots.mutation.add(f"push{shape.prefix}", _push_field(shape, awaited), kind)
        roots.subscription.add(f"stream{shape.prefix}", _stream_field(shape), kind)


def _pull_field(shape: Shape) -> GraphQLField:
    async def resolve(
        _root: object, info: Info, *, limit: int, checkpoint: Mapping[str, str | None] | None = None
    ) -> DocumentPage:
        return await pull(info.context, shape.kind, (checkpoint or {}).get("cursor"), limit)

    return GraphQLField(
        GraphQLNonNull(shape.bulk),
        args={"checkpoint": GraphQLArgument(shape.checkpoint_input), "limit": LIMIT},
        resolve=resolve,
        description=f"For RxDB: what changed of {shape.kind.name} after a checkpoint; fewer than `limit` are the end.",
    )


def _push_field(shape: Shape, awaited: Awaited) -> GraphQLField:
    async def resolve(_root: object, info: Info, **arguments: Sequence[Mapping[str, Any]] | None) -> Sequence[Document]:
        given, known = arguments.get(shape.rows_name) or (), _known(shape, info)
        rows = [
            Row(
                shape=shape,
                known=known.union(*(shape.fields.keys() & each.keys() for each in row.values() if each)),
                assumed=row.get("assumedMasterState"),
                wanted=row["newDocumentState"],
            )
            for row in given
        ]
        return await push(info.context, shape, rows, awaited)

    return GraphQLField(
        GraphQLNonNull(GraphQLList(GraphQLNonNull(shape.document))),
        args={shape.rows_name: shape.rows},
        resolve=resolve,
        description=f"For RxDB: takes {shape.kind.name} rows in; what is here instead of those that are not as wanted. "
        "Why a row was refused stands in the answer's extensions, under `refused`.",
    )


def _known(shape: Shape, info: Info) -> frozenset[str]:
    """The fields that the client asks to be told of are those that it knows."""
    selected = [each for node in info.field_nodes if node.selection_set for each in node.selection_set.selections]
    if not all(isinstance(each, FieldNode) for each in selected):
        return frozenset(shape.fields)
    return frozenset(each.name.value for each in selected if isinstance(each, FieldNode)) & shape.fields.keys()


def _stream_field(shape: Shape) -> GraphQLField:
    async def subscribe(_root: object, info: Info, *, headers: object = None) -> AsyncIterator[DocumentPage]:
        del headers
        async for page in stream(info.context):
            yield page

    def resolve(page: DocumentPage, _info: Info, **_arguments: object) -> DocumentPage:
        return page

    return GraphQLField(
        GraphQLNonNull(shape.bulk),
        args={"headers": GraphQLArgument(shape.headers)},
        subscribe=subscribe,
        resolve=resolve,
        extensions={STREAMS: True},
        description="For RxDB: its own word RESYNC in place of documents, whenever there is more to pull.",
    )
