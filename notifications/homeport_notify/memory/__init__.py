"""The store of notifications in memory: every port in plain dictionaries, for tests and simulated worlds."""

from homeport_notify.memory.store import MemoryNotifyStore

__all__ = ["MemoryNotifyStore"]
