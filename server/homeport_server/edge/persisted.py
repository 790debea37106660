"""Which document a request means: its text, or the name of one that is known.

Three kinds are known by name. Trusted ones stand in a file that the app's build made (`HOMEPORT_DOCUMENTS`: Relay's,
or Apollo's manifest). Others are kept in memory, by the hash of their text, once a client sent both: Apollo's automatic
persisted queries, per process and within bounds, so whoever names one must be ready to send its text. And a server that
is told to trusts nothing but the file and what Homeport's own SDKs send.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from homeport_server.edge.known_documents import KnownDocuments
from homeport_server.errors import (
    BadSetting,
    DocumentHashWrong,
    DocumentUnknown,
    DocumentUntrusted,
    PersistedQueryNotFound,
    RequestInvalid,
)
from homeport_server.settings import Settings, flag
from homeport_sync.own_documents import OWN_DOCUMENTS

HASHED: Final = "sha256:"
APOLLO_VERSION: Final = 1
KEPT_CHARACTERS_MAX: Final = 2_000_000


class _ApolloOperation(msgspec.Struct):
    body: str
    id: str = ""


class _ApolloManifest(msgspec.Struct, tag_field="format", tag="apollo-persisted-query-manifest"):
    operations: list[_ApolloOperation] | dict[str, _ApolloOperation]


class _ApolloQuery(msgspec.Struct, rename={"sha256": "sha256Hash"}):
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """The trusted documents by their names and by their hashes. `only`: no other text is taken, but our SDKs' own."""

    named: Mapping[str, str] = field(default_factory=dict)
    hashed: Mapping[str, str] = field(default_factory=dict)
    texts: frozenset[str] = OWN_DOCUMENTS
    only: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str

    @property
    def tokens(self) -> int:
        """Counted by what it takes: its characters."""
        return len(self.text)


NONE_TRUSTED: Final = Trusted()


def trusted_documents(settings: Settings) -> Trusted:
    """What the settings' file holds. Raises `BadSetting` where it is none."""
    named = _read(Path(settings.documents)) if settings.documents else {}
    hashed = {hash_of(text): text for text in (*named.values(), *OWN_DOCUMENTS)}
    return Trusted(named, hashed, frozenset(named.values()) | OWN_DOCUMENTS, only=settings.documents_only)


def hash_of(text: str) -> str:
    """The hash by which a text is known."""
    return hashlib.sha256(text.encode()).hexdigest()


class Persisted:
    """The documents that are known by name, of one process. A text of over `length_max` characters is not kept."""

    def __init__(self, trusted: Trusted, length_max: int) -> None:
        self._trusted = trusted
        self._length_max = length_max
        self._kept: KnownDocuments[_Kept] = KnownDocuments(KEPT_CHARACTERS_MAX)

    def text_of(
        self, query: str | None, document_id: str | None, extensions: Mapping[str, object] | None, tenant: str
    ) -> str:
        """The text that a request means. Raises `RequestInvalid` if it means none, `DocumentUnknown`,
        `PersistedQueryNotFound`, `DocumentHashWrong` or `DocumentUntrusted`."""
        apollo = extensions.get("persistedQuery") if extensions else None
        if not query and (document_id is not None or apollo is not None):
            query = None  # graphql-ws sends no request without a text, so who names a document sends an empty one
        text: str | None = query
        if document_id is not None:
            text = self._by_id(query, document_id, tenant)
        elif apollo is not None:
            text = self._known(query, _apollo_hash(apollo), tenant)
            if text is None:
                raise PersistedQueryNotFound
        if text is None:
            raise RequestInvalid("There is no document: send its text as query, or its name as documentId.")
        if self._trusted.only and text not in self._trusted.texts:
            raise DocumentUntrusted
        return text

    def _by_id(self, query: str | None, id: str, tenant: str) -> str:
        text = self._trusted.named.get(id)
        if text is None and (id.startswith(HASHED) or query is None):
            text = self._known(query, id.removeprefix(HASHED), tenant)
        if text is None:
            raise DocumentUnknown(f"No document is called {id[:80]!r}: send its text, or add it to HOMEPORT_DOCUMENTS.")
        if query is not None and query != text:
            raise DocumentHashWrong
        return text

    def _known(self, query: str | None, digest: str, tenant: str) -> str | None:
        """The text of that hash; it is kept for the next time if it came along."""
        kept = self._kept.get(digest)
        text = self._trusted.hashed.get(digest) or self._trusted.named.get(digest) or (kept.text if kept else None)
        if query is None or query == text:
            return text
        if text is not None or hash_of(query) != digest:
            raise DocumentHashWrong
        if len(query) <= self._length_max:
            self._kept.keep(digest, _Kept(query), tenant)
        return query


def _apollo_hash(asked: object) -> str:
    try:
        query = msgspec.convert(asked, _ApolloQuery)
    except msgspec.ValidationError as wrong:
        raise RequestInvalid(f"extensions.persistedQuery: {wrong}: it has a version and a sha256Hash.") from None
    if query.version != APOLLO_VERSION:
        raise RequestInvalid(f"extensions.persistedQuery has version {query.version}: send version {APOLLO_VERSION}.")
    return query.sha256


def _read(path: Path) -> Mapping[str, str]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{flag('documents')} {path}: {error.strerror}: name a file that can be read.") from None
    try:
        manifest = msgspec.json.decode(text, type=_ApolloManifest) if b'"format"' in text else None
        return _of_apollo(manifest) if manifest else msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise BadSetting(
            f"{flag('documents')} {path} is neither {{id: text}} as Relay writes it nor Apollo's manifest: {wrong}."
        ) from None


def _of_apollo(manifest: _ApolloManifest) -> Mapping[str, str]:
    operations = manifest.operations
    pairs: Iterable[tuple[str, _ApolloOperation]] = (
        operations.items() if isinstance(operations, dict) else ((each.id, each) for each in operations)
    )
    return {id: operation.body for id, operation in pairs}
