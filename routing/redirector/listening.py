"""The address that the redirector listens on, and how it stops listening without turning away anyone it let in."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import sys
from typing import Final

# Linux's SO_ATTACH_FILTER, and a program in the language of classic BPF: code, jump if true, jump if false, value.
_ATTACH_FILTER: Final = 26
_DROP_SYN: Final = (
    (0x30, 0, 0, 13),  # load the flags of the TCP header
    (0x54, 0, 0, 0x12),  # of these SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone begins a connection:
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # let all others through
)


def bind(host: str, port: int) -> socket.socket:
    """The socket to listen on; OSError when the address cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """Where the listener can be reached, as people write it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def admit_no_more(listener: socket.socket) -> None:
    """Let no new connection begin on this socket, in whatever process; those that have begun can still be accepted.

    Whoever knocks now is not answered and knocks again after a second: at another redirector, or at nobody. Closing the
    socket at once would instead reset connections that the kernel made and nobody had accepted yet. Only on Linux.
    """
    if not sys.platform.startswith("linux"):
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    with contextlib.suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", len(_DROP_SYN), ctypes.addressof(program))
        )
