"""The poke socket of the real transport: one subscription, spoken as `graphql-transport-ws`.

The protocol is that of the graphql-ws library: `connection_init`, `connection_ack`, `subscribe`, then `next` for
every poke, `ping` and `pong` in between. A `ping` with `goAwayMs` is the server's word that its process will stop.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from homeport_client.errors import DeviceError, Refused, Restarting, Unreachable, server_error
from homeport_client.limits import DeviceLimits
from homeport_client.tls import tls_context
from homeport_client.transport import GoAway
from homeport_sync.wire import POKE, PokeMessage, WireError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_SUBPROTOCOL = "graphql-transport-ws"
_REFUSED_CLOSES = frozenset({4401, 4403})
_RESTARTING_CLOSE = 1012
_RETRY_AFTER = re.compile(r"retryAfterMs=(\d{1,12})").search


class _Message(msgspec.Struct, omit_defaults=True):
    type: str
    id: str | None = None
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Ping(msgspec.Struct, rename="camel"):
    go_away_ms: int | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Message).decode
_decode_ping = msgspec.json.Decoder(_Ping).decode
_decode_errors = msgspec.json.Decoder(list[WireError]).decode


@asynccontextmanager
async def poke_stream(
    url: str, bearer: str, device: str, limits: DeviceLimits
) -> AsyncIterator[AsyncIterator[GoAway | None]]:
    """The pokes from a ws or wss `url`, for what others than `device` changed.

    Raises `Unreachable`, `Refused`, or a `ServerError` that says when to come again, on entering and while iterating.
    Only the server's own close codes refuse: a 403 of a proxy that lets no socket through says nothing of the token.
    """
    # Imported late: a device that only syncs now and then never needs it.
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
    from websockets.typing import Subprotocol

    dial = partial(connect, ssl=tls_context()) if url.startswith("wss:") else connect
    subscribed = False
    try:
        async with dial(
            url,
            subprotocols=[Subprotocol(_SUBPROTOCOL)],
            compression=None,
            open_timeout=limits.handshake_s,
            close_timeout=limits.handshake_s,
            max_size=limits.poke_bytes_max,
        ) as socket:
            await _subscribe(socket, bearer, device, limits)
            subscribed = True
            try:
                yield _pokes(socket)
            finally:
                await socket.close()  # with 1000, also when we are cancelled: leaving is no error
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 0
        if code in _REFUSED_CLOSES:
            raise Refused(f"The poke socket was closed with {code}: give the device a new token.") from closed
        if code == _RESTARTING_CLOSE and subscribed:  # before that, coming back at once would be a storm
            raise Restarting from closed
        if told := _told(closed.rcvd.reason if closed.rcvd else ""):
            raise told from closed
        raise Unreachable(f"The poke socket was closed ({closed}): connect again.") from closed
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, msgspec.DecodeError) as error:
        raise Unreachable(f"{url} opened no poke socket ({error}): connect again.") from error


async def _subscribe(socket: ClientConnection, bearer: str, device: str, limits: DeviceLimits) -> None:
    import asyncio

    await _send(socket, _Message(type="connection_init", payload=_raw({"authorization": bearer})))
    async with asyncio.timeout(limits.handshake_s):
        while (await _next(socket)).type != "connection_ack":  # told to go already: the close will come in time
            pass
    asked = {"query": POKE, "variables": PokeMessage(device=device)}
    await _send(socket, _Message(type="subscribe", id="1", payload=_raw(asked)))


async def _pokes(socket: ClientConnection) -> AsyncIterator[GoAway | None]:
    while True:
        message = await _next(socket)
        if message.type == "next":
            yield None
        elif message.type == "ping":
            if (within_ms := _go_away_ms(message)) is not None:
                yield GoAway(within_ms=within_ms)
        elif message.type == "complete":
            return
        elif message.type == "error":
            errors = _decode_errors(message.payload) if isinstance(message.payload, msgspec.Raw) else []
            error = server_error(errors[0]) if errors else None
            if isinstance(error, Refused) or (error is not None and error.retry_after_ms is not None):
                raise error
            raise Unreachable(f"The server ended the pokes ({error}): connect again.")


def _told(reason: str) -> DeviceError | None:
    """What a close reason such as "OVERLOADED: … retryAfterMs=1234" means, if it says when to come again."""
    found = _RETRY_AFTER(reason)
    if found is None:
        return None
    code = reason.partition(":")[0]
    extensions: dict[str, object] = {"code": code, "retryable": True, "retryAfterMs": int(found[1])}
    return server_error(WireError(message=reason, extensions=extensions))


async def _next(socket: ClientConnection) -> _Message:
    """The next message; pings are answered."""
    message = _decode(await socket.recv())
    if message.type == "ping":
        await _send(socket, _Message(type="pong"))
    return message


def _go_away_ms(ping: _Message) -> int | None:
    """What a ping says of the server's end. Anybody may put what they like into a ping."""
    try:
        said = _decode_ping(ping.payload).go_away_ms if isinstance(ping.payload, msgspec.Raw) else None
    except msgspec.DecodeError:
        return None
    return said if said is None else max(said, 0)


async def _send(socket: ClientConnection, message: _Message) -> None:
    await socket.send(_encode(message).decode())


def _raw(payload: Mapping[str, object]) -> msgspec.Raw:
    return msgspec.Raw(_encode(payload))
