"""Web addresses that people typed and others will click on."""

from __future__ import annotations

import re
from typing import Final

from yarl import URL

SCHEMES: Final = frozenset({"https", "http"})
HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\.?")


class BadLink(ValueError):
    """This is no address that may be linked to; the text says why."""


def plain(address: str) -> str:
    """The address as browsers ask for it, its host in ASCII, so that no look-alike letters pass for others.

    Only http and https, without user name and password; BadLink for everything else.
    """
    try:
        url = URL(address.strip())
        host = (url.raw_host or "").lower()
    except ValueError as error:
        raise BadLink("This is not a web address.") from error
    if url.scheme not in SCHEMES or not HOST.fullmatch(host):
        raise BadLink("A web address begins with https:// and names a host, such as https://example.org.")
    if url.user is not None or url.password is not None:
        raise BadLink("Leave out the user name and password: everybody will see this address.")
    return str(url)
