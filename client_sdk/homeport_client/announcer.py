"""An announcer: what a backend in Python tells people through Homeport, and how it stands.

    async with Announcer("https://sync.example.com", token=token) as announcer:
        told = await announcer.notify(key="release 3", everyone=True, title="Version 3 is here")
        print((await announcer.progress(told.id)).counts)

Its token is one that may notify (`homeport token --may notify`). Everything may be done again: the same key is the same
notification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from homeport_client.errors import Unreachable
from homeport_client.http import HttpTransport
from homeport_client.limits import DEVICE_LIMITS, DeviceLimits
from homeport_sync.announcing import NOTIFY, PROGRESS, STEER

_Answer = TypeVar("_Answer")


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """A notification: its `id`, its `state` (waiting, running, paused, done, cancelled or stopped), and the `reason`
    of that, if there is one to tell."""

    id: str
    state: str
    reason: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: `counts` says how many deliveries are in each state (such as `sent`), `expanded` whether all who
    are to be told are among them; `received` and `opened` are what devices said."""

    notification: Announced
    expanded: bool
    counts: Mapping[str, int]
    received: int
    opened: int


class _Submitted(msgspec.Struct, frozen=True, rename="camel"):
    notification: Announced
    is_new: bool


class Announcer:
    """Speaks to the server at `server` (http or https, without a path). Each method raises `Unreachable` (try again),
    `Refused` (another token) or `ServerError` with the server's code, such as BAD_NOTIFICATION."""

    def __init__(self, server: str, token: str, limits: DeviceLimits = DEVICE_LIMITS) -> None:
        self._transport = HttpTransport(server, token, limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def notify(
        self,
        *,
        key: str,
        users: Sequence[str] = (),
        scope: str = "",
        to_topic: str = "",
        everyone: bool = False,
        title: str = "",
        body: str = "",
        image: str = "",
        link: str = "",
        data: Mapping[str, str] | None = None,
        collapse_key: str = "",
        priority: str = "high",
        ttl_s: int | None = None,
        at: datetime | None = None,
        local_at: datetime | None = None,
        topic: str = "",
        urgent: bool = False,
        at_least_once: bool = False,
        dry_run: bool = False,
    ) -> Announced:
        """Have something told to `users`, the members of a `scope`, who subscribes `to_topic`, or `everyone`.

        It is told once under this `key` (at most 200 characters), however often this is called. `at` is a moment with
        its zone, `local_at` a wall clock time without one, of each user's own zone. `topic` is what users can mute. The
        rest is as docs/notifications.md says.
        """
        to = {"users": list(users), "scope": scope, "topic": to_topic, "everyone": everyone}
        message = {
            "title": title,
            "body": body,
            "image": image,
            "link": link,
            "data": dict(data or {}),
            "collapseKey": collapse_key,
            "priority": priority,
            "ttlS": ttl_s,
        }
        answer = await self._ask(
            NOTIFY,
            _Submitted,
            "notify",
            key=key,
            to={name: value for name, value in to.items() if value},
            message=message,
            at=at and at.isoformat(),
            localAt=local_at and local_at.isoformat(),
            topic=topic,
            urgent=urgent,
            atLeastOnce=at_least_once,
            dryRun=dry_run,
        )
        return answer.notification

    async def progress(self, id: str) -> Progress:
        """Where it stands."""
        return await self._ask(PROGRESS, Progress, "notification", id=id)

    async def pause(self, id: str) -> Announced:
        """Nothing more is sent until `resume`, in flight too: within one window of 500."""
        return await self._steer(id, "pause")

    async def resume(self, id: str) -> Announced:
        """Let it go on."""
        return await self._steer(id, "resume")

    async def cancel(self, id: str) -> Announced:
        """End it."""
        return await self._steer(id, "cancel")

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.close()

    async def _steer(self, id: str, how: str) -> Announced:
        return await self._ask(STEER, Announced, "steerNotification", id=id, how=how)

    async def _ask(self, document: str, shape: type[_Answer], field: str, **variables: object) -> _Answer:
        data = await self._transport.ask(document, variables)
        try:
            return msgspec.convert(data[field], shape)
        except (KeyError, msgspec.ValidationError) as error:
            raise Unreachable(f"The answer is not one of Homeport's ({error}): another server stands there.") from error
