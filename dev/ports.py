"""Ports on loopback: which are free, which are taken."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on at this moment; use it soon."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could not listen on this port now."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not stop a server, so they must not stop the probe.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
