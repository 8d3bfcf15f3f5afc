"""Who asks, as far as rates count it."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest


def network(request: HttpRequest) -> str:
    """The visitor's address; of IPv6 the network, for a visitor has as many addresses as they like."""
    address = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104 Nobody listens there.
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
