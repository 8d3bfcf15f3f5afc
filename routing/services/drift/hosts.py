"""The redirector's hubs, in a config.json or in Helm values, against the portal's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from routing.models import Hub
from routing.services import hosts_documents
from routing.services.drift.findings import Finding, Teller
from routing.services.exports import hosts
from routing.services.exports.facts import Facts, HubFacts
from routing.services.exports.matching import plain

SIGN: Final = re.compile(r"""(^|["'{\s])(federationRedirect|hosts)["']?\s*:""")
ADDRESSES: Final = {"health": "the health address", "versions": "the versions address"}


def compare(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """What differs; None if the file has no such hubs."""
    if not SIGN.search(text) or text.lstrip().startswith("["):
        return None
    try:
        document = hosts_documents.read(text.encode())
    except hosts_documents.DocumentError:
        if hosts_documents.BLOCK in text or text.lstrip().startswith("{"):
            raise
        return None  # Any file may have other hosts.
    block = document.data.get(hosts_documents.BLOCK, document.data)
    there = block.get("hosts") if isinstance(block, dict) else None
    if not isinstance(there, dict) or not any(isinstance(each, dict) and "url" in each for each in there.values()):
        return None
    tell = Teller("hosts", name)
    return [
        *_hubs(facts, {key: each for key, each in there.items() if each is not None}, tell),
        *_settings(facts, block, tell),
    ]


def _hubs(facts: Facts, there: Mapping[str, Any], tell: Teller) -> Iterator[Finding]:
    ours = {each.key: each for each in facts.hubs}
    # A hub under another key is another hub to the hash: it is told as such, not as missing.
    by_url = {plain(each.url): each for each in hosts.exported(facts) if each.key not in there}
    for key, values in there.items():
        if not isinstance(values, dict):
            yield tell.unknown(key)
        elif key in ours:
            yield from _hub(ours[key], values, tell)
        elif (renamed := by_url.pop(plain(str(values.get("url", ""))), None)) is not None:
            yield tell.other(renamed, "the key", key, renamed.key)
        else:
            yield tell.unknown(f"{key} at {values.get('url')}")
    for each in by_url.values():
        if each.weight or each.hub.prime:
            yield tell.missing(each, f" at {each.url} with weight {each.weight}")


def _hub(each: HubFacts, old: Mapping[str, Any], tell: Teller) -> Iterator[Finding]:
    if each.hub.state == Hub.State.RETIRED:
        yield tell.past(each)
        return
    new = hosts.entry(each)
    if not hosts.same(old.get("url"), new["url"]):
        yield tell.moved(each, str(old.get("url")))
    if not hosts.same(old.get("weight"), each.weight):
        why = "" if each.hub.state == Hub.State.ACTIVE else f", because it is {each.hub.state}"
        yield tell.weight(each, old.get("weight"), why)
    if not hosts.same(old.get("prime", False), new["prime"]):
        yield tell.prime(each)
    for key, what in ADDRESSES.items():
        # What follows from an address that differs is not told again.
        assumed = hosts.implied(key, str(old.get("url", "")).rstrip("/"))
        moved = hosts.same(old.get(key, assumed), assumed) and new[key] == hosts.implied(key, new["url"])
        if not moved and not hosts.same(old.get(key, assumed), new[key]):
            yield tell.other(each, what, old.get(key, assumed), new[key])


def _settings(facts: Facts, block: Mapping[str, Any], tell: Teller) -> Iterator[Finding]:
    """Settings that the file names; what it leaves to a default is nobody's statement."""
    for path, value in hosts.settings(facts):
        place: Any = block
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None
        if place is not None and not hosts.same(place, value):
            yield tell.setting(".".join(path), place, value)
