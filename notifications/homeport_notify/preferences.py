"""What a user wants to be told, and when: asked at the last moment, so that a "no" takes effect in mid-campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from homeport_notify import limits
from homeport_notify.errors import BadPreferences
from homeport_sync.scope import is_name

DAY_MIN = 24 * 60
ALL = "*"


class QuietHours(msgspec.Struct, frozen=True):
    """Minutes of the user's own day, `from_min` inclusive to `until_min` exclusive; over midnight if it is smaller."""

    from_min: int
    until_min: int


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """`timezone` is IANA's name ("": the device's own, else UTC). `muted` are topics; `*` is everything."""

    timezone: str = ""
    quiet: QuietHours | None = None
    muted: frozenset[str] = frozenset()

    def mutes(self, topic: str) -> bool:
        """Whether the user does not want what is told under the topic ("" for none)."""
        return ALL in self.muted or (topic != "" and topic in self.muted)


NO_PREFERENCES = Preferences()


def check_preferences(preferences: Preferences) -> None:
    """Raises `BadPreferences`, saying what is expected."""
    if preferences.timezone:
        zone(preferences.timezone)
    quiet = preferences.quiet
    if quiet and not (0 <= quiet.from_min < DAY_MIN and 0 <= quiet.until_min < DAY_MIN):
        raise BadPreferences("Quiet hours are minutes of the day, 0 to 1439: send 1320 and 420 for 22:00 to 7:00.")
    if quiet and quiet.from_min == quiet.until_min:
        raise BadPreferences('Quiet hours that end where they begin are none or the whole day: mute "*" for that.')
    if len(preferences.muted) > limits.TOPICS_A_USER_MAX:
        raise BadPreferences(f"{len(preferences.muted):,} topics are muted; {limits.TOPICS_A_USER_MAX} at most.")
    for topic in preferences.muted:
        if not is_name(topic) or len(topic) > limits.TOPIC_LENGTH_MAX:
            raise BadPreferences(f"{topic[:40]!r} is no topic: 1 to {limits.TOPIC_LENGTH_MAX} characters.")


def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises `BadPreferences`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadPreferences(f"There is no time zone {name[:60]!r}: send IANA's name, such as Europe/Rome.") from None


def quiet_until_ms(quiet: QuietHours, own: ZoneInfo, now_ms: int) -> int | None:
    """When the quiet hours end that hold now, in milliseconds since 1970; None if none do.

    They are hours of the wall clock, whatever a daylight-saving change makes of their length. An end that the clock
    jumps over comes when it has jumped; one that it passes twice comes at the first time.
    """
    now = datetime.fromtimestamp(now_ms / 1_000, UTC).astimezone(own)
    at_min = now.hour * 60 + now.minute
    over_midnight = quiet.until_min < quiet.from_min
    inside = (
        at_min >= quiet.from_min or at_min < quiet.until_min
        if over_midnight
        else quiet.from_min <= at_min < quiet.until_min
    )
    if not inside:
        return None
    tomorrow = over_midnight and at_min >= quiet.from_min
    day = now.date() + timedelta(days=1 if tomorrow else 0)
    end = datetime(day.year, day.month, day.day, quiet.until_min // 60, quiet.until_min % 60, tzinfo=own)
    end_ms = int(end.timestamp() * 1_000)
    return end_ms if end_ms > now_ms else None


def local_ms(wall: datetime, own: ZoneInfo) -> int:
    """When that wall clock time comes in the zone, in milliseconds since 1970 (see `quiet_until_ms` of changes)."""
    return int(wall.replace(tzinfo=own).timestamp() * 1_000)


def too_many_topics(user: str) -> BadPreferences:
    """What whoever subscribes to one more is told."""
    return BadPreferences(
        f"{user[:40]!r} subscribes to {limits.TOPICS_A_USER_MAX} topics already: unsubscribe from one first.",
        limit=limits.TOPICS_A_USER_MAX,
    )
