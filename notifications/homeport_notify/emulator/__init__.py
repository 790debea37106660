"""Providers of our own making: FCM with its OAuth and APNs, so that a team tests notifications without an account.

They answer as Google and Apple do, word for word, and misbehave when they are told to; phones get what they deliver.
"""

from homeport_notify.emulator.behaviour import Behaviour
from homeport_notify.emulator.emulator import Emulator
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.emulator.phone import Inbox, Phone
from homeport_notify.emulator.push import Push
from homeport_notify.emulator.settings import EmulatorSettings

__all__ = ["Behaviour", "Emulator", "EmulatorKeys", "EmulatorSettings", "Inbox", "Phone", "Push"]
