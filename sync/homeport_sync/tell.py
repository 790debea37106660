"""Whom to tell of a change, and what: the app's notifications, declared above the functions that say so.

    @app.notification(kinds=[Task], ops=["create", "update"])
    def assigned(entry: Entry, task: Mapping[str, object] | None) -> Tell | None:
        if entry.fields.get("assignee") and task:
            return Tell(users=str(entry.fields["assignee"]), title=f"{task['title']} is yours now")
        return None

Such a function is asked on the server, after the write is over, and never on a device. It is short and pure: it may be
asked again, and what it says first is what is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from homeport_sync.entry import Entry
from homeport_sync.errors import BadTell
from homeport_sync.values import PythonValue
from homeport_sync.watching import Watches

TELLS_MAX: Final = 20  # of one change by one rule
TRIES_MAX: Final = 10  # of a rule that raises: about eight minutes of pauses
TTL_S: Final = 7 * 86_400  # who was away for a week is told by the app what there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One thing to tell about a change.

    To whom: to one of `users` (a name, or a list of names), to the members of the change's `scope`, or to all who
    subscribe to a `topic`. The device that made the change is never told; nor is its user, unless `author_too` (who
    subscribes to a topic is told on their other devices). Without a `title` and a `body` it is silent. `data` is text
    for the app; of those with the same `collapse_key` a device that was away shows the last. What cannot be delivered
    within `ttl_s` seconds is given up. Not `urgent`, it keeps quiet hours. `at_least_once`: told twice in doubt, and
    not perhaps never. `mute_as` is the topic under which users can say that they do not want it: the rule's own name,
    or the `topic`, unless given.
    """

    users: str | Sequence[str] = ()
    scope: bool = False
    topic: str = ""
    title: str = ""
    body: str = ""
    image: str = ""
    link: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    collapse_key: str = ""
    priority: Literal["normal", "high"] = "high"
    ttl_s: int = TTL_S
    urgent: bool = False
    at_least_once: bool = False
    author_too: bool = False
    mute_as: str = ""

    def __post_init__(self) -> None:
        """Raises `BadTell` unless it says in one way whom to tell."""
        if not isinstance(self.scope, bool):
            raise BadTell("scope= of a Tell is True or False: the members of the change's own scope are told.")
        if (self.users not in ("", (), [])) + self.scope + (self.topic != "") != 1:
            raise BadTell("A Tell is to users=, to scope=True or to topic=: say one of them.")

    @property
    def named(self) -> tuple[str, ...]:
        """The users it names, each once."""
        return tuple(dict.fromkeys([self.users] if isinstance(self.users, str) else self.users))


Told: TypeAlias = Tell | Sequence[Tell] | None
# Given the change, and its record as it is by now: all its fields, None if it is deleted.
Tells: TypeAlias = Callable[[Entry, Mapping[str, PythonValue] | None], Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Watches):
    """As declared: `function` says for each change that it watches whom to tell. Like a follower it begins with what is
    accepted after it began."""

    function: Tells

    @property
    def place_name(self) -> str:
        """What its place in each log is kept under."""
        return f"notify:{self.name}"

    def tells(self, entry: Entry, record: Mapping[str, PythonValue] | None) -> Sequence[Tell]:
        """What the function says, as a list. Raises whatever it raises, and `BadTell`."""
        told = self.function(entry, record)
        listed = [] if told is None else [told] if isinstance(told, Tell) else told
        if not isinstance(listed, list | tuple) or not all(isinstance(each, Tell) for each in listed):
            raise BadTell(f"{self.name} returned {type(told).__name__}: return a Tell, a list of them, or None.")
        if len(listed) > TELLS_MAX:
            raise BadTell(f"{self.name} returned {len(listed)} Tells for one change; {TELLS_MAX} at most.")
        return listed
