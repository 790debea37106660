"""How the verbs about notifications print what there is: a line each, or a table where somebody looks at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from homeport_sync.entry import moment_of

if TYPE_CHECKING:
    from homeport_notify.address import Address
    from homeport_notify.chunk import DeadLetter
    from homeport_notify.notification import Notification
    from homeport_notify.preferences import Preferences
    from homeport_server.notify.notifier import Standing

_BAR = 40


def moment(ms: int) -> str:
    """A time as people read it, in UTC."""
    return f"{moment_of(ms):%Y-%m-%dT%H:%M:%S}Z"


def list_line(each: Notification) -> str:
    """One notification of many."""
    words = each.message.title or each.message.body or "(silent)"
    return f"{each.id}  {each.state}  {each.lane}  due {_due(each)}  {words}"


def address_line(each: Address) -> str:
    """One address of a user. The target is shortened: whoever has it can send to it."""
    state = f"retired: {each.retired}" if each.retired else "lives"
    strikes = f"  strikes {each.strikes}" if each.strikes else ""
    where = f"{each.channel}  {each.platform}  {each.device or '-'}"
    zone = f"  {each.timezone}" if each.timezone else ""
    return f"{each.id}  {where}  {each.target[:12]}…  {state}{strikes}{zone}  seen {moment(each.seen_at_ms)}"


def wishes_of(preferences: Preferences) -> Iterator[str]:
    """What a user has said of when and what they want to be told, a line each."""
    if preferences.timezone:
        yield f"timezone:  {preferences.timezone}"
    if quiet := preferences.quiet:
        yield f"quiet:     {_clock(quiet.from_min)} to {_clock(quiet.until_min)}"
    if preferences.muted:
        yield f"muted:     {', '.join(sorted(preferences.muted))}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def dead_line(each: DeadLetter) -> str:
    """One delivery that was given up."""
    again = "  replayed" if each.replayed else ""
    return f"{each.address}  {each.code}  {moment(each.failed_at_ms)}{again}  {each.detail}".rstrip()


def facts_of(standing: Standing) -> Iterator[tuple[str, str]]:
    """All that is known of a notification, by name."""
    each = standing.progress.notification
    yield "id", each.id
    yield "state", f"{each.state}: {each.reason}" if each.reason else each.state
    yield "lane", each.lane
    yield "key", each.key
    yield "title", each.message.title
    yield "body", each.message.body
    yield "by", each.author
    yield "due", _due(each)
    yield "expires", moment(each.expires_at_ms)
    if each.dry_run:
        yield "dry run", "nobody is shown it"
    yield "audience", "known" if standing.progress.expanded else "not wholly known yet"
    for name, count in _counts(standing).items():
        yield name, f"{count:,}"
    yield "received", f"{standing.received:,}"
    yield "opened", f"{standing.opened:,}"


def hints_of(standing: Standing, tenant: str) -> Iterator[str]:
    """Where to look next, of what does not explain itself."""
    each, counts = standing.progress.notification, _counts(standing)
    if counts.get("failed"):
        yield f"why they failed: homeport notify dead {tenant} {each.id}"
    if standing.progress.expanded and not counts:
        yield f"no device of whom it is for has registered: homeport notify addresses {tenant} USER"
    if each.state == "running" and counts.get("waiting"):
        yield "what waits: for its turn, for quiet hours or a local time to be over, or for a provider that fails; of"
        yield "such a one /readyz and the sender's log lines `deliveries fail` and `channel closed` say why"


def bar(standing: Standing) -> str:
    """How much of what is known is over, drawn."""
    from homeport_server.notify.overview import sight_of

    sight = sight_of(standing)
    full = round(_BAR * sight.over / sight.known) if sight.known else 0
    return f"[{'#' * full}{'.' * (_BAR - full)}] {sight.over:,} of {sight.known:,}"


def _counts(standing: Standing) -> Mapping[str, int]:
    from homeport_server.notify.overview import sight_of

    return sight_of(standing).counts


def _due(each: Notification) -> str:
    return f"{each.local_time} local" if each.local_time else moment(each.due_at_ms)
