"""What production refuses to start with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET_KEY = 50


def refuse_unsafe(
    *, debug: bool, secret_key: str, development_key: str, allowed_hosts: Sequence[str], allow_private_hubs: bool
) -> None:
    """Raise ImproperlyConfigured with everything that has to be set before this may face the internet."""
    faults = [
        *_debug(debug, allow_private_hubs),
        *_secret_key(secret_key, development_key),
        *_hosts(allowed_hosts),
    ]
    if faults:
        raise ImproperlyConfigured("FEDERATION_MODE=production refuses to start. " + " ".join(faults))


def refuse_days(days: Sequence[int]) -> None:
    """Raise ImproperlyConfigured unless letters can go out on these days before a meeting."""
    if not days or min(days) < 1:
        raise ImproperlyConfigured("MEETING_REMINDER_DAYS names one day at least, such as 7,1; each is 1 or more.")


def _debug(debug: bool, allow_private_hubs: bool) -> Iterator[str]:
    if debug:
        yield "Set DEBUG=0 or leave it out: it shows the inside of the program to everybody."
    if allow_private_hubs:
        yield "Set ALLOW_PRIVATE_HUBS=0 or leave it out: hubs must have https:// and public addresses."


def _secret_key(secret_key: str, development_key: str) -> Iterator[str]:
    if secret_key == development_key:
        yield f"Set SECRET_KEY to {SHORTEST_SECRET_KEY} or more random characters: the development key is public."
    elif len(secret_key) < SHORTEST_SECRET_KEY or len(set(secret_key)) < 5:
        yield f"Set SECRET_KEY to {SHORTEST_SECRET_KEY} or more random characters: this one can be guessed."


def _hosts(allowed_hosts: Sequence[str]) -> Iterator[str]:
    if not allowed_hosts:
        yield "Set ALLOWED_HOSTS to the portal's host names, such as portal.example.org."
    elif any(host.strip() in {"*", "."} for host in allowed_hosts):
        yield "Set ALLOWED_HOSTS to the portal's host names instead of '*'."
