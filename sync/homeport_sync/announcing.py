"""The GraphQL documents by which a backend in Python tells people something: see `homeport_client.announcer`."""

from __future__ import annotations

from typing import Final

_FIELDS: Final = "id state reason"
NOTIFY: Final = (
    "mutation Notify($key: String!, $to: AudienceInput!, $message: MessageInput!, $at: String, $localAt: String,"
    " $topic: String, $urgent: Boolean, $atLeastOnce: Boolean, $dryRun: Boolean)"
    " { notify(key: $key, to: $to, message: $message, at: $at, localAt: $localAt, topic: $topic, urgent: $urgent,"
    f" atLeastOnce: $atLeastOnce, dryRun: $dryRun) {{ isNew notification {{ {_FIELDS} }} }} }}"
)
PROGRESS: Final = (
    "query Progress($id: ID!)"
    f" {{ notification(id: $id) {{ notification {{ {_FIELDS} }} expanded counts received opened }} }}"
)
STEER: Final = f"mutation Steer($id: ID!, $how: String!) {{ steerNotification(id: $id, how: $how) {{ {_FIELDS} }} }}"
