"""What is different between two snapshots, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

from routing.snapshot import Hub, Policy, Snapshot

HUB_WORDS = {
    "name": "name",
    "url": "address",
    "health": "health address",
    "versions": "versions address",
    "pod_headroom": "pod headroom",
    "headroom_percent": "headroom in % of its quota",
    "user_limit": "most users at the same time",
    "check_period": "seconds between checks",
    "ui_order": "number for serving the pages",
}
POLICY_WORDS = {
    "balancer": "balancer",
    "host_cookie_age_hours": "hours a visitor stays on a hub",
    "check_period": "seconds between checks of a healthy hub",
    "check_failed_period": "seconds between checks of a failing hub",
    "check_jitter": "spread of the checks",
    "check_retries": "tries per check",
    "check_timeout": "seconds a hub may take to answer a check",
    "pulse_period": "seconds between pulses",
    "settle_period": "seconds until an undecided hub is asked again",
    "fall": "bad answers until a hub is out",
    "rise": "good answers until it is back",
    "slow_start_seconds": "seconds of slow start",
    "slow_start_from": "share that a slow start begins with",
    "taper_from": "share of the quota from which the weight falls",
    "fail_open_seconds": "seconds to keep the rotation when no hub answers",
    "version_rule": "rule for other versions",
    "version_grace_hours": "hours of grace for other versions",
    "pinned_binderhub": "reference BinderHub version",
    "pinned_builder": "reference builder version",
    "answer_seconds_most": "seconds from which an answer is too slow",
}


def between(old: Snapshot | None, new: Snapshot) -> list[str]:
    """What `new` changes, a sentence each, hub by hub; empty if they say the same."""
    before = {hub.key: hub for hub in old.hubs} if old else {}
    after = {hub.key: hub for hub in new.hubs}
    sentences = [*_primes(before, after)]
    for key in sorted(before.keys() | after.keys(), key=lambda key: _name(after.get(key) or before[key]).lower()):
        sentences += _hub(before.get(key), after.get(key))
    if old:
        sentences += _policy(old.policy, new.policy)
    return sentences


def state(hub: Hub) -> str:
    """The state a hub was published with: `active`, or what its state factor says."""
    return next((factor.reason for factor in hub.factors if factor.name == "state"), "active")


def _hub(old: Hub | None, new: Hub | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"{_name(new)} is added with weight {new.weight:g}, {state(new)}."
    elif old is not None and new is None:
        yield f"{_name(old)} is retired (its weight was {old.weight:g})."
    elif old is not None and new is not None:
        yield from _changes(old, new)


def _changes(old: Hub, new: Hub) -> Iterator[str]:
    name = _name(old)
    if state(old) != state(new):
        yield f"{name} becomes {state(new)} (was {state(old)})."
    if old.weight != new.weight:
        yield f"{name}: weight {old.weight:g} → {new.weight:g}."
    yield from _words(old, new, HUB_WORDS, lambda word: f"{name}: {word}")


def _policy(old: Policy, new: Policy) -> Iterator[str]:
    yield from _words(old, new, POLICY_WORDS, lambda word: f"Policy: {word}")


def _words(old: Hub | Policy, new: Hub | Policy, words: dict[str, str], begin: Callable[[str], str]) -> Iterator[str]:
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name in words and before != after:
            yield f"{begin(words[field.name])} {_shown(before)} → {_shown(after)}."


def _primes(before: dict[str, Hub], after: dict[str, Hub]) -> Iterator[str]:
    old = next((hub for hub in before.values() if hub.prime), None)
    new = next((hub for hub in after.values() if hub.prime), None)
    if (old and old.key) == (new and new.key):
        return
    if new is None:
        yield f"No hub is the prime any more (was {_name(old)})." if old else ""
    else:
        yield f"{_name(new)} becomes the prime" + (f" (was {_name(old)})." if old else ".")


def _name(hub: Hub | None) -> str:
    return (hub.name or hub.key) if hub else ""


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
