"""The portal's own health: what must live so that hubs are checked, redirectors hear and people are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Subquery, Sum
from django.utils import timezone

from members.models import Notice
from members.services import recipients
from routing import snapshot
from routing.models import CheckRound, Hub, Policy, UsageSource
from routing.services import broker, publishing, pulses

# Beat sends something every few seconds, and so does each worker.
SILENT_SECONDS: Final = 30.0
# A message that is due and still waits after this is in trouble.
LATE: Final = timedelta(minutes=5)

# A redirector hands over every ten seconds, or once a minute while nobody launches.
COUNTS_LATE: Final = timedelta(minutes=5)
COUNTS_REMEMBERED: Final = timedelta(days=30)
LOSSES: Final = {
    "lost": "launches not kept",
    "unknown": "launches of unknown hubs",
    "missing": "batches missing",
    "interruptions": "ends in the middle of work, with two seconds of counts each",
    "silent": "ended without a word",
}

CHECKS: Final = "Checks"
NAMES: Final = {pulses.BEAT: "Beat", pulses.WORKER: "Worker"}
TODO: Final = {
    pulses.BEAT: "Start it: celery -A federation beat. Without it nothing happens by itself.",
    pulses.WORKER: "Start one: celery -A federation worker. Without it nothing happens by itself.",
    CHECKS: "Look into the worker's log for check_hubs. Redirectors check the hubs by themselves meanwhile.",
}


@dataclass(frozen=True)
class Sign:
    """One part: `well` is None where it cannot be known or does not matter; `said` and `todo` are for people."""

    name: str
    well: bool | None
    said: str
    todo: str = ""


def vital_signs(now: datetime | None = None) -> list[Sign]:
    """What must live so that anything happens by itself: beat, worker, checks. Cheap: each page of the office asks."""
    return [*_pulses(), _checks(now or timezone.now())]


def signs(now: datetime | None = None) -> list[Sign]:
    """All parts. Asked from Postgres, so of that one there is nothing to say: without it there is no page."""
    now = now or timezone.now()
    return [*vital_signs(now), _redis(), _snapshot(), _counts(now), _letters(now), _audience()]


def _pulses() -> list[Sign]:
    try:
        ages = pulses.ages()
    except broker.Away:
        return [Sign(name, None, "unknown, because Redis does not answer") for name in NAMES.values()]
    return [_pulse(name, ages[name]) for name in NAMES]


def _pulse(name: str, age: float | None) -> Sign:
    if age is None:
        return Sign(NAMES[name], False, "has not been seen", TODO[name])
    if age > SILENT_SECONDS:
        return Sign(NAMES[name], False, f"was last seen {span(timedelta(seconds=age))} ago", TODO[name])
    return Sign(NAMES[name], True, "lives")


def _checks(now: datetime) -> Sign:
    policy = Policy.objects.filter(pk=1).values("check_period")[:1]
    checks = CheckRound.objects.filter(pk=1).annotate(period=Subquery(policy)).first()
    if checks is None or checks.finished_at is None:
        well = None if not Hub.objects.published().exists() else False
        return Sign(CHECKS, well, "no round has finished yet", "" if well is None else TODO[CHECKS])
    age = span(now - checks.finished_at)
    if checks.stale(now, checks.period or Policy().check_period):
        return Sign(CHECKS, False, f"the last round finished {age} ago", TODO[CHECKS])
    if checks.fail_open_since:
        why = f"no hub has answered for {span(now - checks.fail_open_since)}"
        return Sign(CHECKS, False, why, "See whether this machine reaches the internet: DNS, firewall, proxy.")
    return Sign(CHECKS, True, f"the last round finished {age} ago")


def _redis() -> Sign:
    try:
        waiting = broker.connection().llen("celery")
    except broker.Away:
        todo = "Start it. Redirectors go on with what they have; nothing is checked, published or sent meanwhile."
        return Sign("Redis", False, "does not answer", todo)
    return Sign(
        "Redis", True, f"answers; {waiting} task{'s' if waiting != 1 else ''} wait{'' if waiting != 1 else 's'}"
    )


def _snapshot() -> Sign:
    live = publishing.newest_live()
    if live is None:
        return Sign("Snapshot", None, "nothing was published yet")
    try:
        document = broker.connection().get(snapshot.REDIS_SNAPSHOT)
    except broker.Away:
        return Sign("Snapshot", None, f"version {live.version} here; what redirectors have is unknown")
    if document == live.document.encode():
        return Sign("Snapshot", True, f"version {live.version}, here and in Redis")
    todo = "It comes right within seconds while beat and a worker live."
    return Sign("Snapshot", False, f"version {live.version} here, another document in Redis", todo)


def _counts(now: datetime) -> Sign:
    """Whether redirectors hand over what they count, and what is known to be lost of it."""
    recent = UsageSource.objects.filter(seen_at__gt=now - COUNTS_REMEMBERED)
    silent = Q(ended=False, seen_at__lt=now - COUNTS_LATE)
    sums = recent.aggregate(
        newest=Max("seen_at"),
        live=Count("pk", filter=Q(ended=False, seen_at__gte=now - COUNTS_LATE)),
        silent=Count("pk", filter=silent),
        **{name: Sum(name) for name in ("lost", "unknown", "missing", "interruptions")},
    )
    if sums["newest"] is None:
        return Sign("Counts", None, "no redirector has handed over any")
    said = f"{sums['live']} redirector{'s' if sums['live'] != 1 else ''} hand{'s' if sums['live'] == 1 else ''} over"
    losses = [f"{sums[name]:,} {words}" for name, words in LOSSES.items() if sums[name]]
    if losses:
        said += f"; in the last {COUNTS_REMEMBERED.days} days: {', '.join(losses)}"
    todo = (
        ""
        if sums["live"]
        else "See whether redirectors reach Redis, and whether a worker lives. They keep their counts."
    )
    return Sign("Counts", bool(sums["live"]), said, todo)


def _letters(now: datetime) -> Sign:
    if settings.MAIL_SERVER_MISSING:
        return Sign("Letters", False, "the portal has no mail server", "Set EMAIL_URL. Channels work without it.")
    due = Q(state=Notice.State.WAITING, due_at__lte=now)
    failed = Q(state=Notice.State.FAILED, created_at__gt=now - timedelta(days=1))
    counts = Notice.objects.aggregate(
        waiting=Count("pk", filter=Q(state=Notice.State.WAITING)),
        failed=Count("pk", filter=failed),
        oldest=Min("created_at", filter=due | Q(state=Notice.State.WAITING, tries__gt=0)),
    )
    said = f"{counts['waiting']} wait, {counts['failed']} failed in the last day"
    late = counts["oldest"] is not None and now - counts["oldest"] > LATE
    if late:
        said += f"; the oldest has waited for {span(now - counts['oldest'])}"
    well = not (late or counts["failed"])
    return Sign("Letters", well, said, "" if well else "The outbox says why.")


def _audience() -> Sign:
    told = recipients.maintainers()
    channels = sum(1 for each in told if each.channel)
    people = len(told) - channels
    said = f"{people} maintainer{'s' if people != 1 else ''} with an e-mail address, {channels} channel"
    if told:
        return Sign("Alerts go to", True, said + ("s" if channels != 1 else ""))
    return Sign("Alerts go to", False, "nobody", "Give a maintainer an e-mail address, or add a channel.")


def span(length: timedelta) -> str:
    """A length of time as people say it."""
    seconds = max(0, round(length.total_seconds()))
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {word}s"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
