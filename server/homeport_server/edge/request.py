"""What a GraphQL request is, however it comes: in the body of a POST, or in the URL of a GET.

Both are read by the letter of GraphQL over HTTP: a parameter of another type than it must have is no request (400),
while a document that does not fit the schema is a request that is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from homeport_server.errors import BodyNotJson, RequestInvalid, UrlTooLong
from homeport_sync.wire import UNREADABLE, why_unreadable

URL_BYTES_MAX = 32_768
PARAMETERS_MAX = 32
_PARAMETERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
_SHAPE = "send one object with query, variables, operationName and extensions"

_Read = TypeVar("_Read")


class Fast(msgspec.Struct, rename="camel"):
    """As much of a request as a precompiled operation needs: its variables are read by whoever runs it."""

    query: str | None = None
    variables: msgspec.Raw = msgspec.Raw(b"{}")
    operation_name: str | None = None
    extensions: dict[str, object] | None = None
    document_id: str | None = None

    @property
    def plain(self) -> bool:
        """Whether it is a text and its variables, and no more."""
        return self.extensions is None and self.document_id is None


class Request(msgspec.Struct, rename="camel"):
    """A GraphQL request. Which document it means is found by `Persisted`."""

    query: str | None = None
    variables: dict[str, object] | None = None
    operation_name: str | None = None
    extensions: dict[str, object] | None = None
    document_id: str | None = None


_fast = msgspec.json.Decoder(Fast).decode
_request = msgspec.json.Decoder(Request).decode
_object = msgspec.json.Decoder(dict[str, object] | None).decode


def fast(body: bytes) -> Fast | None:
    """The request that a body holds; None if it is none, which `request_of_body` will say."""
    try:
        return _fast(body)
    except UNREADABLE:
        return None


def request_of_body(body: bytes) -> Request:
    """Raises `BodyNotJson` or `RequestInvalid`."""
    try:
        return _request(body)
    except msgspec.ValidationError as wrong:
        if body.lstrip()[:1] == b"[":
            raise RequestInvalid(f"The body is an array, and batching is off: {_SHAPE} a request.") from None
        raise RequestInvalid(f"{wrong}: {_SHAPE}.") from None
    except UNREADABLE as wrong:
        raise BodyNotJson(
            f"The body is not JSON ({why_unreadable(wrong)}): send an object with query and variables."
        ) from None


def request_of_url(query_string: bytes) -> Request:
    """Raises `UrlTooLong` or `RequestInvalid`. A parameter that GraphQL does not know is passed over."""
    if len(query_string) > URL_BYTES_MAX:
        raise UrlTooLong(f"The URL's query is over {URL_BYTES_MAX:,} bytes: send it as POST.", limit=URL_BYTES_MAX)
    given = _parameters(query_string)
    return Request(
        query=given.get("query"),
        document_id=given.get("documentId"),
        operation_name=given.get("operationName") or None,
        variables=_in_url(given, "variables"),
        extensions=_in_url(given, "extensions"),
    )


def _parameters(query_string: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except ValueError as wrong:  # of which UnicodeDecodeError is one
        raise RequestInvalid(f"The URL's query cannot be read ({wrong}): percent-encode it as UTF-8.") from None
    known = [(name, value) for name, value in pairs if name in _PARAMETERS]
    if len(dict(known)) < len(known):
        raise RequestInvalid("The URL gives a parameter twice: give each once.")
    return dict(known)


def _in_url(given: Mapping[str, str], name: str) -> dict[str, object] | None:
    text = given.get(name)
    if not text:
        return None
    try:
        value: dict[str, object] | None = _object(text)
    except UNREADABLE as wrong:
        raise RequestInvalid(f"{name} is no JSON object ({why_unreadable(wrong)}): percent-encode one.") from None
    return value
