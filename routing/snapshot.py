"""The contract between the planes: what the portal publishes and the redirector obeys.

A snapshot is immutable, versioned and complete: with nothing else at hand a redirector can send every launch to a hub.
This module is standard library only, so that both planes can read it; everything in it is a frozen dataclass.

The document is JSON in UTF-8. `digest` is the SHA-256 of its content, so a damaged document is told from a good one.
Within one `SCHEMA` fields are only ever added, with a default: an older redirector ignores what it does not know.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

SCHEMA: Final = 1

# Where the planes meet in Redis: the newest document, a nudge on a channel when it changes, the portal's sign of life
# (seconds since the epoch, set by each finished round of health checks), and redirects per UTC day and hub (a hash).
REDIS_SNAPSHOT: Final = "federation:snapshot"
REDIS_NUDGE: Final = "federation:snapshot:nudge"
REDIS_HEARTBEAT: Final = "federation:heartbeat"
REDIS_REDIRECTS: Final = "federation:redirects:{day}"


class SnapshotError(ValueError):
    """The document is not a snapshot that can be used; the text says why. The table in use stays."""


class NewerSchema(SnapshotError):
    """The document was written by a newer portal than this redirector understands."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason why a hub's effective weight is not its target: `value` is in 0..1, `reason` is for people."""

    name: str
    value: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub as the redirector sees it.

    `key` feeds the hash and never changes; `url`, `health` and `versions` are absolute and end without a slash;
    `weight` is the promise, in any unit, `factors` are what is made of it. Kept free of its quota are `pod_headroom`
    pods, or `headroom_percent` of it where that is set, and whatever is over `user_limit`; `check_period` replaces the
    policy's. When the prime is not well the hub with the lowest `ui_order` serves the pages. `checks` are its own named
    checks as last seen by whoever checks it, for metrics only.
    """

    key: str
    url: str
    health: str
    versions: str
    weight: float
    prime: bool = False
    name: str = ""
    pod_headroom: int = 10
    headroom_percent: float | None = None
    user_limit: int | None = None
    check_period: float | None = None
    ui_order: int = 0
    factors: tuple[Factor, ...] = ()
    checks: tuple[tuple[str, bool], ...] = ()

    def headroom(self, quota: int | None) -> int:
        """The pods kept free."""
        return headroom(self, quota)

    @property
    def effective_weight(self) -> float:
        """The fact: target × factors."""
        return effective_weight(self.weight, self.factors)


class Limits(Protocol):
    """What a hub says of how full it may be: a hub of the snapshot does, and so does the portal's row."""

    @property
    def pod_headroom(self) -> int: ...  # noqa: D102
    @property
    def headroom_percent(self) -> float | None: ...  # noqa: D102
    @property
    def user_limit(self) -> int | None: ...  # noqa: D102


def headroom(hub: Limits, quota: int | None) -> int:
    """The pods kept free: `headroom_percent` of the quota where that is set, rounded up, else `pod_headroom`.

    More where the hub takes fewer users than its quota would allow.
    """
    if quota is None:
        return hub.pod_headroom
    kept = hub.pod_headroom if hub.headroom_percent is None else math.ceil(quota * hub.headroom_percent / 100)
    return kept if hub.user_limit is None else max(kept, quota - hub.user_limit)


def effective_weight(weight: float, factors: Iterable[Factor]) -> float:
    """The fact: target × factors."""
    return weight * math.prod(factor.value for factor in factors)


@dataclass(frozen=True, slots=True)
class Policy:
    """How to choose, how to check and how quickly to believe. Times are in seconds unless the name says otherwise.

    `balancer` is one of those in `routing.balancing`; the other defaults are today's: every answer is believed at
    once. `fall`, `rise`, slow start, taper and fail open are those of `routing.damping`; `version_rule` is `exact`,
    `grace` (`version_grace_hours` from when the difference began) or `off`, against the pinned versions where there
    are any, else the prime's. 0 switches `pulse_period` and `answer_seconds_most` off.
    """

    balancer: str = "balanced"
    host_cookie_age_hours: float = 4.0
    check_period: float = 10.0
    check_failed_period: float = 300.0
    check_jitter: float = 0.1
    check_retries: int = 5
    check_timeout: float = 2.0
    pulse_period: float = 0.0
    settle_period: float = 2.0
    fall: int = 1
    rise: int = 1
    slow_start_seconds: float = 0.0
    slow_start_from: float = 0.1
    taper_from: float = 1.0
    fail_open_seconds: float = 0.0
    version_rule: str = "exact"
    version_grace_hours: float = 24.0
    pinned_binderhub: str = ""
    pinned_builder: str = ""
    answer_seconds_most: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All hubs and the policy, as published. `published_at` is seconds since the epoch, UTC."""

    version: int
    published_at: float
    hubs: tuple[Hub, ...]
    policy: Policy = field(default_factory=Policy)

    @property
    def content(self) -> dict[str, Any]:
        """What a version is about: equal contents need no new version."""
        return {
            "hubs": [dataclasses.asdict(hub) for hub in self.hubs],
            "policy": dataclasses.asdict(self.policy),
        }


def digest(content: dict[str, Any]) -> str:
    """The SHA-256, in hex, of a snapshot's content in canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def encode(snapshot: Snapshot) -> bytes:
    """The document of a snapshot: the same snapshot always gives the same bytes."""
    document = {
        "schema": SCHEMA,
        "version": snapshot.version,
        "published_at": snapshot.published_at,
        "digest": digest(snapshot.content),
        **snapshot.content,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(document: bytes | str) -> Snapshot:
    """The snapshot in a document; raises SnapshotError for one that is damaged, empty or of a newer schema."""
    data = _parse(document)
    schema = data.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise SnapshotError("this is not a snapshot: it names no schema")
    if schema > SCHEMA:
        raise NewerSchema(f"the snapshot has schema {schema}; this program knows {SCHEMA}: update the redirector")
    content = {"hubs": data.get("hubs"), "policy": data.get("policy")}
    if data.get("digest") != digest(content):
        raise SnapshotError("the snapshot is damaged: its content does not match its digest")
    try:
        snapshot = Snapshot(
            version=int(data["version"]),
            published_at=float(data["published_at"]),
            hubs=tuple(_hub(each) for each in data["hubs"]),
            policy=Policy(**_known(Policy, data["policy"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"the snapshot is malformed: {error!r}") from error
    return check(snapshot)


def check(snapshot: Snapshot) -> Snapshot:
    """The snapshot itself, if it can be used at all; SnapshotError if not."""
    if not snapshot.hubs:
        raise SnapshotError("the snapshot is empty: it has no hub")
    if len({hub.key for hub in snapshot.hubs}) != len(snapshot.hubs):
        raise SnapshotError("the snapshot names a hub twice")
    for hub in snapshot.hubs:
        numbers = (hub.weight, *(factor.value for factor in hub.factors))
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise SnapshotError(f"the snapshot gives {hub.key} a weight that is not a number from 0 up")
        if not hub.key or not hub.url.startswith(("https://", "http://")):
            raise SnapshotError(f"the snapshot gives {hub.key or 'a hub'} no web address: {hub.url!r}")
    return snapshot


def _parse(document: bytes | str) -> dict[str, Any]:
    try:
        data = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise SnapshotError("the snapshot is not a JSON object")
    return data


def _hub(data: dict[str, Any]) -> Hub:
    values = _known(Hub, data)
    values["weight"] = float(values["weight"])
    values["factors"] = tuple(
        Factor(name=str(each["name"]), value=float(each["value"]), reason=str(each.get("reason", "")))
        for each in values.get("factors", ())
    )
    values["checks"] = tuple((str(name), bool(passed)) for name, passed in values.get("checks", ()))
    return Hub(**values)


def _known(kind: type[Hub | Policy], data: dict[str, Any]) -> dict[str, Any]:
    """Only the fields this program knows: a newer portal of the same schema may send more."""
    names = {each.name for each in dataclasses.fields(kind)}
    return {name: value for name, value in data.items() if name in names}
