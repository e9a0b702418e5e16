"""Who a request is counted for where nobody is known yet: its network address."""

import ipaddress

from starlette.requests import HTTPConnection

# What one subscriber of IPv6 gets: who has one address of it has them all.
_IPV6_PREFIX = 64


def address_of(conn: HTTPConnection) -> str:
    """The client's IPv4 address, or its IPv6 network; behind a trusted proxy that of the client."""
    return network_of(conn.client.host if conn.client else "")


def network_of(host: str) -> str:
    """What counts as one address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
