"""What alerts say: what happened, since when, what it means, what to do. The subject alone says the thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from routing.models import Alert, Hub
from routing.services.hub_troubles import CALM, FLAPS

# More names than this do not fit into a subject.
NAMED = 4


@dataclass(frozen=True)
class Letter:
    """A subject and a text."""

    subject: str
    body: str


def news(alerts: Sequence[Alert], total: int, now: datetime) -> Letter:
    """Something is wrong; with several alerts each is a hub that is out, of `total`."""
    first = alerts[0]
    if first.kind == Alert.Kind.NO_ANSWER:
        return _no_answer(first, now)
    if first.kind == Alert.Kind.UNWATCHED:
        return _unwatched(first, now)
    if first.kind == Alert.Kind.FLAPPING:
        return _flapping(first)
    return _out(alerts, total, now)


def reminder(alerts: Sequence[Alert], now: datetime) -> Letter:
    """It still lasts."""
    if len(alerts) == 1:
        hub, since = _hub(alerts[0]), lasting(now - alerts[0].began_at)
        subject = f"{hub.name} is still out after {since}: {_reason(alerts[0])}"
    else:
        subject = f"{len(alerts)} hubs are still out: {_names(alerts)}"
    meaning = "Launches still go to the other hubs. There may be a reminder later; there will be word when it is over."
    return Letter(subject, _text(_list(alerts, now), meaning, _todo(alerts)))


def all_clear(alerts: Sequence[Alert], now: datetime) -> Letter:
    """It is over."""
    first = alerts[0]
    if first.kind == Alert.Kind.NO_ANSWER:
        lasted = _span(first, now)
        return Letter("Hubs answer again", _text(f"No hub answered {lasted}. The checks work as usual again."))
    if first.kind == Alert.Kind.UNWATCHED:
        lasted = _span(first, now)
        return Letter("The hubs are checked again", _text(f"Nobody checked the hubs {lasted}. The checks are back."))
    if first.kind == Alert.Kind.FLAPPING:
        hub = _hub(first)
        words = f"{hub.name} has not changed for an hour and serves launches. From here on its outages are told again."
        return Letter(f"{hub.name} is steady again", _text(words, page(hub)))
    if len(alerts) == 1:
        subject = f"{_hub(first).name} is back: it was out {_span(first, now)}"
    else:
        subject = f"{len(alerts)} hubs are back: {_names(alerts)}"
    each = "\n".join(f"- {_hub(alert).name}: was out {_span(alert, now)}. {page(_hub(alert))}" for alert in alerts)
    return Letter(subject, _text(each, "Launches go there again, a few at first and all of its share in the end."))


def gap(since: datetime, until: datetime) -> Letter:
    """While nobody looked nobody could say so."""
    span = f"from {when(since, until)} to {when(until, until)}, {lasting(until - since)}"
    return Letter(
        f"The portal did not watch the hubs for {lasting(until - since)}",
        _text(
            f"The portal's worker or beat did not run {span}.",
            "In that time nobody was told of anything, and the history of the hubs says “unknown”. Redirectors watched "
            "the hubs by themselves, so launches went to those that were well.",
            f"If no stop was planned, look into the logs of worker and beat. How the portal is now:\n{operations()}",
        ),
    )


def _out(alerts: Sequence[Alert], total: int, now: datetime) -> Letter:
    first = alerts[0]
    if len(alerts) == 1:
        subject = f"{_hub(first).name} is out: {_reason(first)} (since {when(first.began_at, now)})"
    else:
        count = f"All {total}" if len(alerts) == total else str(len(alerts))
        subject = f"{count} hubs are out: {_names(alerts)}"
    there = "there" if len(alerts) == 1 else "on one of them"
    meaning = f"New launches go to the other hubs. Who works {there} already may lose it."
    if len(alerts) >= total:
        meaning = "No hub is left: launches go to the prime, well or not, and many will fail."
    return Letter(subject, _text(_list(alerts, now), meaning, _todo(alerts)))


def _flapping(alert: Alert) -> Letter:
    hub = _hub(alert)
    return Letter(
        f"{hub.name} is flapping: {alert.reason}",
        _text(
            f"{hub.name} went out and came back more than {FLAPS} times within an hour.",
            "It gets launches whenever it looks well, and only a part of its share. There will be silence about it "
            f"until it has been steady for {lasting(CALM)}.",
            "If it does not settle, drain it until its team has found out why:",
            page(hub),
        ),
    )


def _no_answer(alert: Alert, now: datetime) -> Letter:
    return Letter(
        f"No hub answers: is it our own network? (since {when(alert.began_at, now)})",
        _text(
            f"Not one hub has answered the portal's checks since {when(alert.began_at, now)}.",
            "When all fail at once the fault is likelier ours than theirs, so launches go on as before for a while. "
            "If it lasts, the hubs are taken out.",
            "See whether the portal's machine reaches the internet (DNS, firewall, proxy). "
            f"How the portal is:\n{operations()}",
        ),
    )


def _unwatched(alert: Alert, now: datetime) -> Letter:
    return Letter(
        f"Nobody checks the hubs since {when(alert.began_at, now)}",
        _text(
            f"The last round of checks ended at {when(alert.began_at, now)}, though the portal's worker runs.",
            "Redirectors check the hubs by themselves meanwhile. The portal's own pages and figures stand still.",
            f"Look into the worker's log for check_hubs. How the portal is:\n{operations()}",
        ),
    )


def page(hub: Hub) -> str:
    """The address of a hub's page."""
    return f"{settings.PORTAL_URL}/hubs/{hub.key}/"


def operations() -> str:
    """The address of the page about the portal's own health."""
    return f"{settings.PORTAL_URL}/admin/routing/checkround/"


def when(at: datetime, now: datetime) -> str:
    """A time in UTC, with its day unless that is today."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at.day} {at:%b, %H:%M} UTC"


def lasting(span: timedelta) -> str:
    """A length of time in one or two words."""
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"


def _list(alerts: Sequence[Alert], now: datetime) -> str:
    return "\n".join(
        f"- {_hub(each).name} is out since {when(each.began_at, now)}: {_reason(each)}. {page(_hub(each))}"
        for each in alerts
    )


def _todo(alerts: Sequence[Alert]) -> str:
    whom = "its team" if len(alerts) == 1 else "their teams"
    return (
        f"See the page for what the checks found, and ask {whom}. If it is planned work, enter it as a downtime: "
        "there is silence then until it ends."
    )


def _names(alerts: Sequence[Alert]) -> str:
    names = [_hub(alert).name for alert in alerts]
    rest = len(names) - NAMED
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:NAMED])} and {rest} more"


def _reason(alert: Alert) -> str:
    return alert.reason.rstrip(".") or "it is not healthy"


def _span(alert: Alert, now: datetime) -> str:
    ended = alert.over_at or now
    return f"from {when(alert.began_at, now)} to {when(ended, now)}, {lasting(ended - alert.began_at)}"


def _hub(alert: Alert) -> Hub:
    if alert.hub is None:
        raise ValueError(f"{alert} is about no hub")
    return alert.hub


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)
