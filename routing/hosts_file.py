"""Read the configuration of the redirector in use today: its `config.json`, or the Helm block `federationRedirect`.

Pure and standard library only. Whatever is wrong raises HostsFileError, which names the key. Unknown keys are ignored,
so nothing else that such a file holds (other blocks may hold secrets) is ever looked at.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from routing.snapshot import Hub, Policy

BALANCERS: Final = ("rendezvous", "random", "balanced")  # the last is not known to the redirector in use today
MAX_WEIGHT: Final = 999_999.0
DAY: Final = 86_400.0
# What the program assumes where its config.json is silent, and what the chart puts into that file for its users.
PROGRAM: Final = Policy(
    balancer="rendezvous",
    host_cookie_age_hours=4.0,
    check_period=10.0,
    check_failed_period=300.0,
    check_jitter=0.1,
    check_retries=5,
    check_timeout=2.0,
)
CHART: Final = Policy(
    balancer="random",
    host_cookie_age_hours=4.0,
    check_period=15.0,
    check_failed_period=90.0,
    check_jitter=0.1,
    check_retries=5,
    check_timeout=5.0,
)
POD_HEADROOM: Final = 10
# Printable ASCII less space and what may not stand in a URL; a quote would also break the cookie that carries the URL.
URL_CHARACTERS: Final = re.compile(r"[!#-+\--:=?-\[\]_a-z~]+")
KEY_CHARACTERS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class HostsFileError(ValueError):
    """The file can't be used; `key_path` (like `hosts.gesis.weight`) is where, the message is why."""

    def __init__(self, key_path: str, message: str) -> None:
        super().__init__(f"{key_path}: {message}" if key_path else message)
        self.key_path = key_path
        self.message = message


@dataclass(frozen=True, slots=True)
class HostsFile:
    """What the file says, and notes for people on what was skipped or filled in."""

    hubs: tuple[Hub, ...]
    policy: Policy
    notes: tuple[str, ...] = ()


def loads(text: str | bytes) -> HostsFile:
    """The hosts file in a JSON text."""
    try:
        data = json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise HostsFileError("", f"this is not JSON: {error}") from error
    for path in _written_twice(data, ""):
        raise HostsFileError(path, "is there twice")
    return parse(data)


def parse(data: object, where: str = "") -> HostsFile:
    """The hosts file in data that JSON or YAML gave; `where` is put before the key paths in errors.

    With `federationRedirect` on top the chart's defaults fill the gaps, as in a deployment; else the program's.
    """
    top = _mapping(data, where or "the file")
    if "federationRedirect" in top:
        where, defaults = _join(where, "federationRedirect"), CHART
        top = _mapping(top["federationRedirect"], where)
    else:
        defaults = PROGRAM
    notes: list[str] = []
    headroom = _whole(top, "pod_headroom", where, POD_HEADROOM, most=1_000_000)
    hubs = tuple(_hubs(top, where, headroom, notes))
    _check_together(hubs, _join(where, "hosts"), notes)
    return HostsFile(hubs=hubs, policy=_policy(top, where, defaults), notes=tuple(notes))


def _hubs(top: Mapping[Any, Any], where: str, headroom: int, notes: list[str]) -> Iterator[Hub]:
    where = _join(where, "hosts")
    if "hosts" not in top:
        raise HostsFileError(where, "is missing: the file names no hubs")
    for key, value in _mapping(top["hosts"], where).items():
        path = _join(where, str(key))
        if not isinstance(key, str) or not KEY_CHARACTERS.fullmatch(key):
            raise HostsFileError(path, "a hub's key is made of up to 63 letters, digits, '.', '_' and '-'")
        if value is None:
            notes.append(f"{path} is null: skipped")
        else:
            yield _hub(key, _mapping(value, path), path, headroom, notes)


def _hub(key: str, values: Mapping[Any, Any], path: str, headroom: int, notes: list[str]) -> Hub:
    url = _url(values, "url", path)
    if "?" in url:
        raise HostsFileError(_join(path, "url"), "must have no query: paths are appended to it")
    prime = values.get("prime", False)
    if not isinstance(prime, bool):
        raise HostsFileError(_join(path, "prime"), f"must be true or false, not {_shown(prime)}")
    for name in ("health", "versions"):
        if values.get(name) is None:
            notes.append(f"{_join(path, name)} is not given: {url}/{name} is used")
    weight = _number(values, "weight", path, None, least=0, most=MAX_WEIGHT)
    if weight == 0:
        notes.append(f"{path} has weight 0: it gets no new traffic")
    return Hub(
        key=key,
        url=url,
        health=_url(values, "health", path, f"{url}/health"),
        versions=_url(values, "versions", path, f"{url}/versions"),
        weight=weight,
        prime=prime,
        pod_headroom=headroom,
    )


def _check_together(hubs: tuple[Hub, ...], where: str, notes: list[str]) -> None:
    if not hubs:
        raise HostsFileError(where, "names no hub")
    primes = [hub.key for hub in hubs if hub.prime]
    if len(primes) > 1:
        raise HostsFileError(where, f"only one hub can be prime, but {' and '.join(primes)} are")
    if not primes:
        notes.append(f"{where}: no hub is prime")
    for url, count in Counter(hub.url for hub in hubs).items():
        if count > 1:
            notes.append(f"{where}: {count} hubs have the url {url}")


def _policy(top: Mapping[Any, Any], where: str, defaults: Policy) -> Policy:
    balancer = top.get("load_balancer", defaults.balancer)
    if balancer not in BALANCERS:
        raise HostsFileError(_join(where, "load_balancer"), f"must be {' or '.join(BALANCERS)}, not {_shown(balancer)}")
    path = _join(where, "check")
    check = _mapping(top["check"], path) if top.get("check") is not None else {}
    return Policy(
        balancer=balancer,
        host_cookie_age_hours=_number(
            top, "host_cookie_age_hours", where, defaults.host_cookie_age_hours, least=0, most=8_784
        ),
        check_period=_number(check, "period", path, defaults.check_period, least=0.1, most=DAY),
        check_failed_period=_number(check, "failed_period", path, defaults.check_failed_period, least=0.1, most=DAY),
        check_jitter=_number(check, "jitter", path, defaults.check_jitter, least=0, most=1),
        check_retries=_whole(check, "retries", path, defaults.check_retries, most=100),
        check_timeout=_number(check, "timeout", path, defaults.check_timeout, least=0.1, most=600),
    )


def _mapping(value: object, path: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise HostsFileError(path, f"must be an object with keys, not {_shown(value)}")
    return value


def _number(
    values: Mapping[Any, Any], name: str, where: str, default: float | None, *, least: float, most: float
) -> float:
    path = _join(where, name)
    value = values.get(name, default)
    if value is None:
        raise HostsFileError(path, "is missing" if name not in values else "must be a number, not null")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise HostsFileError(path, f"must be a number, not {_shown(value)}")
    if not least <= value <= most:  # NaN fails this too; an int too big for a float is compared exactly.
        raise HostsFileError(path, f"must be from {least:g} to {most:g}, not {_shown(value)}")
    return float(value)


def _whole(values: Mapping[Any, Any], name: str, where: str, default: int, *, most: int) -> int:
    number = _number(values, name, where, default, least=0, most=most)
    if math.trunc(number) != number:
        raise HostsFileError(_join(where, name), f"must be a whole number, not {number}")
    return int(number)


def _url(values: Mapping[Any, Any], name: str, where: str, default: str | None = None) -> str:
    path = _join(where, name)
    value = values.get(name)
    if value is None:
        value = default
    if value is None:
        raise HostsFileError(path, "is missing")
    if not isinstance(value, str):
        raise HostsFileError(path, f"must be a web address, not {_shown(value)}")
    wrong = _wrong_with(value)
    if wrong:
        raise HostsFileError(path, f"{wrong}: {_shown(value)}")
    return value.rstrip("/")


def _wrong_with(url: str) -> str:
    """Why this can't be the address of a hub; empty when it can."""
    if not url.lower().startswith(("https://", "http://")):
        return "must begin with https:// (or http:// in development)"
    if "@" in url:
        return "must hold no user name or password"
    if "#" in url:
        return "must have no fragment"
    if not URL_CHARACTERS.fullmatch(url):
        return "must hold no spaces, quotes or other characters that URLs don't have"
    try:
        parts = urlsplit(url)
        missing = not parts.hostname or parts.port == 0
    except ValueError:
        missing = True
    return "must name a host, and a port only if it is a number up to 65535" if missing else ""


def _written_twice(data: object, where: str) -> Iterator[str]:
    if isinstance(data, _Object):
        yield from (_join(where, key) for key in data.twice)
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _written_twice(value, _join(where, key))


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys were written more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _shown(value: object) -> str:
    """A value as an error may show it: short, and never what is inside an object that should not be there."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
