"""FCM, HTTP v1: Google's way to phones of both sorts and to browsers.

pyfcm reads the credentials, knows the address and writes the payload; sending is ours (its own costs a hundred times as
much, and waits inside). A message is made once a platform and filled in for each recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from homeport_notify.address import ChannelName
from homeport_notify.channel import Answered, Recipient
from homeport_notify.channels import fcm_errors
from homeport_notify.channels.account import Account
from homeport_notify.channels.bearer import Bearers
from homeport_notify.channels.fcm_payload import FcmPayloads, PayloadWriter
from homeport_notify.channels.google_token import GoogleTokens, google_refresh
from homeport_notify.errors import ChannelMissing
from homeport_notify.http2.sender import Sender, secure_context
from homeport_notify.message import Message
from homeport_notify.transport import Head, Post, Transport

BASE: Final = "https://fcm.googleapis.com/v1/projects"


class FcmChannel:
    """`Channel` of one project. `path` is where its messages go; `wall_ms` the clock."""

    name: ChannelName = "fcm"

    def __init__(
        self, writer: PayloadWriter, path: str, transport: Transport, bearers: Bearers, wall_ms: Callable[[], int]
    ) -> None:
        self._writer = writer
        self._path = path
        self._wall_ms = wall_ms
        self._account = Account(
            transport=transport,
            bearers=bearers,
            read=lambda reply: fcm_errors.read_fcm(reply, wall_ms()),
            stale=fcm_errors.STALE,
            doubted=fcm_errors.DOUBTED,
            undoubted=fcm_errors.undoubted_fcm,
        )

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """As `Channel` says. A dry run is checked by FCM, which shows it to nobody."""
        payloads = FcmPayloads(self._writer, message, self._wall_ms() // 1_000, dry_run=dry_run)
        posts = [Post(payloads.body(each)) for each in to]
        await self._account.send(self._head, posts, answered, until_s=until_s)

    async def close(self) -> None:
        """As `Channel` says."""
        await self._account.close()

    def _head(self, bearer: str) -> Head:
        return Head(self._path, (("authorization", f"Bearer {bearer}"), ("content-type", "application/json")))


def open_fcm(
    service_account_file: Path, wall_ms: Callable[[], int], *, project: str = "", base: str = "", cafile: str = ""
) -> FcmChannel:
    """The channel of a service account, whose JSON names its project (or `project` does) and its token endpoint. `base`
    is another place than Google's, such as an emulator's `http://127.0.0.1:9099/v1/projects`. Opens no connection.
    Raises `ChannelMissing` for a file that is none of a service account."""
    from pyfcm import FCMNotification

    try:
        if not service_account_file.is_file():
            raise FileNotFoundError("there is no such file")
        writer = FCMNotification(service_account_file=str(service_account_file), project_id=project or None)
        writer.FCM_END_POINT_BASE = (base or BASE).rstrip("/")
        end_point = urlsplit(writer.fcm_end_point)
    except Exception as error:
        why = str(error).split(". ")[0].rstrip(".")
        raise ChannelMissing(
            f"{service_account_file} is no service account's key that FCM can use ({why}): download it from the"
            " project's settings, under Service accounts."
        ) from error
    transport = Sender(f"{end_point.scheme}://{end_point.netloc}", context=secure_context(cafile) if cafile else None)
    return FcmChannel(
        writer, end_point.path, transport, GoogleTokens(google_refresh(writer.credentials), wall_ms), wall_ms
    )
