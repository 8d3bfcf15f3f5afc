"""Which web addresses a hub may have: one rule, asked by every way in (admin, import, API, services)."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

# Also the database's constraint. A host without a user, no query, no fragment, no slash at the end; and nothing that
# would break the cookie that carries the address.
SHAPE = r"^https?://[A-Za-z0-9.:_\[\]-]+(/[!$-:=A-Z\[\]_a-z~]*[!$-.0-:=A-Z\[\]_a-z~])?$"


def hub_address(url: str) -> None:
    """Refuse (ValidationError) what is no address of a hub; outside development also plain http and private hosts."""
    if not re.fullmatch(SHAPE, url) or url.endswith("\n") or not _host(url):
        raise ValidationError(
            "A web address with https:// in front, without user, query, fragment or a slash at the end.", code="shape"
        )
    if settings.ALLOW_PRIVATE_HUBS:
        return
    if not url.startswith("https://"):
        raise ValidationError("Only https:// addresses are allowed.", code="https")
    if _is_private(_host(url)):
        raise ValidationError("An address on a private or local network is not allowed.", code="private")


def tidy(url: str) -> str:
    """The address as we keep it: no blanks around it, no slashes at its end."""
    return url.strip().rstrip("/")


def own_domain() -> str:
    """The federation's own domain, such as mybinder.org, in which hubs may have a name; empty where it has none."""
    host = _host(settings.REDIRECTOR_URL)
    return host if re.search(r"[a-z]", host) and "." in host else ""


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Raises for a port that is none.
        return parts.hostname or ""
    except ValueError:
        return ""


def _is_private(host: str) -> bool:
    """Whether the host is so by its name alone; what a name resolves to is guarded where the request goes out."""
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith((".localhost", ".local", ".internal")) or "." not in name
