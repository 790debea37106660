"""Webhooks: a signed POST to a URL that somebody named. Each goes to another place, so one that is slow or down says
nothing of the others, and none of them is trusted: no redirect is followed, no answer's body is read, and where a name
leads to is checked before a connection is made (`webhook_target.py`).

Each POST has a connection of its own: two names behind one address would share one otherwise, and only the first of
them would have shown its certificate.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from homeport_notify.address import ChannelName
from homeport_notify.answer import SENT, Answer, Fate
from homeport_notify.channel import Answered, Recipient
from homeport_notify.channels import webhook_target
from homeport_notify.channels.retry_after import retry_after_ms
from homeport_notify.channels.webhook_signature import read_secret, signed_headers
from homeport_notify.channels.webhook_target import Resolve
from homeport_notify.message import Message
from homeport_notify.transport import OUT_OF_TIME

if TYPE_CHECKING:
    import httpx2

AT_ONCE_MAX: Final = 50
CONNECT_S: Final = 10.0
ANSWER_S: Final = 30.0
UNCHECKED: Final = Answer(fate=Fate.SENT, code="DRY_RUN", detail="A dry run: nothing was sent.")


def _alone(fate: Fate, code: str, detail: str, *, wait_ms: int | None = None) -> Answer:
    """An answer that is about this webhook and no other."""
    return Answer(fate=fate, code=code, detail=detail, retry_after_ms=wait_ms, narrow="device")


UNANSWERED: Final = _alone(Fate.UNANSWERED, "TOO_LATE", "It did not answer in time, or broke off.")
NO_HOST: Final = _alone(Fate.NOT_SENT, "NO_HOST", "Its name leads nowhere.")
NO_URL: Final = _alone(Fate.BAD_TARGET, "NO_URL", "It is no URL.")
PRIVATE: Final = _alone(
    Fate.BAD_TARGET,
    "PRIVATE_ADDRESS",
    "Its name leads to an address that is not public: only HOMEPORT_WEBHOOK_ALLOW_PRIVATE lets webhooks go there.",
)


def read_webhook(status: int, headers: Mapping[str, str], now_ms: int) -> Answer:
    """What a receiver said: 2xx took it, 410 wants no more ever, anything else is tried again for a while."""
    if 200 <= status < 300:
        return SENT
    code, wait_ms = f"HTTP_{status}", retry_after_ms(headers, now_ms)
    if status == 410:
        return _alone(Fate.GONE, code, "The receiver wants no more.")
    if status == 429:
        return _alone(Fate.THROTTLED, code, "The receiver has enough for now.", wait_ms=wait_ms)
    return _alone(Fate.UNAVAILABLE, code, f"The receiver answered {status}.", wait_ms=wait_ms)


class WebhookChannel:
    """`Channel` to any URL. `secrets` are `whsec_…` each, the newest first; with `private_allowed` also to addresses
    inside the network. Raises `ChannelMissing` for a secret that is none."""

    name: ChannelName = "webhook"

    def __init__(
        self,
        secrets: Sequence[str],
        wall_ms: Callable[[], int],
        *,
        private_allowed: bool = False,
        resolve: Resolve = webhook_target.resolve,
        context: ssl.SSLContext | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        import httpx2

        self._secrets = [read_secret(secret) for secret in secrets]
        self._wall_ms = wall_ms
        self._private_allowed = private_allowed
        self._resolve = resolve
        self._answer_s = answer_s
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._client = httpx2.AsyncClient(
            verify=context or ssl.create_default_context(),
            timeout=httpx2.Timeout(answer_s, connect=min(CONNECT_S, answer_s)),
            limits=httpx2.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment would look names up by itself
        )

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """As `Channel` says."""
        if dry_run:
            for index in range(len(to)):
                answered(index, UNCHECKED)
            return
        body = _body(message, self._wall_ms())
        async with asyncio.TaskGroup() as group:
            for index, each in enumerate(to):
                group.create_task(self._send(index, each, body, answered, until_s))

    async def close(self) -> None:
        """As `Channel` says."""
        await self._client.aclose()

    async def _send(self, index: int, to: Recipient, body: bytes, answered: Answered, until_s: float) -> None:
        try:
            async with asyncio.timeout_at(until_s):
                await self._at_once.acquire()
        except TimeoutError:
            answered(index, OUT_OF_TIME)
            return
        except asyncio.CancelledError:
            answered(index, OUT_OF_TIME)
            raise
        try:
            answered(index, await self._look_up_and_post(to, body, until_s))
        finally:
            self._at_once.release()

    async def _look_up_and_post(self, to: Recipient, body: bytes, until_s: float) -> Answer:
        import httpx2

        try:
            url = httpx2.URL(to.target)
        except httpx2.InvalidURL:
            return NO_URL
        if url.scheme not in {"http", "https"} or not url.host:
            return NO_URL
        address = await self._address(url, until_s)
        return address if isinstance(address, Answer) else await self._post(url, address, to, body)

    async def _post(self, url: httpx2.URL, address: str, to: Recipient, body: bytes) -> Answer:
        import httpx2

        try:
            async with (
                asyncio.timeout(self._answer_s),
                self._client.stream(**self._request(url, address, to, body)) as said,
            ):
                return read_webhook(said.status_code, said.headers, self._wall_ms())
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return _alone(Fate.NOT_SENT, "NO_CONNECTION", f"It cannot be reached: {str(error)[:200]}")
        except (httpx2.TransportError, TimeoutError):
            return UNANSWERED

    async def _address(self, url: httpx2.URL, until_s: float) -> str | Answer:
        """The one to connect to, of those that were all checked."""
        host = url.raw_host.decode("ascii")
        left_s = until_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            return OUT_OF_TIME
        try:
            async with asyncio.timeout(min(left_s, CONNECT_S)):
                addresses = await self._resolve(host, url.port or {"https": 443}.get(url.scheme, 80))
        except TimeoutError:
            return OUT_OF_TIME if left_s < CONNECT_S else NO_HOST
        except (OSError, UnicodeError):
            return NO_HOST
        if not addresses:
            return NO_HOST
        if not self._private_allowed and not all(webhook_target.is_public(each) for each in addresses):
            return PRIVATE
        return addresses[0]

    def _request(self, url: httpx2.URL, address: str, to: Recipient, body: bytes) -> dict[str, Any]:
        """To the address, in the name of the host: for the receiver, and for its certificate."""
        headers = {
            "host": url.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": "homeport",
            **signed_headers(self._secrets, to.delivery, self._wall_ms() // 1_000, body),
        }
        return {
            "method": "POST",
            "url": url.copy_with(host=address),
            "headers": headers,
            "content": body,
            "extensions": {"sni_hostname": url.raw_host.decode("ascii")},
        }


def _body(message: Message, now_ms: int) -> bytes:
    """As Standard Webhooks recommend: what it is, when, and the thing itself. `webhook-id` names the delivery."""
    at = datetime.fromtimestamp(now_ms // 1_000, UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": "notification", "timestamp": at, "data": message})
