"""The sync room: the log, merging, intake and pull. Imports nobody of ours."""

from homeport_sync.allow import Write
from homeport_sync.call import Call
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Outcome, Record
from homeport_sync.declaration import App
from homeport_sync.entry import Entry
from homeport_sync.errors import HomeportError
from homeport_sync.fields import Blob, field
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.load import load_app
from homeport_sync.rank import Rank
from homeport_sync.schedule import Moment
from homeport_sync.tell import Tell

__all__ = [
    "LIMITS",
    "App",
    "Blob",
    "Call",
    "Catalog",
    "Change",
    "Entry",
    "HomeportError",
    "Limits",
    "Moment",
    "Outcome",
    "Rank",
    "Record",
    "Tell",
    "Write",
    "field",
    "load_app",
]
