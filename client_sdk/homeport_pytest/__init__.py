"""The pytest plugin, for tests of apps: simulated fleets, virtual time, networks, real devices and a real server.

pytest loads this package in every project that Homeport is installed for, so it loads nothing until a fixture is used.
"""

from homeport_pytest.protocols import Devices, Fleets, Networks, NetworkValues, ScriptValues, Server, VirtualTime

__all__ = [
    "Devices",
    "Fleets",
    "NetworkValues",
    "Networks",
    "ScriptValues",
    "Server",
    "VirtualTime",
]
