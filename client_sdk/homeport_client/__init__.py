"""The client room: a device with its own replica, which works offline and syncs. No server, no web framework."""

from homeport_client.announcer import Announced, Announcer, Progress
from homeport_client.device import Device
from homeport_client.errors import (
    DeviceClosed,
    DeviceError,
    LimitExceeded,
    NoServer,
    NotIndexed,
    NotInQuarantine,
    Refused,
    ReplicaForeign,
    ReplicaInUse,
    ServerError,
    StorageFull,
    Unreachable,
)
from homeport_client.group import Group
from homeport_client.http import HttpTransport
from homeport_client.intents import (
    Adding,
    Altering,
    Incrementing,
    Placing,
    Removing,
    adding,
    after,
    at_end,
    at_start,
    before,
    increment,
    removing,
)
from homeport_client.limits import DEVICE_LIMITS, UPLINK_LIMITS, DeviceLimits, UplinkLimits
from homeport_client.merges import Merge
from homeport_client.notifications import Delivered, Notifications
from homeport_client.outcomes import ChangeOutcome
from homeport_client.rejected import Rejected
from homeport_client.state import Event, State
from homeport_client.transport import Transport
from homeport_client.uplink import Uplink
from homeport_client.view import View
from homeport_sync.choice import Choice
from homeport_sync.rejections import (
    CascadeTooLarge,
    CommandRefused,
    NotPublic,
    NotUnique,
    RecordExists,
    RecordGone,
    ReferenceGone,
    Rejection,
    RoleForbidden,
    ScopeGone,
    StillReferenced,
    WrongId,
    WrongType,
)
from homeport_sync.scope import EVERYBODY

__all__ = [
    "DEVICE_LIMITS",
    "EVERYBODY",
    "UPLINK_LIMITS",
    "Adding",
    "Altering",
    "Announced",
    "Announcer",
    "CascadeTooLarge",
    "ChangeOutcome",
    "Choice",
    "CommandRefused",
    "Delivered",
    "Device",
    "DeviceClosed",
    "DeviceError",
    "DeviceLimits",
    "Event",
    "Group",
    "HttpTransport",
    "Incrementing",
    "LimitExceeded",
    "Merge",
    "NoServer",
    "NotInQuarantine",
    "NotIndexed",
    "NotPublic",
    "NotUnique",
    "Notifications",
    "Placing",
    "Progress",
    "RecordExists",
    "RecordGone",
    "ReferenceGone",
    "Refused",
    "Rejected",
    "Rejection",
    "Removing",
    "ReplicaForeign",
    "ReplicaInUse",
    "RoleForbidden",
    "ScopeGone",
    "ServerError",
    "State",
    "StillReferenced",
    "StorageFull",
    "Transport",
    "Unreachable",
    "Uplink",
    "UplinkLimits",
    "View",
    "WrongId",
    "WrongType",
    "adding",
    "after",
    "at_end",
    "at_start",
    "before",
    "increment",
    "removing",
]
