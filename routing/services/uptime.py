"""How much of the time a hub was well: computed from flips, with unknown time as unknown and planned time apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.models import Downtime, Flip, Hub

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
    planned: Iterable[tuple[datetime, datetime]],
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
    return [piece for cut in cuts for piece in _without_planned(cut, merged(planned))]


def merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Overlapping spans as one, in order."""
    result: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _without_planned(cut: Stretch, planned: Sequence[tuple[datetime, datetime]]) -> list[Stretch]:
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


def total(pieces: Iterable[Stretch], start: datetime, end: datetime) -> Uptime:
    """The seconds of each kind between two moments."""
    seconds = {SERVING: 0.0, OUT: 0.0, UNKNOWN: 0.0, PLANNED: 0.0}
    for piece in pieces:
        overlap = (min(piece.end, end) - max(piece.start, start)).total_seconds()
        if overlap > 0:
            seconds[piece.what] += overlap
    return Uptime(**seconds)


def of_hubs(hubs: Sequence[Hub], start: datetime, end: datetime) -> dict[int, list[Stretch]]:
    """The stretches of several hubs (by primary key) in a window, in three queries however many they are."""
    flips = _flips(hubs, start, end)
    planned = _planned(hubs, start, end)
    return {hub.pk: stretches(flips.get(hub.pk, []), planned.get(hub.pk, []), start, end) for hub in hubs}


def days(pieces: Sequence[Stretch], end: datetime, number: int) -> list[Uptime]:
    """The last `number` UTC days up to `end`, oldest first, the last one unfinished."""
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(number - 1, -1, -1)]
    return [total(pieces, start, min(start + timedelta(days=1), end)) for start in starts]


def _flips(hubs: Sequence[Hub], start: datetime, end: datetime) -> Mapping[int, list[tuple[datetime, str]]]:
    found: dict[int, list[tuple[datetime, str]]] = {}
    before = Flip.objects.filter(hub__in=hubs, at__lte=start).order_by("hub", "-at").distinct("hub")
    within = Flip.objects.filter(hub__in=hubs, at__gt=start, at__lt=end).order_by("at", "id")
    for rows in (before, within):
        for hub, at, to in rows.values_list("hub_id", "at", "to"):
            found.setdefault(hub, []).append((at, to))
    return found


def _planned(hubs: Sequence[Hub], start: datetime, end: datetime) -> Mapping[int, list[tuple[datetime, datetime]]]:
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    rows = Downtime.objects.standing().filter(hub__in=hubs, severity=Downtime.Severity.OUTAGE, starts_at__lt=end)
    for hub, begins, ends in rows.exclude(ends_at__lte=start).values_list("hub_id", "starts_at", "ends_at"):
        found.setdefault(hub, []).append((begins, ends or end))
    return found
