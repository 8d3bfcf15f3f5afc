"""Which headers pass the proxy, and where a request goes: by RFC 9110 and the habits of the redirector before us."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from multidict import CIMultiDict
from yarl import URL

Headers = Sequence[tuple[bytes, bytes]]

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What is written anew for every hub: the length by how the body is sent, the rest by our rules.
REWRITTEN: Final = frozenset({b"host", b"content-length", b"expect", b"origin", b"x-binder-launch-host", b"via"})
VIA: Final = b"1.1 federation-redirector"
WITHOUT_BODY: Final = frozenset({204, 304})
# A target is printable ASCII; a fragment would be cut off, a line end would begin a header.
UNFIT: Final = re.compile(rb"[^!\"$-~]")


def first(headers: Headers, name: bytes) -> bytes | None:
    """The first value of a header."""
    return next((value for key, value in headers if key.lower() == name), None)


def is_loop(headers: Headers) -> bool:
    """Whether this request has come through here before: then a hub's address is our own."""
    return any(name.lower() == b"via" and VIA in value for name, value in headers)


def to_hub(headers: Headers, launch_host: str) -> CIMultiDict[str]:
    """The headers of the request as a hub gets them."""
    host = first(headers, b"host")
    passed = [(name, value) for name, value in _end_to_end(headers) if name not in REWRITTEN]
    if host is not None:
        passed.append((b"origin", b"https://" + host))
        if first(headers, b"x-forwarded-host") is None:
            passed.append((b"x-forwarded-host", host))
    before = [value for name, value in headers if name.lower() == b"via"]
    passed.append((b"via", b", ".join([*before, VIA])))
    passed.append((b"x-binder-launch-host", launch_host.encode()))
    return CIMultiDict((name.decode("latin-1"), _text(value)) for name, value in passed)


def to_client(status: int, headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of a hub's answer as the client gets them, repeated ones too.

    The body passes as it comes, still packed, for the client said what it can unpack: so length and encoding stay true.
    """
    return [
        (name, value.replace(b"\r", b" ").replace(b"\n", b" "))
        for name, value in _end_to_end(headers)
        if not (name == b"content-length" and status in WITHOUT_BODY)
    ]


def address(hub_url: str, raw_path: bytes, query: bytes) -> URL:
    """The same target at the hub, byte for byte; ValueError for one that is not a path."""
    target = raw_path + b"?" + query if query else raw_path
    if not target.startswith(b"/"):
        raise ValueError("not a path")
    fit = UNFIT.sub(lambda unfit: b"%%%02X" % unfit[0][0], target)
    return URL(hub_url + fit.decode("ascii"), encoded=True)


def _end_to_end(headers: Headers) -> Iterable[tuple[bytes, bytes]]:
    """The headers, in lower case, that are meant for the other end: not hop by hop, not named in Connection."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    for name, value in headers:
        lower = name.lower()
        if lower not in HOP_BY_HOP and lower not in named:
            yield lower, value


def _text(value: bytes) -> str:
    """As the HTTP client wants it; it writes UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
