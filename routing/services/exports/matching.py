"""Which entry of somebody else's list is which hub: by its address, else by the only hub whose names it bears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from urllib.parse import urlsplit

from routing.services.exports.facts import HubFacts, words


def match(
    hubs: Sequence[HubFacts],
    entries: Sequence[tuple[str, str]],
    address: Callable[[HubFacts], str] = attrgetter("url"),
) -> list[HubFacts | None]:
    """For each entry, an address and what else it is called, the hub that it stands for; no hub twice."""
    own = own_words(hubs)
    by_address = {bare(address(hub)): hub for hub in hubs}
    found = [by_address.pop(bare(url), None) for url, _ in entries]
    for number, (url, name) in enumerate(entries):
        if found[number] is None:
            rest = list(by_address.values())
            hub = _only(rest, own, words(_telling(url))) or _only(rest, own, words(name))
            if hub is not None:
                found[number] = by_address.pop(bare(address(hub)))
    return found


def by_names(hubs: Sequence[HubFacts], names: Sequence[str]) -> list[HubFacts | None]:
    """For each name the hub that bears it: exactly, else as the only one that has one of its words."""
    own, rest = own_words(hubs), list(hubs)
    found: list[HubFacts | None] = [None] * len(names)
    for number, name in enumerate(names):
        exact = (each for each in rest if name.casefold() in (each.release.casefold(), each.grafana_name.casefold()))
        found[number] = next(exact, None)
        if found[number] is not None:
            rest.remove(found[number])  # type: ignore[arg-type]
    for number, name in enumerate(names):
        if found[number] is None and (hub := _only(rest, own, words(name))) is not None:
            found[number] = hub
            rest.remove(hub)
    return found


def plain(url: str) -> str:
    """An address without what makes no difference."""
    return url.strip().rstrip("/").casefold()


def bare(url: str) -> str:
    """An address without its scheme: not every list tells that."""
    return plain(url).rpartition("//")[2]


def _telling(url: str) -> str:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        return f"{parts.hostname or ''} {parts.path}"
    except ValueError:
        return ""


def own_words(hubs: Sequence[HubFacts]) -> dict[str, frozenset[str]]:
    """The words that stand for one hub alone, by its key: those of a domain that all are in tell nothing."""
    counts = Counter(word for hub in hubs for word in hub.names)
    return {hub.key: frozenset(word for word in hub.names if counts[word] == 1) for hub in hubs}


def _only(hubs: Sequence[HubFacts], own: Mapping[str, frozenset[str]], telling: Sequence[str]) -> HubFacts | None:
    found = [hub for hub in hubs if own[hub.key] & set(telling)]
    return found[0] if len(found) == 1 else None
