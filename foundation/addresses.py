"""Which addresses belong to the public internet, and which an outgoing request must never reach."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from yarl import URL

# Addresses that carry an IPv4 address inside: what counts is where the packet ends up.
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# All of the IPv6 internet is in here, and these parts of it are not for hosts, or tunnel to an IPv4 address (6to4).
IPV6_INTERNET: Final = ipaddress.IPv6Network("2000::/3")
REFUSED: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def is_public(address: str) -> bool:
    """Whether a packet to this IP address goes to a host on the public internet, and nowhere nearer."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inside = _inside(ip)
        if inside is None and (ip not in IPV6_INTERNET or ip.scope_id):
            return False
        ip = inside or ip
    return ip.is_global and not any(ip.version == net.version and ip in net for net in REFUSED)


def _inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a mapped or translated IPv6 address stands for."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped


def why_refused(url: URL | str, *, allow_private: bool = False) -> str:
    """Why no request may go to this URL, as far as can be told without asking DNS; empty when one may."""
    try:
        url = URL(url)
        host = url.raw_host
        port = url.port
    except ValueError:
        return "is not a web address"
    if url.scheme not in {"https", "http"} or not host or not port:
        return "is not a web address"
    if url.user is not None or url.password is not None:
        return "holds a user name or password"
    if allow_private:
        return ""
    if url.scheme != "https":
        return "is not https"
    return _why_host_refused(host.rstrip(".").lower())


def _why_host_refused(host: str) -> str:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return "names a private host"
    if _is_literal(host):
        return "" if is_public(host) else "is a private address"
    try:
        socket.inet_aton(host)
    except OSError:
        return ""
    return "hides an address behind an unusual spelling"  # 127.1, 0x7f000001, 2130706433, 0177.0.0.1


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
