"""What the redirector tells Prometheus: the names that dashboards know, and the age and source of its table.

Every series is worked out from the table in use when it is asked for, so that none outlives its cause: a hub has one
health series, whose reason is empty while it is healthy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from routing.redirector.counters import COOKIE, REASONS, Figures
from routing.redirector.table import Table, health
from routing.redirector.view import View
from routing.snapshot import Hub

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]
Series = tuple[Labels, float]


class Family(NamedTuple):
    """One metric with all its series."""

    name: str
    kind: str
    about: str
    series: Iterable[Series]


def page(
    table: Table | None, totals: Mapping[str, tuple[int, ...]], now: float, figures: Figures | None = None
) -> bytes:
    """The whole text of /metrics. `figures` of the hand-over, if there is one."""
    families = [*_redirects(table, totals), *(_handover(figures) if figures else ()), _ready(table)]
    if table is not None:
        families += [*_health(table), *_weights(table), *_source(table, now)]
    return "".join(_lines(families)).encode(errors="replace")


def _redirects(table: Table | None, totals: Mapping[str, tuple[int, ...]]) -> Iterator[Family]:
    hubs = () if table is None else table.view.snapshot.hubs
    counted = {**{hub.key: (0,) * len(REASONS) for hub in hubs}, **totals}
    by_reason = {key: dict(zip(REASONS, counts, strict=True)) for key, counts in counted.items()}
    yield Family(
        "federation_redirect_count",
        "counter",
        "Launches sent to a hub by all workers: by the balancer, or back to the hub of the visitor's cookie.",
        [
            ((("member", key), ("reason", reason)), count)
            for key, counts in by_reason.items()
            for reason, count in (
                ("load_balancer", sum(counts.values()) - counts[COOKIE]),
                (COOKIE, counts[COOKIE]),
            )
        ],
    )
    yield Family(
        "federation_redirect_reason_count",
        "counter",
        "The same by why: home, spill (of a hot repository), weighted (random), fallback (no hub is healthy), cookie.",
        [
            ((("member", key), ("reason", reason)), count)
            for key, counts in by_reason.items()
            for reason, count in counts.items()
        ],
    )


def _handover(figures: Figures) -> Iterator[Family]:
    about = "Launches counted and not yet handed over to the portal."
    yield Family("federation_usage_waiting", "gauge", about, [((), figures.waiting)])
    about = "Launches that were counted and could not be kept until the portal took them."
    yield Family("federation_usage_lost_count", "counter", about, [((), figures.lost)])
    about = "How often a redirector ended in the middle of its work: the counts of its last seconds are missing."
    yield Family("federation_usage_interruptions_count", "counter", about, [((), figures.interruptions)])


def _ready(table: Table | None) -> Family:
    about = "1 when there is a table of hubs to redirect by."
    return Family("federation_redirector_ready", "gauge", about, [((), table is not None)])


def _health(table: Table) -> Iterator[Family]:
    view = table.view
    states = [(hub.key, *health(view, hub)) for hub in view.snapshot.hubs]
    yield Family(
        "federation_health",
        "gauge",
        "1 when the hub is healthy, else 0 and why.",
        [((("member", key), ("reason", reason)), healthy) for key, healthy, reason in states],
    )
    yield Family(
        "federation_health_check",
        "gauge",
        "1 when this check of the hub is passed, else 0.",
        [
            ((("member", hub.key), ("check", name)), passed)
            for hub in view.snapshot.hubs
            for name, passed in _checks(view, hub)
        ],
    )


def _checks(view: View, hub: Hub) -> Iterable[tuple[str, bool]]:
    """Our own word on its checks, else that of the portal."""
    verdict = view.verdicts.get(hub.key)
    return hub.checks if verdict is None else verdict.checks.items()


def _weights(table: Table) -> Iterator[Family]:
    rotating = {hub.key for hub in table.in_rotation}
    hubs = table.view.snapshot.hubs
    yield Family(
        "federation_weight",
        "gauge",
        "The weight promised to the hub.",
        [((("member", hub.key),), hub.weight) for hub in hubs],
    )
    yield Family(
        "federation_effective_weight",
        "gauge",
        'What is left of the weight after each factor in turn, the target first; factor="" is the weight it has now.',
        [
            ((("member", hub.key), ("factor", factor)), weight)
            for hub in hubs
            for factor, weight in _explained(hub, rotating=hub.key in rotating)
        ],
    )


def _explained(hub: Hub, *, rotating: bool) -> Iterator[tuple[str, float]]:
    yield "", hub.effective_weight if rotating else 0.0
    left = hub.weight
    yield "target", left
    for factor in hub.factors:
        left *= factor.value
        yield factor.name, left


def _source(table: Table, now: float) -> Iterator[Family]:
    view = table.view
    # A clock that was set back must not make the table younger than new.
    age = max(0.0, now - view.confirmed_at)
    yield Family(
        "federation_snapshot_version", "gauge", "The version of the snapshot in use.", [((), view.snapshot.version)]
    )
    yield Family(
        "federation_snapshot_age_seconds",
        "gauge",
        "Seconds since the source of the snapshot last confirmed it.",
        [((), round(age, 3))],
    )
    yield Family(
        "federation_snapshot_source",
        "gauge",
        "1 for the source the snapshot in use came from.",
        [((("source", view.source),), 1)],
    )
    yield Family(
        "federation_watching", "gauge", "1 while this redirector checks the hubs itself.", [((), view.watching)]
    )


def _lines(families: Iterable[Family]) -> Iterator[str]:
    for family in families:
        yield f"# HELP {family.name} {family.about}\n# TYPE {family.name} {family.kind}\n"
        for labels, value in family.series:
            yield f"{family.name}{_labelled(labels)} {_number(value)}\n"


def _labelled(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
