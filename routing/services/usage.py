"""How much was launched where: what was handed over and taken in, by time, hub, reason and repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db.models import DateTimeField, DurationField, F, Func, QuerySet, Sum, Value
from django.utils import timezone

from routing.models import Hub, UsageDay, UsageHour, UsageMinute, UsageRepository
from routing.services import promises

COOKIE: Final = "cookie"
SPILL: Final = "spill"
REASONS: Final = ("home", SPILL, "weighted", "fallback", COOKIE)
EPOCH: Final = datetime(2020, 1, 6, tzinfo=UTC)  # a Monday

Table = type[UsageMinute] | type[UsageHour] | type[UsageDay]


@dataclass(frozen=True)
class Window:
    """A time that is looked at, up to now: how long, in slots of which length, from which table."""

    key: str
    title: str
    words: str
    slot_words: str
    slots: int
    step: timedelta
    table: Table

    def begin(self, now: datetime) -> datetime:
        """Where the first slot begins; the last one holds this moment."""
        return EPOCH + (now - EPOCH) // self.step * self.step - (self.slots - 1) * self.step


WINDOWS: Final = {
    window.key: window
    for window in (
        Window("hour", "Hour", "the last hour", "minute", 60, timedelta(minutes=1), UsageMinute),
        Window("day", "Day", "the last 24 hours", "hour", 24, timedelta(hours=1), UsageHour),
        Window("week", "7 days", "the last 7 days", "span of 3 hours", 57, timedelta(hours=3), UsageHour),
        Window("month", "30 days", "the last 30 days", "day", 30, timedelta(days=1), UsageDay),
        Window("quarter", "90 days", "the last 90 days", "day", 90, timedelta(days=1), UsageDay),
        Window("year", "Year", "the last 52 weeks", "week", 52, timedelta(days=7), UsageDay),
    )
}


@dataclass(frozen=True)
class HubUsage:
    """One hub in a time: its launches by slot and by reason, and the share it was promised; shares are in 0..1."""

    hub: Hub
    launches: tuple[int, ...]
    reasons: Mapping[str, int]
    total: int
    received: float | None
    promised: float | None
    promises: tuple[float | None, ...]


@dataclass(frozen=True)
class Usage:
    """All hubs that were promised or got anything in a time, those with the most launches first."""

    since: datetime
    until: datetime
    slots: tuple[datetime, ...]
    hubs: tuple[HubUsage, ...]

    @property
    def total(self) -> int:
        """All launches."""
        return sum(each.total for each in self.hubs)

    @property
    def spilled(self) -> float | None:
        """The part of what the balancer chose that went to another hub than its home; None before the first choice."""
        chosen = sum(number for each in self.hubs for reason, number in each.reasons.items() if reason != COOKIE)
        return sum(each.reasons.get(SPILL, 0) for each in self.hubs) / chosen if chosen else None

    def slot_totals(self) -> tuple[int, ...]:
        """The launches of all hubs by slot."""
        return tuple(sum(each.launches[place] for each in self.hubs) for place in range(len(self.slots)))

    def of(self, hub: Hub) -> HubUsage | None:
        """That hub's part, if it has any."""
        return next((each for each in self.hubs if each.hub.pk == hub.pk), None)


@dataclass(frozen=True)
class Repository:
    """One repository in a time: its launches, and how many of them each hub (by key) got."""

    name: str
    launches: int
    hubs: Mapping[str, int]


def look(window: Window, now: datetime | None = None, *, hub: Hub | None = None) -> Usage:
    """The usage of a window up to now, in three queries. With `hub` only that one's promises slot by slot."""
    now = now or timezone.now()
    since = window.begin(now)
    slots = tuple(since + number * window.step for number in range(window.slots))
    return _read(window.table, since, now, slots, hub)


def totals(window: Window, now: datetime | None = None) -> tuple[int, ...]:
    """The launches of all hubs in each slot of a window up to now, in one query."""
    since = window.begin(now or timezone.now())
    slots = [since + number * window.step for number in range(window.slots)]
    cells = _cells(window.table.objects.filter(at__gte=since), slots, window.step)
    found = [0] * len(slots)
    for each in cells.values():
        for (place, _), number in each.items():
            found[place] += number
    return tuple(found)


def between(since: date, until: date, now: datetime | None = None) -> Usage:
    """The usage of whole UTC days, the last one not among them."""
    days = [_midnight(since) + timedelta(days=number) for number in range((until - since).days)]
    return _read(UsageDay, _midnight(since), min(_midnight(until), now or timezone.now()), tuple(days))


def today(now: datetime | None = None) -> Usage:
    """The usage since midnight UTC, as far as it was handed over."""
    day = (now or timezone.now()).astimezone(UTC).date()
    return between(day, day + timedelta(days=1), now)


def repositories(since: date, until: date, *, hubs: Iterable[Hub] | None = None, most: int = 20) -> list[Repository]:
    """The most launched repositories of whole UTC days, the last one not among them; of these hubs or all."""
    rows = UsageRepository.objects.filter(day__gte=since, day__lt=until)
    if hubs is not None:
        rows = rows.filter(hub__in=hubs)
    sums = rows.order_by().values("repository").annotate(number=Sum("launches")).order_by("-number", "repository")
    top = dict(sums.values_list("repository", "number")[:most])
    parts: dict[str, dict[str, int]] = {name: {} for name in top}
    by_hub = rows.filter(repository__in=top).order_by().values_list("repository", "hub__key")
    for name, key, number in by_hub.annotate(number=Sum("launches")).order_by("-number", "hub__key"):
        parts[name][key] = number
    return [Repository(name, number, parts[name]) for name, number in top.items()]


def mix(since: date, until: date) -> tuple[dict[str, int], int]:
    """What is launched: repositories by name, and how many launches more there were of rarer ones. For replays."""
    rows = UsageRepository.objects.filter(day__gte=since, day__lt=until).order_by()
    named = dict(rows.values_list("repository").annotate(number=Sum("launches")).order_by("-number", "repository"))
    return named, max(0, total(since, until) - sum(named.values()))


def total(since: date, until: date) -> int:
    """All launches of whole UTC days, the last one not among them."""
    days = UsageDay.objects.filter(at__gte=_midnight(since), at__lt=_midnight(until))
    return days.aggregate(number=Sum("launches"))["number"] or 0


def _read(table: Table, since: datetime, until: datetime, slots: Sequence[datetime], only: Hub | None = None) -> Usage:
    step = slots[1] - slots[0] if len(slots) > 1 else timedelta(days=1)
    cells = _cells(table.objects.filter(at__gte=since, at__lt=max(until, slots[-1] + step)), slots, step)
    held = promises.steps(since, until)
    begin = promises.known_since(held) or until
    hubs = list(Hub.objects.select_related("member"))
    total = sum(number for slot_cells in cells.values() for number in slot_cells.values())
    known, all_of = (begin, until), None if only is None else only.pk
    found = [
        _hub(hub, cells.get(hub.pk, {}), len(slots), total, *_promised(held.get(hub.pk, []), known, shown, step))
        for hub in hubs
        for shown in [slots if all_of in (None, hub.pk) else ()]
    ]
    there = [each for each in found if each.total or each.promised]
    return Usage(since, until, tuple(slots), tuple(sorted(there, key=lambda each: (-each.total, each.hub.key))))


def _cells(
    rows: QuerySet[UsageMinute] | QuerySet[UsageHour] | QuerySet[UsageDay], slots: Sequence[datetime], step: timedelta
) -> dict[int, dict[tuple[int, str], int]]:
    """By hub, the launches of each slot (by its place) and reason."""
    slot = Func(
        Value(step, output_field=DurationField()),
        F("at"),
        Value(slots[0], output_field=DateTimeField()),
        function="date_bin",
        output_field=DateTimeField(),
    )
    places = {at: place for place, at in enumerate(slots)}
    cells: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    sums = rows.order_by().annotate(slot=slot).values_list("hub_id", "slot", "reason").annotate(n=Sum("launches"))
    for pk, at, reason, number in sums:
        if at in places:
            cells[pk][places[at], reason] = number
    return cells


def _hub(
    hub: Hub,
    cells: Mapping[tuple[int, str], int],
    slots: int,
    total: int,
    promised: float | None,
    by_slot: tuple[float | None, ...],
) -> HubUsage:
    launches, reasons = [0] * slots, dict.fromkeys(REASONS, 0)
    for (place, reason), number in cells.items():
        launches[place] += number
        reasons[reason] = reasons.get(reason, 0) + number
    mine = sum(launches)
    return HubUsage(
        hub=hub,
        launches=tuple(launches),
        reasons=reasons,
        total=mine,
        received=mine / total if total else None,
        promised=promised,
        promises=by_slot,
    )


def _promised(
    held: promises.Steps, known: tuple[datetime, datetime], slots: Sequence[datetime], step: timedelta
) -> tuple[float | None, tuple[float | None, ...]]:
    """The promise in the whole time and in each slot, as far as it is known."""
    by_slot = (promises.mean(held, max(at, known[0]), min(at + step, known[1])) for at in slots)
    return promises.mean(held, *known), tuple(by_slot)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
