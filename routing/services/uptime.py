"""How much of the time a hub was well: computed from flips, with unknown time as unknown and planned time apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from routing.models import Downtime, Flip, Hub

Span = tuple[datetime, datetime]

SERVING, OUT, UNKNOWN, PLANNED = "serving", "out", "unknown", "planned"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which one thing was true of a hub: `what` is serving, out, unknown or planned."""

    start: datetime
    end: datetime
    what: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Uptime:
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


def stretches(
    flips: Sequence[tuple[datetime, str]],
    planned: Iterable[Span],
    start: datetime,
    end: datetime,
) -> list[Stretch]:
    """The window cut where something changed, oldest first.

    `flips` are (when, to), oldest first, and may begin before the window; before the first one nothing is known.
    """
    cuts: list[Stretch] = []
    was, since = UNKNOWN, start
    for flipped, to in [*flips, (end, "")]:
        at = min(max(flipped, start), end)
        if at > since:
            cuts.append(Stretch(since, at, was))
        was, since = to, max(at, since)
    spans = merged(planned)
    return [piece for cut in cuts for piece in _without_planned(cut, spans)] if spans else cuts


def merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping spans as one, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _without_planned(cut: Stretch, planned: Sequence[Span]) -> list[Stretch]:
    pieces: list[Stretch] = []
    at = cut.start
    for begins, ends in planned:
        start, end = max(begins, cut.start), min(ends, cut.end)
        if end <= start:
            continue
        if start > at:
            pieces.append(Stretch(at, start, cut.what))
        pieces.append(Stretch(start, end, PLANNED))
        at = end
    if at < cut.end:
        pieces.append(Stretch(at, cut.end, cut.what))
    return pieces


def total(pieces: Sequence[Stretch], start: datetime, end: datetime) -> Uptime:
    """The seconds of each kind between two moments; the pieces are in order and don't overlap."""
    seconds = {SERVING: 0.0, OUT: 0.0, UNKNOWN: 0.0, PLANNED: 0.0}
    for number in range(bisect_right(pieces, start, key=_end), len(pieces)):
        piece = pieces[number]
        if piece.start >= end:
            break
        seconds[piece.what] += (min(piece.end, end) - max(piece.start, start)).total_seconds()
    return Uptime(**seconds)


def of_hubs(
    hubs: Sequence[Hub],
    start: datetime,
    end: datetime,
    planned: Mapping[int, Sequence[Span]] | None = None,
) -> dict[int, list[Stretch]]:
    """The stretches of several hubs (by primary key) in a window, in two or three queries however many they are.

    `planned` is for those who have read the downtimes already.
    """
    flips = _flips(hubs, start, end)
    spans = _planned(hubs, start, end) if planned is None else planned
    return {hub.pk: stretches(flips.get(hub.pk, []), spans.get(hub.pk, []), start, end) for hub in hubs}


def days(pieces: Sequence[Stretch], end: datetime, number: int) -> list[Uptime]:
    """The last `number` UTC days up to `end`, oldest first, the last one unfinished."""
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(number - 1, -1, -1)]
    return [total(pieces, start, min(start + timedelta(days=1), end)) for start in starts]


def planned_spans(downtimes: Iterable[Downtime], end: datetime) -> Iterator[Span]:
    """The times that count as planned: announced outages that were not cancelled. A drain in an emergency is none."""
    for each in downtimes:
        if each.cancelled_at is None and each.severity == Downtime.Severity.OUTAGE and not each.emergency:
            yield each.starts_at, each.ends_at or end


def _end(piece: Stretch) -> datetime:
    return piece.end


def _flips(hubs: Sequence[Hub], start: datetime, end: datetime) -> Mapping[int, list[tuple[datetime, str]]]:
    newest = Flip.objects.filter(hub=OuterRef("pk"), at__lte=start).order_by("-at").values("to")[:1]
    before = Hub.objects.filter(pk__in=[hub.pk for hub in hubs]).order_by().values_list("pk", Subquery(newest))
    found = {pk: [(start, was)] for pk, was in before if was}
    within = Flip.objects.filter(hub__in=hubs, at__gt=start, at__lt=end).order_by("at", "id")
    for hub, at, to in within.values_list("hub_id", "at", "to"):
        found.setdefault(hub, []).append((at, to))
    return found


def _planned(hubs: Sequence[Hub], start: datetime, end: datetime) -> Mapping[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    rows = Downtime.objects.standing().filter(hub__in=hubs, starts_at__lt=end).exclude(ends_at__lte=start)
    for each in rows:
        found.setdefault(each.hub_id, []).extend(planned_spans([each], end))
    return found
