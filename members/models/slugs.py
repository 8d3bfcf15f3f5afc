"""Slugs: what a member's pages are called, where other pages are not called so already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

# What comes after these in an address is a member's slug, or a word.
BELOW: Final = re.compile(r"(?:api/v1/)?(?:my|members)/([a-z0-9-]+)(?:/|\.|\$|\\Z|\Z)")


def taken() -> frozenset[str]:
    """The words that other pages below /my/ and /members/ have, as the portal's addresses say now."""
    found = (BELOW.match(address) for address in _addresses(get_resolver().url_patterns))
    return frozenset(match[1] for match in found if match)


def _addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for each in patterns:
        address = before + str(each.pattern).removeprefix("^")
        if isinstance(each, URLResolver):
            yield from _addresses(each.url_patterns, address)
        else:
            yield address
