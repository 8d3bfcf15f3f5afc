"""What other weights would do: the last week's launches again, through the real balancer, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Max
from django.utils import timezone

from routing.models import HealthHour, Hub, HubHealth, Policy
from routing.services import replays, usage

DAYS: Final = 7
# A hub that had less than this gives no measure of how many pods its launches need: that of all hubs does.
LEAST_SHARE: Final = 0.005


@dataclass(frozen=True)
class Effect:
    """One hub: its share and launches of a week now and then, and the pods of its busiest hour against its quota.

    `usable` is the quota less the headroom; None where the hub names no quota.
    """

    hub: Hub
    share: float
    new_share: float
    launches: int
    new_launches: int
    pods: int | None
    new_pods: int | None
    usable: int | None


@dataclass(frozen=True)
class WhatIf:
    """The whole answer, with what to think twice about."""

    effects: tuple[Effect, ...]
    launches: int
    replayed: int
    repositories: int
    invented: bool
    moved: int
    builds: int
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def ask(hubs: Sequence[Hub], new: Mapping[int, Decimal]) -> WhatIf | None:
    """What these weights (by primary key) would do, as if every active hub were well; None where nobody has any."""
    now = _in_rotation(hubs, {})
    then = _in_rotation(hubs, new)
    if not now or not then:
        return None
    mix = _mix()
    found = replays.replay(mix, Policy.objects.current().balancer, now, then)
    effects = _effects([hub for hub in hubs if hub.state == Hub.State.ACTIVE], found, mix)
    return WhatIf(
        effects=tuple(effects),
        launches=mix.total,
        replayed=found.replayed,
        repositories=len(mix.named),
        invented=mix.invented,
        moved=found.moved,
        builds=found.builds,
        warnings=tuple([*_over_quota(effects), *_without_the_largest(effects)]),
        notes=tuple(_notes(effects)),
    )


def _in_rotation(hubs: Sequence[Hub], new: Mapping[int, Decimal]) -> list[tuple[str, float]]:
    active = sorted((hub for hub in hubs if hub.state == Hub.State.ACTIVE), key=lambda hub: hub.key)
    weights = [(hub.key, float(new.get(hub.pk, hub.weight))) for hub in active]
    return [(key, weight) for key, weight in weights if weight > 0]


def _mix() -> replays.Mix:
    """The last seven days with today; an invented day where nothing was counted."""
    today = timezone.now().date()
    named, rare = usage.mix(today - timedelta(days=DAYS - 1), today + timedelta(days=1))
    mix = replays.Mix(named, rare)
    return mix if mix.total else replays.invented()


def _effects(hubs: Sequence[Hub], found: replays.Outcome, mix: replays.Mix) -> list[Effect]:
    pks = [hub.pk for hub in hubs]
    healths = {each.hub_id: each for each in HubHealth.objects.filter(hub__in=pks)}
    pods = _busiest(pks, healths)
    together = sum(pods.values())
    return [_effect(hub, found, mix, pods.get(hub.pk), together, healths.get(hub.pk)) for hub in hubs]


def _busiest(hubs: Sequence[int], healths: Mapping[int, HubHealth]) -> dict[int, int]:
    """The most pods each hub had in these days."""
    since = timezone.now() - timedelta(days=DAYS)
    hours = HealthHour.objects.filter(hub__in=hubs, hour__gte=since, pods_max__isnull=False).order_by()
    found: dict[int, int] = dict(hours.values_list("hub").annotate(most=Max("pods_max")))
    for pk, health in healths.items():
        if health.total_pods is not None:
            found[pk] = max(found.get(pk, 0), health.total_pods)
    return found


def _effect(
    hub: Hub, found: replays.Outcome, mix: replays.Mix, pods: int | None, together: int, health: HubHealth | None
) -> Effect:
    share, new_share = found.before.get(hub.key, 0.0), found.after.get(hub.key, 0.0)
    new_pods = None
    if together:
        new_pods = round(pods * new_share / share if pods and share >= LEAST_SHARE else together * new_share)
    quota = health.quota if health else None
    return Effect(
        hub=hub,
        share=share,
        new_share=new_share,
        launches=round(mix.total * share),
        new_launches=round(mix.total * new_share),
        pods=pods,
        new_pods=new_pods,
        usable=None if quota is None else max(0, quota - hub.published().headroom(quota)),
    )


def _over_quota(effects: Sequence[Effect]) -> list[str]:
    return [
        f"{each.hub.name} would need about {each.new_pods:,} pods at its busiest and has {each.usable:,} usable ones: "
        "it would fill up, and then get fewer launches than its weight promises."
        for each in effects
        if each.new_pods and each.usable is not None and each.new_pods > each.usable and each.new_share > each.share
    ]


def _without_the_largest(effects: Sequence[Effect]) -> list[str]:
    """N−1: whether the others could hold what the largest has."""
    then = _too_much([(each, each.new_pods, each.new_share) for each in effects])
    if then is None:
        return []
    now = _too_much([(each, each.pods, each.share) for each in effects])
    largest, needed, there = then
    also = " That is so now, too." if now else ""
    if not there:
        return [f"If {largest.hub.name} went out, no hub would be left to take its launches.{also}"]
    return [
        f"If {largest.hub.name} went out at the busiest hour, the others would need about {needed:,} pods and have "
        f"{there:,} usable ones.{also}"
    ]


def _too_much(rows: Sequence[tuple[Effect, int | None, float]]) -> tuple[Effect, int, int] | None:
    """The largest hub, the pods of all, and what the others can hold, if that is less; None where it is unknown."""
    some = [row for row in rows if row[2] > 0]
    largest = max(some, key=lambda row: row[2])[0]
    others = [effect for effect, _, _ in some if effect is not largest]
    if any(effect.usable is None for effect in others):
        return None
    needed, there = sum(pods or 0 for _, pods, _ in some), sum(effect.usable or 0 for effect in others)
    return (largest, needed, there) if needed > there or not others else None


def _notes(effects: Sequence[Effect]) -> list[str]:
    silent = [each.hub.name for each in effects if each.usable is None and (each.share or each.new_share)]
    if not silent:
        return []
    return [f"Of {', '.join(silent)} no quota is known: whether there is room enough can't be told."]
