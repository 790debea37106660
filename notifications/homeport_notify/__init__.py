"""Telling people: what cannot wait until the app is opened goes out from here, to ten people or ten million.

Of ours it imports nobody but sync's nouns: changes, scopes and the root of all errors.
"""

from homeport_notify.audience import ToEveryone, ToScope, ToTopic, ToUsers
from homeport_notify.message import Message
from homeport_notify.notification import Notification

__all__ = ["Message", "Notification", "ToEveryone", "ToScope", "ToTopic", "ToUsers"]
