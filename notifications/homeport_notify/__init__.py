"""Telling people: what cannot wait until the app is opened goes out from here, to ten people or ten million.

The room is named and holds nothing yet. Campaigns and rules will become deliveries in tables of its own;
workers will lease them and hand them to channels (FCM, APNs, webhook). It may import a change and a scope
from ``homeport_sync`` and nothing else of ours; the house tests hold that from the first day.
"""

__all__: list[str] = []
