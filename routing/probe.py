"""Ask a hub how it is and judge the answer: the same code in Celery and in the redirector that stands alone.

`ask` does the input and output and never raises for what a hub does; `judge` is pure and never raises at all, whatever
came back.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from foundation.outgoing import Answer, Client
from foundation.outgoing_errors import AddressRefused, BadUrl, OutgoingError
from routing.damping import Evidence
from routing.snapshot import Hub, Policy

PAUSE_BETWEEN_TRIES: Final = 1.0
MAX_HEALTH_BYTES: Final = 262_144
MAX_VERSIONS_BYTES: Final = 65_536
# What a hub may make us show: names become labels of metrics and words on pages.
MAX_CHECKS: Final = 32
MAX_WORDS: Final = 100
MAX_PODS: Final = 10**9
VERSIONS: Final = "versions"
POD_QUOTA: Final = "Pod quota"
# When a hub has several troubles the surest evidence counts.
STRENGTH: Final = (Evidence.GOOD, Evidence.SOFT, Evidence.UNREACHABLE, Evidence.HARD)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pods:
    """How full a hub says it is; None for what it does not say. `headroom` is our own rule, in pods."""

    user: int | None = None
    build: int | None = None
    total: int | None = None
    quota: int | None = None
    headroom: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one round of asking says of a hub: `reason` is short and for people, empty when healthy.

    `checks` holds each named check of the hub (`versions`, `Docker registry`, `JupyterHub API`, `Pod quota`); `error`
    is the kind of OutgoingError when there was no usable answer; `versions` is what the hub says it runs, `skew` how
    that differs from the reference, whether or not the policy minds.
    """

    healthy: bool
    reason: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    evidence: Evidence = Evidence.GOOD
    error: str = ""
    pods: Pods | None = None
    versions: Json | None = None
    skew: str = ""
    seconds: float | None = None
    certificate_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What came back from a hub's two addresses: an answer, or why there is none."""

    health: Answer | OutgoingError
    versions: Answer | OutgoingError


@dataclass(frozen=True, slots=True)
class _Finding:
    """One thing that is wrong."""

    evidence: Evidence
    reason: str


async def ask(client: Client, hub: Hub, policy: Policy, *, pause: float = PAUSE_BETWEEN_TRIES) -> Asked:
    """Ask for health and versions at once; what fails on the network or in HTTP is asked again, a bad health is not."""
    versions, health = await asyncio.gather(
        _ask_until_it_answers(client, hub.versions, MAX_VERSIONS_BYTES, policy, pause),
        _ask_until_it_answers(client, hub.health, MAX_HEALTH_BYTES, policy, pause),
    )
    return Asked(health=health, versions=versions)


async def has_pulse(client: Client, hub: Hub, policy: Policy) -> bool:
    """Whether the hub is there and says nothing bad of itself: a light question between two checks."""
    try:
        answer = await client.fetch(hub.health, method="HEAD", timeout=policy.check_timeout)
    except OutgoingError:
        return False
    return answer.status < 500


async def _ask_until_it_answers(
    client: Client, url: str, most: int, policy: Policy, pause: float
) -> Answer | OutgoingError:
    outcome: Answer | OutgoingError = BadUrl("was never asked")
    for attempt in range(max(1, policy.check_retries)):
        if attempt:
            await asyncio.sleep(pause)
        try:
            outcome = await client.fetch(
                url, headers={"Accept": "application/json"}, timeout=policy.check_timeout, max_bytes=most
            )
        except (BadUrl, AddressRefused) as error:
            return error  # It would be the same again.
        except OutgoingError as error:
            outcome = error
        else:
            # A 503 that carries a JSON object is the hub's own word on its health, not a fault on the way.
            if outcome.status == 200 or (outcome.status == 503 and _object(outcome) is not None):
                return outcome
    return outcome


def judge(asked: Asked, hub: Hub, policy: Policy, reference: Json | None, skew_age: float = 0.0) -> Verdict:
    """What the answers mean: every check ok, the pod quota not reached, the versions those of the reference if any.

    `reference` is what the prime runs, None while that is not known; `skew_age` is for how many seconds this hub's
    versions have differed from it.
    """
    findings: list[_Finding] = []
    checks: dict[str, bool] = {}
    versions = _usable(asked.versions, "versions", (200,), findings)
    skew = "" if versions is None else _skew(versions, policy, None if hub.prime else reference)
    if skew and _minded(policy, skew_age):
        findings.append(_Finding(Evidence.SOFT, f"runs other versions than {skew}"))
    checks[VERSIONS] = not findings
    pods = _judge_health(asked.health, hub, checks, findings)
    _judge_speed(asked.health, policy, findings)
    findings.sort(key=lambda each: STRENGTH.index(each.evidence), reverse=True)
    answers = [each for each in (asked.health, asked.versions) if isinstance(each, Answer)]
    errors = [each.kind for each in (asked.health, asked.versions) if isinstance(each, OutgoingError)]
    return Verdict(
        healthy=not findings,
        reason="; ".join(dict.fromkeys(each.reason for each in findings)),
        checks=checks,
        evidence=findings[0].evidence if findings else Evidence.GOOD,
        error=errors[0] if errors else "",
        pods=pods,
        versions=versions,
        skew=skew,
        seconds=asked.health.seconds if isinstance(asked.health, Answer) else None,
        certificate_expires=min(
            (each.certificate_expires for each in answers if each.certificate_expires), default=None
        ),
    )


def _skew(versions: Json, policy: Policy, reference: Json | None) -> str:
    """How these versions differ from the pinned ones, or else from the prime's; empty if they don't."""
    pinned = {"binderhub": policy.pinned_binderhub, "builder": policy.pinned_builder}
    pinned = {name: version for name, version in pinned.items() if version}
    if pinned:
        here = {name: versions.get(name) for name in pinned}
        return "" if here == pinned else f"the reference: {_difference(here, pinned, 'reference')}"
    if reference is None or versions == reference:
        return ""
    return f"the prime: {_difference(versions, reference, 'prime')}"


def _minded(policy: Policy, skew_age: float) -> bool:
    if policy.version_rule == "off":
        return False
    return policy.version_rule != "grace" or skew_age >= policy.version_grace_hours * 3600


def _judge_speed(answer: Answer | OutgoingError, policy: Policy, findings: list[_Finding]) -> None:
    most = policy.answer_seconds_most
    if most > 0 and isinstance(answer, Answer) and answer.seconds > most:
        findings.append(_Finding(Evidence.SOFT, f"takes {answer.seconds:.1f} s to answer, more than {most:g} s"))


def _judge_health(
    answer: Answer | OutgoingError, hub: Hub, checks: dict[str, bool], findings: list[_Finding]
) -> Pods | None:
    data = _usable(answer, "health", (200, 503), findings)
    if data is None:
        return None
    entries = data.get("checks")
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        findings.append(_Finding(Evidence.UNREACHABLE, "its health has no list of checks"))
        return None
    before, pods = len(findings), None
    for entry in entries[:MAX_CHECKS]:
        name = _words(entry.get("service")) or "unnamed check"
        found = list(_judge_check(entry, name))
        if name == POD_QUOTA:
            pods = _pods(entry, hub)
            found = _judge_quota(pods, found)
        checks[name] = checks.get(name, True) and not found
        findings += found
    if isinstance(answer, Answer) and answer.status == 503 and len(findings) == before:
        findings.append(_Finding(Evidence.HARD, "says it is unavailable (503), not why"))
    return pods


def _judge_check(entry: Json, name: str) -> Iterator[_Finding]:
    """The hub's own word; what it marks as no failure of its own is soft, but a reached quota takes no more users."""
    if entry.get("ok") is not True:
        forgiven = entry.get("_ignore_failure") is True and name != POD_QUOTA
        yield _Finding(Evidence.SOFT if forgiven else Evidence.HARD, f"{name} fails")


def _judge_quota(pods: Pods | None, found: list[_Finding]) -> list[_Finding]:
    """Our rule: keep room for those on their way. No quota or a headroom of 0 switches it off; quota 0 is drained."""
    if pods is None:
        return [*found, _Finding(Evidence.UNREACHABLE, "its pod quota makes no sense")]
    if pods.quota is not None and pods.headroom and (pods.total or 0) + pods.headroom >= pods.quota:
        return [_Finding(Evidence.HARD, _fullness(pods))]  # The numbers say more than "fails".
    return found


def _fullness(pods: Pods) -> str:
    if pods.quota == 0:
        return "drained: its pod quota is 0"
    return f"full: {pods.total} of {pods.quota} pods, and {pods.headroom} are kept free"


def _pods(entry: Json, hub: Hub) -> Pods | None:
    """The numbers of a pod quota; None when they make no sense."""
    numbers = {name: entry.get(f"{name}_pods") for name in ("user", "build", "total")}
    quota = hub.user_limit if entry.get("quota") is None else entry.get("quota")
    if not all(value is None or _is_count(value) for value in (*numbers.values(), quota)):
        return None
    if quota is not None and numbers["total"] is None:
        return None
    whole = {name: None if value is None else int(value) for name, value in numbers.items()}
    limit = None if quota is None else int(quota)
    return Pods(quota=limit, headroom=max(0, hub.headroom(limit)), **whole)


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_PODS


def _usable(
    answer: Answer | OutgoingError, what: str, statuses: tuple[int, ...], findings: list[_Finding]
) -> Json | None:
    """The JSON object in an answer; else a finding, and None."""
    if isinstance(answer, OutgoingError):
        findings.append(_Finding(Evidence.UNREACHABLE, _words(answer.reason)))
        return None
    data = _object(answer)
    if answer.status in statuses and data is not None:
        return data
    trouble = "with something that is not a JSON object" if answer.status == 200 else f"with HTTP {answer.status}"
    findings.append(_Finding(Evidence.UNREACHABLE, f"answers for its {what} {trouble}"))
    return None


def _object(answer: Answer) -> Json | None:
    """The JSON object in a body, if that is what it is and Postgres and UTF-8 could keep it."""
    try:
        data = json.loads(answer.body, parse_constant=_no_number, parse_float=_finite)
        text = json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and b"\\u0000" not in text else None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _difference(data: Json, reference: Json, whose: str) -> str:
    """The first few fields that differ, in words."""
    names = sorted(name for name in {*data, *reference} if data.get(name) != reference.get(name))
    told = [f"{_words(name)} {_words(data.get(name))} ({whose}: {_words(reference.get(name))})" for name in names[:3]]
    return ", ".join(told) or "a field is missing"


def _words(value: object) -> str:
    """A value from outside as it may be shown: one short line."""
    text = value if isinstance(value, str) else "nothing" if value is None else json.dumps(value, default=str)
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= MAX_WORDS else f"{text[: MAX_WORDS - 1]}…"
