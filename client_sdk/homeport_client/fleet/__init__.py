"""The fleet: many real devices on bad networks, one seed, and the checkers that judge what became of the data."""

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.check.data import Data
from homeport_client.fleet.check.judge import Verdict
from homeport_client.fleet.networks import NETWORKS, Gaps, Network
from homeport_client.fleet.persona import Persona
from homeport_client.fleet.played import Played
from homeport_client.fleet.playing import load_invariants, play_story
from homeport_client.fleet.script import Phase, Script, ramp, spike, steady
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.sim.server import ServerFaults
from homeport_client.fleet.sim.world import Setup
from homeport_client.fleet.story import Handset, Step, Story

__all__ = [
    "NETWORKS",
    "Actor",
    "Data",
    "Fleet",
    "Gaps",
    "Handset",
    "Network",
    "Persona",
    "Phase",
    "Played",
    "Script",
    "ServerFaults",
    "Setup",
    "Step",
    "Story",
    "Verdict",
    "load_invariants",
    "play_story",
    "ramp",
    "spike",
    "steady",
]
