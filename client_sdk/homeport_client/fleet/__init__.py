"""The simulated world: many real devices, one server, a bad network, one seed; and the checkers that judge it."""

from homeport_client.fleet.check import Evidence, Verdict, judge
from homeport_client.fleet.fleet import Fleet, Report
from homeport_client.fleet.network import NetworkFaults
from homeport_client.fleet.script import Script
from homeport_client.fleet.server import ServerFaults

__all__ = ["Evidence", "Fleet", "NetworkFaults", "Report", "Script", "ServerFaults", "Verdict", "judge"]
