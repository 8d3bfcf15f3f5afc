"""The DNS records of hubs whose names are in the federation's own domain: `X` and `*.X`, in the form of a zone file."""

from __future__ import annotations

from urllib.parse import urlsplit

from routing.services.exports.facts import Facts, HubFacts

TTL = 300


def write(facts: Facts) -> str:
    """Two records for each hub; one whose address is not known is named in a comment."""
    if not facts.domain:
        return "; The federation has no domain of its own: set REDIRECTOR_PUBLIC_URL.\n"
    lines = [line for each in facts.published for line in records(facts, each)]
    return "\n".join([f"; Hubs under {facts.domain}.", *lines]) + "\n"


def records(facts: Facts, each: HubFacts) -> list[str]:
    """The records of one hub; none for a hub with a name of its own."""
    name = name_of(facts, each)
    if not name:
        return []
    if not each.ip_address:
        return [f"; {name}. has no address here: enter it in the hub's record."]
    kind = "AAAA" if ":" in each.ip_address else "A"
    return [f"{prefix}{name}. {TTL} IN {kind} {each.ip_address}" for prefix in ("", "*.")]


def name_of(facts: Facts, each: HubFacts) -> str:
    """The hub's name in the federation's domain; empty if it has none there."""
    host = urlsplit(each.url).hostname or ""
    return host if facts.domain and host.endswith(f".{facts.domain}") else ""
