"""What DNS says of a name, asked with a time-out: it may be a stranger's, and its name server slow."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from typing import Final

SECONDS: Final = 5.0

look_up = socket.getaddrinfo


def addresses(host: str) -> set[str]:
    """The IP addresses of a host; none if it has none or DNS does not answer in time."""
    threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dns")
    try:
        found = threads.submit(look_up, host, 443, type=socket.SOCK_STREAM).result(timeout=SECONDS)
    except (OSError, UnicodeError, TooSlow):
        return set()
    finally:
        threads.shutdown(wait=False)
    return {str(each[4][0]) for each in found}
