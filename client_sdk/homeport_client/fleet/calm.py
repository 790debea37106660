"""A network on which nothing goes wrong any more, as all are while a fleet heals, in both worlds."""

from __future__ import annotations

from homeport_client.fleet.networks import Network


def calmed(network: Network) -> Network:
    """The same network, quick and without incidents; but lost pokes stay lost, and a proxy that lets no WebSocket
    through still lets none."""
    return Network(name=network.name, lose_poke=network.lose_poke, sockets=network.sockets)
