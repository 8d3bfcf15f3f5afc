"""Channels: messages to chats and webhooks, through Apprise, which knows over a hundred of them.

An address holds a secret and is typed by maintainers. It may not lead into our own network (as far as it names a host),
it is never shown, and no text that leaves this module has a part of it.
"""

from __future__ import annotations

import logging
import re
import socket
import warnings
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from django.conf import settings
from yarl import URL

from foundation import addresses
from members.services.delivery import Away, Refused, Undelivered

TIMEOUT_SECONDS: Final = 15.0
# What shows messages on the machine it runs on, where nobody looks.
LOCAL: Final = frozenset({"syslog", "dbus", "gio", "glib", "kde", "qt", "gnome", "macosx", "windows", "blink1"})
# Webhooks of our own choosing carry their secret in the address: not over plain http.
WEBHOOKS: Final = frozenset({"json", "xml", "form"})


class BadAddress(ValueError):
    """No message can be sent to this; the text says why, without the address."""


def check(address: str) -> None:
    """Raise BadAddress unless messages may go there."""
    try:
        _check_hosts(_plugin(address))
    except Away as error:
        raise BadAddress(str(error)) from None


def send(address: str, subject: str, body: str) -> None:
    """Send one message; raises Undelivered if it was not taken."""
    try:
        plugin = _plugin(address)
        _check_hosts(plugin)
    except BadAddress as error:
        raise Refused(str(error)) from None
    carrier = _apprise().Apprise(asset=_asset())
    carrier.add(plugin)
    result = carrier.notify(body=body, title=subject, body_format="text", timeout=TIMEOUT_SECONDS)
    if not result:
        raise Undelivered(_what_came_back(result, address))


@cache
def _apprise() -> Any:  # noqa: ANN401
    """Apprise; it takes a second and 50 MB, so only who sends loads it."""
    with warnings.catch_warnings():
        # Up to Python 3.12 it imports a module of the standard library that went away in 3.13.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://localhost")  # Which loads all kinds.
    # Its own log lines may name an address; what we need of them we read from the result.
    logging.getLogger("apprise").propagate = False
    return apprise


@cache
def _asset() -> Any:  # noqa: ANN401
    return _apprise().AppriseAsset(
        app_id="BinderHub federation",
        app_desc="BinderHub federation",
        app_url=settings.PORTAL_URL or "https://mybinder.org",
        # A redirect could lead where the address itself may not.
        http_redirects=False,
        service_timeout=TIMEOUT_SECONDS,
        async_mode=False,
    )


def _plugin(address: str) -> Any:  # noqa: ANN401
    scheme = address.partition("://")[0].lower()
    if scheme in LOCAL:
        raise BadAddress("This kind shows messages on the portal's own machine only.")
    plugin = _apprise().Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    if plugin is None:
        raise BadAddress("Apprise does not understand this address. Each kind has its own form: see appriseit.com.")
    return plugin


def _check_hosts(plugin: Any) -> None:  # noqa: ANN401
    if settings.ALLOW_PRIVATE_HUBS:
        return
    scheme = "http" if plugin.schema in WEBHOOKS and not plugin.secure else "https"
    for host in _hosts(plugin):
        why = _why_refused(scheme, host)
        if why:
            raise BadAddress(f"The address {why}.")


def _hosts(plugin: Any) -> list[str]:  # noqa: ANN401
    """The machines it would speak to, as far as the address names them; most services know their own."""
    named = [plugin.host] if any("{host}" in each for each in plugin.templates) else []
    return [host for host in (*named, getattr(plugin, "smtp_host", "")) if host]


def _why_refused(scheme: str, host: str) -> str:
    try:
        url = URL.build(scheme=scheme, host=host)
    except ValueError:
        return "names no host"
    return addresses.why_refused(url) or _why_unreachable(host)


def _why_unreachable(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise Away("The host of the channel's address was not found.") from None
    return "" if all(addresses.is_public(str(each[4][0])) for each in found) else "leads to a private network"


def _what_came_back(result: Any, address: str) -> str:  # noqa: ANN401
    said = [entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"}]
    words = " ".join(" ".join(dict.fromkeys(said)).split())
    return without_secrets(words, address) or "The service did not take it, and did not say why."


def without_secrets(text: str, address: str) -> str:
    """The text with every part of the address, but for its kind, blotted out."""
    rest = address.partition("://")[2]
    parts = {part for form in (rest, unquote(rest)) for part in re.split(r"[^\w.~-]+", form) if len(part) > 2}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "…")
    return text
