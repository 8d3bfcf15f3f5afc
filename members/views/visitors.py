"""Who asks, as far as rates count it."""

from __future__ import annotations

import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest


def network(request: HttpRequest) -> str:
    """The visitor's address, behind as many proxies as we trust; of IPv6 the network, for it has addresses for all."""
    address = ipaddress.ip_address(get_adapter(request).get_client_ip(request))
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
