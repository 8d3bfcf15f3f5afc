"""How much of the time a hub was well: computed from flips, with unknown time as unknown and planned time apart.

Moments are seconds since the epoch here: a page may go through ten thousand flips, and arithmetic with datetimes would
be most of its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.db.models import FloatField, Max, OuterRef, Subquery
from django.db.models.functions import Cast, Extract

from routing.models import Downtime, Flip, Hub

DAY: Final = 86_400
SERVING, OUT, UNKNOWN, PLANNED = "serving", "out", "unknown", "planned"

Span = tuple[float, float]


# A time in which one thing was true of a hub: from, to, and serving, out, unknown or planned. A plain tuple for speed.
Stretch = tuple[float, float, str]


class Uptime(NamedTuple):
    """Seconds of each kind in a window."""

    serving: float = 0.0
    out: float = 0.0
    unknown: float = 0.0
    planned: float = 0.0

    @property
    def share(self) -> float | None:
        """Serving ÷ (serving + out), 0..1; None where nothing is known: unknown and planned time count neither way."""
        known = self.serving + self.out
        return self.serving / known if known else None


def stretches(flips: Iterable[tuple[float, str]], planned: Iterable[Span], start: float, end: float) -> list[Stretch]:
    """The window cut where something changed, oldest first.

    `flips` are (when, to), oldest first, and may begin before the window; before the first one nothing is known.
    """
    cuts: list[Stretch] = []
    was, since = UNKNOWN, start
    for flipped, to in flips:
        at = min(max(flipped, start), end)
        if at > since:
            cuts.append((since, at, was))
            since = at
        was = to
    if end > since:
        cuts.append((since, end, was))
    return list(_overlaid(cuts, merged(planned)))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping spans as one, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _overlaid(cuts: Sequence[Stretch], planned: Sequence[Span]) -> Iterator[Stretch]:
    """The cuts with planned time in place of what they say of it; both are in order."""
    first = 0
    for cut in cuts:
        while first < len(planned) and planned[first][1] <= cut[0]:
            first += 1
        if first == len(planned) or planned[first][0] >= cut[1]:
            yield cut
        else:
            yield from _without_planned(cut, planned[first:])


def _without_planned(cut: Stretch, planned: Sequence[Span]) -> Iterator[Stretch]:
    at, end, what = cut
    for begins, ends in planned:
        if begins >= end:
            break
        if begins > at:
            yield at, begins, what
        at, before = max(at, min(ends, end)), max(at, begins)
        if at > before:
            yield before, at, PLANNED
    if at < end:
        yield at, end, what


def total(pieces: Sequence[Stretch], start: float, end: float) -> Uptime:
    """The seconds of each kind between two moments; the pieces are in order and don't overlap."""
    seconds = {SERVING: 0.0, OUT: 0.0, UNKNOWN: 0.0, PLANNED: 0.0}
    # From the end, because most windows are much shorter than the history.
    for begins, ends, what in reversed(pieces):
        if ends <= start:
            break
        if begins < end:
            seconds[what] += (ends if ends < end else end) - (begins if begins > start else start)
    return Uptime(**seconds)


def days(pieces: Sequence[Stretch], end: float, number: int) -> list[Uptime]:
    """The last `number` UTC days up to `end`, oldest first, the last one unfinished. One walk over the pieces."""
    first = end // DAY * DAY - DAY * (number - 1)
    seconds = {kind: [0.0] * number for kind in (SERVING, OUT, UNKNOWN, PLANNED)}
    for begins, ends, what in pieces:
        at, until = max(begins, first), min(ends, end)
        day = int((at - first) // DAY)
        midnight, of_kind = first + DAY * (day + 1), seconds[what]
        while until > midnight:
            of_kind[day] += midnight - at
            day, at, midnight = day + 1, midnight, midnight + DAY
        if until > at:
            of_kind[day] += until - at
    return [Uptime(*each) for each in zip(*seconds.values(), strict=True)]


def of_hubs(
    hubs: Sequence[Hub], start: datetime, end: datetime, planned: Mapping[int, Sequence[Span]]
) -> dict[int, list[Stretch]]:
    """The stretches of several hubs (by primary key) in a window, in two queries however many they are."""
    flips = _flips(hubs, start, end)
    window = (start.timestamp(), end.timestamp())
    return {hub.pk: stretches(flips.get(hub.pk, ()), planned.get(hub.pk, ()), *window) for hub in hubs}


def newest_flip() -> int:
    """Grows with every flip: flips are never changed."""
    newest = Flip.objects.aggregate(Max("pk"))["pk__max"]
    return int(newest or 0)


def planned_spans(downtimes: Iterable[Downtime], end: datetime) -> Iterator[Span]:
    """The times that count as planned: announced outages that were not cancelled. A drain in an emergency is none."""
    for each in downtimes:
        if each.cancelled_at is None and each.severity == Downtime.Severity.OUTAGE and not each.emergency:
            yield each.starts_at.timestamp(), (each.ends_at or end).timestamp()


def _flips(hubs: Sequence[Hub], start: datetime, end: datetime) -> dict[int, list[tuple[float, str]]]:
    """The last flip before the window, and those in it, which the database sends as two arrays for each hub."""
    last = Flip.objects.filter(hub=OuterRef("pk"), at__lte=start).order_by("-at").values("to")[:1]
    before = Hub.objects.filter(pk__in=[hub.pk for hub in hubs]).order_by().values_list("pk", Subquery(last))
    found = {pk: [(start.timestamp(), was)] if was else [] for pk, was in before}
    at = Cast(Extract("at", "epoch"), FloatField())
    within = (
        Flip.objects.filter(hub__in=found, at__gt=start, at__lt=end)
        .order_by()
        .values("hub_id")
        .annotate(moments=ArrayAgg(at, order_by="at"), turns=StringAgg("to", " ", order_by="at"))
    )
    for hub, moments, turns in within.values_list("hub_id", "moments", "turns"):
        found[hub] += zip(moments, turns.split(), strict=True)
    return found
