"""What a repository is called, from the path of its launch and back. Pure.

The name is the balancer's key without `/build/`, so that every ref of a GitHub repository has one, and whoever replays
launches by name reaches the same hub.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from routing.balancing import cache_key
from routing.usage_batches import is_name

PROVIDERS: Final = frozenset({"gh", "gist", "gl", "git", "zenodo", "figshare", "hydroshare", "dataverse", "ckan"})

_BUILD: Final = b"/build/"
_GITHUB: Final = "gh"
_ON_GITHUB: Final = re.compile(r"gh/([a-z0-9-]{1,39}/[a-z0-9._-]{1,100})", re.ASCII)


def name_of(path: bytes) -> str | None:
    """The repository that a path launches; None for what has no name that everybody may read."""
    return name_of_key(cache_key(path))


def name_of_key(key: bytes) -> str | None:
    """The same, from the balancer's key.

    An address may hold a password or a key: those with anything of the kind are not named.
    """
    if not key.startswith(_BUILD):
        return None
    name = key[len(_BUILD) :].decode("ascii", errors="replace")
    provider, _, rest = name.partition("/")
    if provider not in PROVIDERS or not is_name(name):
        return None
    plain = unquote(unquote(rest))
    return None if any(sign in plain for sign in "@?#") else name


def path_of(name: str) -> bytes:
    """A path that launches the repository, for the balancer."""
    ref = "/HEAD" if name.startswith(_GITHUB) else ""
    return f"/build/{name}{ref}".encode()


def shown(name: str) -> str:
    """The name for people; of a GitHub repository the owner and the repository are enough."""
    on_github = _ON_GITHUB.fullmatch(name)
    if on_github:
        return on_github[1]
    text = unquote(name)
    return text if text.isprintable() else name


def address(name: str) -> str:
    """Where the repository is, if that is certain; else empty."""
    on_github = _ON_GITHUB.fullmatch(name)
    return f"https://github.com/{on_github[1]}" if on_github else ""
