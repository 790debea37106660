"""The part of the GraphQL schema that is about notifications. Nothing is decided here: see `notify.py`."""

from __future__ import annotations

import msgspec
import strawberry

from homeport_notify.audience import Audience
from homeport_notify.message import Message
from homeport_notify.notification import Notification
from homeport_server.edge import notify
from homeport_server.edge.given import JSON, Info, Long, given
from homeport_server.notify.draft import Draft, audience_of, read_moment
from homeport_server.notify.notifier import Standing
from homeport_sync import telling

PAGE = 20


@strawberry.input(name="AudienceInput", description="Whom to tell, in one way.")
class AudienceInput:
    users: list[str] | None = strawberry.field(default=strawberry.UNSET, description="These users.")
    scope: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The members of this scope.")
    topic: str | None = strawberry.field(default=strawberry.UNSET, description="All who subscribe to this topic.")
    everyone: bool | None = strawberry.field(default=strawberry.UNSET, description="true: all of the tenant.")


@strawberry.input(name="MessageInput", description="What is told. Without a title and a body it is silent.")
class MessageInput:
    title: str | None = strawberry.UNSET
    body: str | None = strawberry.UNSET
    image: str | None = strawberry.field(default=strawberry.UNSET, description="The https URL of an image.")
    link: str | None = strawberry.field(default=strawberry.UNSET, description="The URL that a tap opens.")
    data: JSON | None = strawberry.field(default=strawberry.UNSET, description="For the app: an object of texts.")
    collapse_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Of those with the same, a device that was away shows the last."
    )
    priority: str | None = strawberry.field(default=strawberry.UNSET, description="high (unless given), or normal.")
    ttl_s: int | None = strawberry.field(
        default=strawberry.UNSET, description="What was not delivered so many seconds after it was due is given up."
    )


@strawberry.input(name="QuietHoursInput", description="Minutes of the user's own day, from inclusive, until exclusive.")
class QuietHoursInput:
    from_min: int
    until_min: int


@strawberry.type(name="QuietHours", description="Minutes of the user's own day, from inclusive, until exclusive.")
class QuietHoursType:
    from_min: int
    until_min: int


@strawberry.type(name="Preferences", description="What a user wants to be told, and when.")
class PreferencesType:
    timezone: str
    quiet_hours: QuietHoursType | None
    muted: list[str]


@strawberry.type(name="Notification", description="One thing to tell.")
class NotificationType:
    id: strawberry.ID
    key: str
    state: str = strawberry.field(description="waiting, running, paused, done, cancelled or stopped.")
    reason: str
    lane: str
    topic: str
    title: str
    body: str
    author: str
    dry_run: bool
    due_at_ms: Long
    local_time: str
    expires_at_ms: Long
    created_at_ms: Long
    audience: JSON


@strawberry.type(name="Submitted", description="What became of a request to tell something.")
class SubmittedType:
    notification: NotificationType
    is_new: bool = strawberry.field(description="false: its key came before, and this is what it brought then.")


@strawberry.type(name="Progress", description="Where a notification stands.")
class ProgressType:
    notification: NotificationType
    expanded: bool = strawberry.field(description="Whether all who are to be told are known.")
    counts: JSON = strawberry.field(description="How many deliveries are in each state.")
    received: Long = strawberry.field(description="How many devices said that it came.")
    opened: Long = strawberry.field(description="How many said that somebody opened it.")


def shown(each: Notification) -> NotificationType:
    """A notification as GraphQL shows it."""
    return NotificationType(
        id=strawberry.ID(each.id),
        key=each.key,
        state=each.state,
        reason=each.reason,
        lane=each.lane,
        topic=each.topic,
        title=each.message.title,
        body=each.message.body,
        author=each.author,
        dry_run=each.dry_run,
        due_at_ms=Long(each.due_at_ms),
        local_time=each.local_time,
        expires_at_ms=Long(each.expires_at_ms),
        created_at_ms=Long(each.created_at_ms),
        audience=JSON(msgspec.to_builtins(each.audience)),
    )


def _progress(standing: Standing) -> ProgressType:
    progress = standing.progress
    return ProgressType(
        notification=shown(progress.notification),
        expanded=progress.expanded,
        counts=JSON({state.name.lower(): count for state, count in progress.counts.items()}),
        received=Long(standing.received),
        opened=Long(standing.opened),
    )


def _audience(to: AudienceInput) -> Audience:
    return audience_of(
        users=tuple(given(to.users, ())),
        scope=given(to.scope, ""),
        topic=given(to.topic, ""),
        everyone=given(to.everyone, otherwise=False),
    )


def _message(message: MessageInput) -> Message:
    plain = {name: given(getattr(message, name)) for name in Message.__struct_fields__ if name != "data"}
    said = {name: value for name, value in plain.items() if value is not None}
    return notify.message_of({"priority": "high", **said, "data": given(message.data, {})})


async def _notify(
    info: Info,
    *,
    key: str,
    to: AudienceInput,
    message: MessageInput,
    at: str | None = strawberry.UNSET,
    local_at: str | None = strawberry.UNSET,
    topic: str | None = strawberry.UNSET,
    urgent: bool | None = strawberry.UNSET,
    at_least_once: bool | None = strawberry.UNSET,
    dry_run: bool | None = strawberry.UNSET,
) -> SubmittedType:
    call, moment = info.context, given(at)
    draft = Draft(
        key=key,
        audience=_audience(to),
        message=_message(message),
        at=read_moment(moment) if moment else None,
        local_at=given(local_at, ""),
        topic=given(topic, ""),
        urgent=given(urgent, otherwise=False),
        at_least_once=given(at_least_once, otherwise=False),
        dry_run=given(dry_run, otherwise=False),
    )
    kept, is_new = await notify.telling(call).notify(
        call.caller.tenant, draft, author=call.caller.user, request_id=call.request_id
    )
    return SubmittedType(notification=shown(kept), is_new=is_new)


async def _steer(info: Info, *, id: strawberry.ID, how: str) -> NotificationType:
    call = info.context
    return shown(await notify.telling(call).steer(call.caller.tenant, id, how, f"by {call.caller.user}"))


async def _register(
    info: Info,
    *,
    device: strawberry.ID,
    channel: str,
    target: str,
    target_kind: str | None = strawberry.UNSET,
    platform: str | None = strawberry.UNSET,
    timezone: str | None = strawberry.UNSET,
    locale: str | None = strawberry.UNSET,
) -> strawberry.ID:
    message = telling.RegisterAddress(
        device=device,
        channel=channel,
        target=target,
        target_kind=given(target_kind, "url" if channel == "webhook" else "token"),
        platform=given(platform, "other"),
        timezone=given(timezone, ""),
        locale=given(locale, ""),
    )
    return strawberry.ID(await notify.register(info.context, message))


async def _retire(info: Info, *, device: strawberry.ID) -> int:
    call = info.context
    return await notify.notifier(call).retire(call.caller.tenant, call.caller.user, device)


async def _prefer(
    info: Info,
    *,
    timezone: str | None = strawberry.UNSET,
    quiet_hours: QuietHoursInput | None = strawberry.UNSET,
    muted: list[str] | None = strawberry.UNSET,
) -> bool:
    quiet = given(quiet_hours)
    message = telling.SetPreferences(
        timezone=given(timezone, ""),
        quiet_hours=telling.QuietHours(from_min=quiet.from_min, until_min=quiet.until_min) if quiet else None,
        muted=given(muted, []),
    )
    return await notify.prefer(info.context, message)


async def _subscribe(info: Info, *, topic: str) -> bool:
    call = info.context
    await notify.notifier(call).subscribe(call.caller.tenant, call.caller.user, topic)
    return True


async def _unsubscribe(info: Info, *, topic: str) -> bool:
    call = info.context
    await notify.notifier(call).unsubscribe(call.caller.tenant, call.caller.user, topic)
    return True


async def _report(info: Info, *, device: strawberry.ID, receipts: JSON) -> int:
    return await notify.report(info.context, device, receipts)


async def _notification(info: Info, *, id: strawberry.ID) -> ProgressType:
    call = info.context
    return _progress(await notify.telling(call).standing(call.caller.tenant, id))


async def _notifications(
    info: Info, *, before: strawberry.ID | None = strawberry.UNSET, limit: int | None = strawberry.UNSET
) -> list[NotificationType]:
    call = info.context
    page = await notify.telling(call).notifications(call.caller.tenant, given(before, ""), given(limit, PAGE))
    return [shown(each) for each in page]


async def _preferences(info: Info) -> PreferencesType:
    call = info.context
    kept = await notify.notifier(call).store.preferences(call.caller.tenant, call.caller.user)
    quiet = QuietHoursType(from_min=kept.quiet.from_min, until_min=kept.quiet.until_min) if kept.quiet else None
    return PreferencesType(timezone=kept.timezone, quiet_hours=quiet, muted=sorted(kept.muted))


async def _topics(
    info: Info, *, after: str | None = strawberry.UNSET, limit: int | None = strawberry.UNSET
) -> list[str]:
    call = info.context
    page = await notify.notifier(call).topics(
        call.caller.tenant, call.caller.user, given(after, ""), given(limit, PAGE)
    )
    return list(page)


@strawberry.type
class NotifyQuery:
    notification: ProgressType = strawberry.field(
        resolver=_notification, description="Where a notification stands. Needs the right notify."
    )
    notifications: list[NotificationType] = strawberry.field(
        resolver=_notifications, description="Those before an id, newest first. Needs the right notify."
    )
    preferences: PreferencesType = strawberry.field(resolver=_preferences, description="What the caller wants.")
    topics: list[str] = strawberry.field(
        resolver=_topics, description="The caller's topics after one, in order; 100 at most at once."
    )


@strawberry.type
class NotifyMutation:
    notify: SubmittedType = strawberry.field(
        resolver=_notify, description="Has something told, once a key. Needs the right notify."
    )
    steer_notification: NotificationType = strawberry.field(
        resolver=_steer, description="Tells a notification to pause, resume or cancel. Needs the right notify."
    )
    register_address: strawberry.ID = strawberry.field(
        resolver=_register, description="Keeps where the caller's device can be reached; the address's id."
    )
    retire_addresses: int = strawberry.field(
        resolver=_retire, description="Sends nothing more to the caller's device; how many addresses it had."
    )
    set_preferences: bool = strawberry.field(
        resolver=_prefer, description="Keeps what the caller wants, in the place of what was."
    )
    subscribe: bool = strawberry.field(resolver=_subscribe, description="Tells the caller what the topic is told.")
    unsubscribe: bool = strawberry.field(resolver=_unsubscribe, description="No longer.")
    report_notifications: int = strawberry.field(
        resolver=_report, description="Keeps what a device says came of what it was told."
    )
