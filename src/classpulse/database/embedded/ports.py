"""A port of 127.0.0.1 for the embedded server to keep."""

import random
import socket

from classpulse.errors import DatabaseError

HOST = "127.0.0.1"

# Below those that systems hand out to outgoing connections: while the server is away, none of
# them, not even a client's that tries to reach it, can get its port.
_PORTS = range(20_000, 32_768)
_TRIED = 100


def free_port() -> int:
    """One that nobody listens on."""
    for port in random.sample(_PORTS, _TRIED):
        if is_free(port):
            return port
    raise DatabaseError(f"no port of {HOST} is free: end what listens there")


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
