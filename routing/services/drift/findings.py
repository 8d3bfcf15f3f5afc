"""One thing that differs, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from routing.services.exports.facts import HubFacts

MISSING: Final = "missing"
EXTRA: Final = "extra"
URL: Final = "url"
WEIGHT: Final = "weight"
PRIME: Final = "prime"
PAST: Final = "past"
OTHER: Final = "other"


@dataclass(frozen=True)
class Finding:
    """What differs: in which list, of what kind, of which hub and member (empty if none of ours), in a sentence."""

    list: str
    kind: str
    hub: str
    member: str
    text: str


@dataclass(frozen=True)
class Teller:
    """Makes the findings of one list in one file."""

    list: str
    file: str

    def missing(self, each: HubFacts, where: str = "") -> Finding:
        """A hub that should be there."""
        return self._of(
            each, MISSING, f"{self.file} does not list {each.hub.name}; the portal has it{where or _at(each)}."
        )

    def unknown(self, named: str) -> Finding:
        """An entry that is no hub of ours."""
        text = f"{self.file} lists {shown(named)}; the portal knows no such hub."
        return Finding(self.list, EXTRA, "", "", text)

    def moved(self, each: HubFacts, old: str) -> Finding:
        """A hub with another address."""
        text = f"{self.file} still lists {each.hub.name} at {shown(old)}; the portal has {each.url}."
        return self._of(each, URL, text)

    def past(self, each: HubFacts, how: str = "lists") -> Finding:
        """A hub that left, among those that did not."""
        return self._of(each, PAST, f"{self.file} still {how} {each.hub.name}; it left the federation.")

    def returned(self, each: HubFacts) -> Finding:
        """A hub that did not leave, among those that did."""
        return self._of(each, PAST, f"{self.file} says that {each.hub.name} left; in the portal it takes part.")

    def weight(self, each: HubFacts, old: object, why: str = "") -> Finding:
        """A hub with another weight."""
        text = f"{self.file} gives {each.hub.name} the weight {shown(old)}; the portal has {each.weight}{why}."
        return self._of(each, WEIGHT, text)

    def prime(self, each: HubFacts) -> Finding:
        """A hub that is the prime on one side only."""
        here = "in the portal it is" if each.hub.prime else "in the portal it is not"
        there = "does not have" if each.hub.prime else "has"
        return self._of(each, PRIME, f"{self.file} {there} {each.hub.name} as the prime; {here}.")

    def other(self, each: HubFacts, what: str, old: object, new: object) -> Finding:
        """A hub of which something else differs."""
        text = f"{self.file} has {shown(old)} as {what} of {each.hub.name}; the portal has {shown(new)}."
        return self._of(each, OTHER, text)

    def setting(self, name: str, old: object, new: object) -> Finding:
        """A setting of the federation that differs."""
        text = f"{self.file} sets {name} to {shown(old)}; the portal has {shown(new)}."
        return Finding(self.list, OTHER, "", "", text)

    def _of(self, each: HubFacts, kind: str, text: str) -> Finding:
        return Finding(self.list, kind, each.key, each.member.slug, text)


def shown(value: object) -> str:
    """Something of a file as people may see it: one short line, without a password."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())
    text = re.sub(r"(?<=//)[^/@\s]*@", "", text)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _at(each: HubFacts) -> str:
    return f" at {each.url}"
