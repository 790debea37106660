"""Everything a device can refuse or fail at, split by what the caller does next.

    HomeportError
    └── DeviceError
        ├── Unreachable      UNREACHABLE      retry: the network, or something in it, did not bring our answer
        │   └── Restarting   SERVER_RESTARTING  … at once: another process serves
        ├── Refused          REFUSED          give a new token: `Device.renew`
        ├── ServerError      (the server's)   the server answered with an error: `retryable` says whether to wait
        ├── NoServer         NO_SERVER        open the device with a server or a transport
        ├── ReplicaInUse     REPLICA_IN_USE   close the other owner of the file
        ├── ReplicaForeign   REPLICA_FOREIGN  open another file
        ├── StorageFull      STORAGE_FULL     free some space: nothing was written
        ├── NotIndexed       NOT_INDEXED      declare the field indexed
        ├── LimitExceeded    LIMIT_EXCEEDED   ask for less
        ├── NotInQuarantine  NOT_IN_QUARANTINE  look at quarantine() again
        └── DeviceClosed     DEVICE_CLOSED    open the device again

A write that does not fit its kind, or has nothing to change, raises the `Rejection` of homeport_sync.rejections
that the server would have answered with: nothing is written then.
"""

from __future__ import annotations

from homeport_sync.errors import HomeportError
from homeport_sync.wire import WireError


class DeviceError(HomeportError):
    """The device could not do this."""

    code = "DEVICE_ERROR"
    retry_after_ms: int | None = None


class Unreachable(DeviceError):
    """The server was not reached, or what answered was not Homeport: try again."""

    code = "UNREACHABLE"
    retryable = True


class Restarting(Unreachable):
    """The server's process stopped as planned: connect again at once, another one serves."""

    code = "SERVER_RESTARTING"
    retry_after_ms = 0


class Refused(DeviceError):
    """The server refused the token: give the device a new one."""

    code = "REFUSED"


class ServerError(DeviceError):
    """The server answered with an error. `code`, `retryable` and `retry_after_ms` (None: not said) are its own."""

    def __init__(self, error: WireError) -> None:
        super().__init__(error.message)
        self.code: str = error.code  # type: ignore[misc]  # every server error has its own
        self.retryable: bool = error.extensions.get("retryable") is True  # type: ignore[misc]
        self.extensions = error.extensions
        after = error.extensions.get("retryAfterMs")
        self.retry_after_ms = int(after) if isinstance(after, int | float) and after > 0 else None


class NoServer(DeviceError):
    """The device was opened without a server: open it with server=… and token=…, or with a transport."""

    code = "NO_SERVER"


class ReplicaInUse(DeviceError):
    """The replica file is open already: one process owns it at a time."""

    code = "REPLICA_IN_USE"


class ReplicaForeign(DeviceError):
    """The file is not a replica of this app: open another one."""

    code = "REPLICA_FOREIGN"


class StorageFull(DeviceError):
    """The phone's storage is full and nothing was written: free some space, and write again."""

    code = "STORAGE_FULL"


class NotIndexed(DeviceError):
    """Only an indexed field can be filtered and ordered by: declare it with field(indexed=True)."""

    code = "NOT_INDEXED"


class LimitExceeded(DeviceError):
    """More was asked for than is given at once: ask for less."""

    code = "LIMIT_EXCEEDED"


class NotInQuarantine(DeviceError):
    """No rejected change waits at this place: it was replayed or dismissed."""

    code = "NOT_IN_QUARANTINE"


class DeviceClosed(DeviceError):
    """The device is closed: open it again."""

    code = "DEVICE_CLOSED"


def server_error(error: WireError) -> Refused | ServerError:
    """What a GraphQL error means to a device: `Refused` if it is about the token, else `ServerError`."""
    if error.code in ("UNAUTHENTICATED", "TENANT_UNKNOWN") or error.code.startswith("TOKEN_"):
        return Refused(f"{error.message} ({error.code}): give the device a new token with renew().")
    return ServerError(error)
