"""APNs: Apple's own way to its phones, over HTTP/2.

What is the same for a whole message is in its head: who sends, to which app, how urgent. A device's token is the path,
which nobody keeps. `apns-id` is the delivery, the same however often it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer, Fate
from homeport_notify.channel import Answered, Recipient
from homeport_notify.channels import apns_errors
from homeport_notify.channels.account import Account
from homeport_notify.channels.apple_token import AppleTokens
from homeport_notify.channels.bearer import Bearers
from homeport_notify.channels.collapse import collapse_header
from homeport_notify.channels.fcm_payload import DELIVERY, LINK, apns_steering, apple_manner
from homeport_notify.channels.template import Template
from homeport_notify.errors import ChannelMissing
from homeport_notify.http2.sender import Sender, secure_context
from homeport_notify.message import OURS, Message
from homeport_notify.transport import Head, Post, Transport

PRODUCTION: Final = "https://api.push.apple.com"
SANDBOX: Final = "https://api.sandbox.push.apple.com"
IMAGE: Final = f"{OURS}image"
# Apple checks nothing without telling somebody.
UNCHECKED: Final = Answer(fate=Fate.SENT, code="DRY_RUN", detail="A dry run: nothing was sent to Apple.")


class ApnsChannel:
    """`Channel` of one app: `topic` is its bundle id. `wall_ms` is the clock."""

    name: ChannelName = "apns"

    def __init__(self, topic: str, transport: Transport, bearers: Bearers, wall_ms: Callable[[], int]) -> None:
        self._topic = topic
        self._wall_ms = wall_ms
        self._account = Account(
            transport=transport,
            bearers=bearers,
            read=lambda reply: apns_errors.read_apns(reply, wall_ms()),
            stale=apns_errors.STALE,
            doubted=apns_errors.DOUBTED,
            undoubted=apns_errors.undoubted_apns,
        )

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """As `Channel` says."""
        if dry_run:
            for index in range(len(to)):
                answered(index, UNCHECKED)
            return
        steering = apns_steering(message, self._wall_ms() // 1_000)
        expiration = (b"apns-expiration", steering.pop("apns-expiration").encode())
        fixed = (("apns-topic", self._topic), *steering.items())
        body = Template(1, lambda marks: _payload(message, *marks))
        posts = [_post(each, body, expiration) for each in to]
        await self._account.send(
            lambda bearer: Head("", (("authorization", f"bearer {bearer}"), *fixed)), posts, answered, until_s=until_s
        )

    async def close(self) -> None:
        """As `Channel` says."""
        await self._account.close()


def _post(to: Recipient, body: Template, expiration: tuple[bytes, bytes]) -> Post:
    headers = [(b"apns-id", str(UUID(to.delivery)).encode()), expiration]
    if to.collapse_id:
        headers.append((b"apns-collapse-id", collapse_header(to.collapse_id).encode()))
    return Post(body.fill((to.delivery,)), b"/3/device/" + to.target.encode(), tuple(headers))


def _payload(message: Message, delivery: str) -> bytes:
    """The app's data stands beside `aps`, as Apple has it."""
    aps = dict(apple_manner(message))
    if not message.silent:
        words = {"title": message.title, "body": message.body}
        aps["alert"] = {name: text for name, text in words.items() if text}
    ours = {DELIVERY: delivery}
    if message.link:
        ours[LINK] = message.link
    if message.image:
        ours[IMAGE] = message.image
    return msgspec.json.encode({"aps": aps, **{key: str(value) for key, value in message.data.items()}, **ours})


def open_apns(
    key_file: Path,
    wall_ms: Callable[[], int],
    *,
    key_id: str,
    team: str,
    topic: str,
    sandbox: bool = False,
    base: str = "",
    cafile: str = "",
) -> ApnsChannel:
    """The channel of one app, with the .p8 file of its team. `base` is another place than Apple's, such as an
    emulator's. Opens no connection. Raises `ChannelMissing` for a file that is no such key."""
    try:
        key_pem = key_file.read_text()
    except (OSError, ValueError) as error:
        raise ChannelMissing(f"{key_file} cannot be read ({error}): name the .p8 file of your team.") from error
    try:
        tokens = AppleTokens(team, key_id, key_pem, wall_ms)
    except ChannelMissing as wrong:
        raise ChannelMissing(f"{key_file}: {wrong.message}") from wrong
    origin = base or (SANDBOX if sandbox else PRODUCTION)
    transport = Sender(origin, context=secure_context(cafile) if cafile else None)
    return ApnsChannel(topic, transport, tokens, wall_ms)
