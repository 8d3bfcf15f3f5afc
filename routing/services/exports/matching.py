"""Which entry of somebody else's list is which hub: by its address, else by the only hub whose names it bears."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from routing.services.exports.facts import HubFacts, words


def match(hubs: Sequence[HubFacts], entries: Sequence[tuple[str, str]]) -> list[HubFacts | None]:
    """For each entry, an address and what else it is called, the hub that it stands for; no hub twice."""
    by_url = {plain(hub.url): hub for hub in hubs}
    found = [by_url.pop(plain(url), None) for url, _ in entries]
    for number, (url, name) in enumerate(entries):
        if found[number] is None:
            rest = list(by_url.values())
            hub = _only(_named(rest, words(_address(url)))) or _only(_named(rest, words(name)))
            if hub is not None:
                found[number] = by_url.pop(plain(hub.url))
    return found


def by_names(hubs: Sequence[HubFacts], names: Sequence[str]) -> list[HubFacts | None]:
    """For each name the hub that bears it: exactly, else as the only one that has one of its words."""
    rest = list(hubs)
    found: list[HubFacts | None] = [None] * len(names)
    for number, name in enumerate(names):
        exact = (each for each in rest if name.casefold() in (each.release.casefold(), each.grafana_name.casefold()))
        found[number] = next(exact, None)
        if found[number] is not None:
            rest.remove(found[number])  # type: ignore[arg-type]
    for number, name in enumerate(names):
        if found[number] is None and (hub := _only(_named(rest, words(name)))) is not None:
            found[number] = hub
            rest.remove(hub)
    return found


def plain(url: str) -> str:
    """An address without what makes no difference."""
    return url.strip().rstrip("/").casefold()


def _address(url: str) -> str:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        return f"{parts.hostname or ''} {parts.path}"
    except ValueError:
        return ""


def _named(hubs: Sequence[HubFacts], telling: Sequence[str]) -> list[HubFacts]:
    return [hub for hub in hubs if hub.names & set(telling)]


def _only(hubs: Sequence[HubFacts]) -> HubFacts | None:
    return hubs[0] if len(hubs) == 1 else None
