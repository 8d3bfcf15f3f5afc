"""The hot path: from a request for a launch to the bytes of its redirect, by one pure function.

The protocol writes these bytes as they are; the ASGI application, for requests that are not plain, says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Final, NamedTuple

from routing.redirector.counters import COOKIE
from routing.redirector.table import Table

LAUNCH: Final = b"/build/"
CORS: Final = (b"access-control-allow-origin: *", b"access-control-allow-headers: cache-control")

_END: Final = b"\r\n\r\n"

# A number is found in bytes ten times as fast as a string of length one.
_QUESTION_MARK: Final = ord("?")
_SEMICOLON: Final = ord(";")


class Moment(NamedTuple):
    """What every redirect of one second has in common."""

    date: bytes
    head: bytes
    expires: bytes
    expires_then_path: bytes


def moment(now: float, cookie_age: float) -> Moment:
    """The common parts at a time, in seconds since the epoch."""
    date = formatdate(now, usegmt=True).encode()
    expires = formatdate(now + cookie_age, usegmt=True).encode()
    lines = (b"HTTP/1.1 307 Temporary Redirect", b"date: " + date, *CORS, b"content-length: 0", b"location: ")
    return Moment(date, b"\r\n".join(lines), expires, expires + b"; Path=")


def redirect(target: bytes, cookie: bytes | None, table: Table, at: Moment) -> tuple[bytes, int]:
    """The whole answer to a request for a launch, and the cell of the counters it belongs to.

    `target` is in origin form and without a fragment, as the parser let it through: printable ASCII, so that it cannot
    end a header. A visitor comes back to the hub of the cookie while that hub is in rotation. Why this hub is in a
    header that scripts of other pages cannot read: what a browser follows by itself it shows to none of them.
    """
    path = target.partition(b"?")[0] if _QUESTION_MARK in target else target
    place = None if cookie is None else sticky(cookie, table.sticky)
    if place is None:
        place, reason = table.choose(path)
    else:
        reason = COOKIE
        table.note(path, place)
    route = table.routes[place]
    cell, reason_and_cookie = route.ways[reason]
    if _SEMICOLON in path:
        # A cookie's Path ends at a semicolon. Without a Path browsers take the directory of the request, semicolon and
        # all: the cookie then holds for every ref of this repository, and comes back.
        return b"".join((at.head, route.url, target, reason_and_cookie, at.expires, _END)), cell
    return b"".join((at.head, route.url, target, reason_and_cookie, at.expires_then_path, path, _END)), cell


def sticky(cookie: bytes, places: Mapping[bytes, int]) -> int | None:
    """The place of the hub that a Cookie header names, quoted or bare; None without one that is in rotation.

    Browsers send the cookie of the longest path first, so the first one that can be honoured is the right one.
    """
    for pair in cookie.split(b";"):
        name, _, value = pair.partition(b"=")
        if name.strip() == b"host":
            place = places.get(value.strip().strip(b'"'))
            if place is not None:
                return place
    return None
