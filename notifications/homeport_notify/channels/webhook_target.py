"""Where a webhook may go: to the public internet, unless private addresses are allowed.

A URL is somebody's input, and the server stands inside a network. So its name is looked up once, every address that it
has is checked, and the connection goes to the address that was checked: a name that points elsewhere a moment later
(DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# The addresses of a host, in the order they are to be tried. Raises `OSError`.
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # the last 32 bits are an address of IPv4
# Not every Python knows that these are nobody's on the internet: addresses of protocols, a network's own translation of
# IPv4, and what was called private in IPv6 before fc00::/7 was.
_INSIDE: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10")))


async def resolve(host: str, port: int) -> Sequence[str]:
    """As `Resolve` says, by the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether it is reached through the public internet: neither loopback, link-local, private, shared, multicast nor
    reserved, also where it is wrapped into one of IPv6."""
    try:
        ip: IpAddress = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = (
            ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None)
        )
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in inside for inside in _INSIDE))
