"""Alerts: what maintainers are told when a hub goes out, flaps or comes back, and when nobody could have noticed.

A beat task looks every few seconds at where things stand now, not at what happened since: the next look makes up for
one that was missed. Each trouble is a row (Alert); what is said of it is queued in the transaction that notes it as
said. Two looks at once are one look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from members.models import Notice
from members.services import notices, recipients
from routing.models import Alert, AlertRound, CheckRound, Flip, Policy
from routing.services import alert_contacts, alert_letters, hub_troubles
from routing.services.alert_letters import Letter
from routing.services.hub_troubles import Standing

ALERT_LOCK: Final = 0x6665_6410

# So long a trouble must last, and its end too: what happens to several hubs in this time is told at once.
GROUPING: Final = timedelta(seconds=60)
REMINDERS: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# A pause shorter than this is a deploy, not a fault worth a letter.
SHORTEST_GAP: Final = timedelta(minutes=2)
# What is older is no news any more.
NEWS: Final = timedelta(days=2)

OUT, FLAPPING, NO_ANSWER, UNWATCHED = Alert.Kind.OUT, Alert.Kind.FLAPPING, Alert.Kind.NO_ANSWER, Alert.Kind.UNWATCHED
AGAIN, OVER, GAP = "again", "over", "gap"


def queue_alerts(now: datetime | None = None) -> None:
    """Look around, and queue what there is to say."""
    with transaction.atomic():
        if _is_alone():
            _Look(now or timezone.now()).around()


@dataclass
class _Look:
    now: datetime

    def around(self) -> None:
        """All of it, in the order in which one silences the other."""
        self.gap()
        self.fleet()
        self.hubs()
        self.flapping()
        self.tell()
        self.remind()
        self.all_clear()

    @cached_property
    def standings(self) -> Mapping[int, Standing]:
        """How each hub stands that gets launches."""
        return hub_troubles.standings(self.now)

    @cached_property
    def period(self) -> timedelta:
        """After this without a round nobody checks: less than a minute is no news."""
        return max(timedelta(seconds=3 * Policy.objects.current().check_period), GROUPING)

    @cached_property
    def alone_since(self) -> datetime:
        """Since when somebody has looked without a gap; set by `gap`."""
        return self.now

    def gap(self) -> None:
        """Say once that nobody looked for a while: those who should have said so then were dead."""
        last = AlertRound.objects.filter(pk=1).first()
        if last is None or self.now - last.at > max(self.period, SHORTEST_GAP):
            if last is not None:
                self.say(GAP, f"{last.at:%Y-%m-%d %H:%M:%S}", alert_letters.gap(last.at, self.now))
            AlertRound.objects.update_or_create(pk=1, defaults={"at": self.now, "since": self.now})
            return
        self.alone_since = last.since
        # A clock that was set back must not make this look older than it is.
        AlertRound.objects.filter(pk=1).update(at=self.now, since=min(last.since, self.now))

    def fleet(self) -> None:
        """What is not one hub's trouble: that no hub answers, or that nobody asks."""
        checks = CheckRound.objects.filter(pk=1).first()
        if checks is None:
            return
        finished = checks.finished_at or self.alone_since
        stopped = self.now - finished > self.period
        if not self.open(UNWATCHED):
            # Our own dead time is no reason to begin: the checks need as long as we do to come back.
            stopped = stopped and self.now - self.alone_since > self.period
        self._fleet(NO_ANSWER, checks.fail_open_since is not None, checks.fail_open_since or self.now, finished)
        self._fleet(UNWATCHED, stopped, finished, finished)

    def _fleet(self, kind: str, is_so: bool, since: datetime, until: datetime) -> None:
        alert = next(iter(self.open(kind)), None)
        if is_so and alert is None:
            self.tell_of([self.begin(kind=kind, hub=None, began_at=since)])
        elif not is_so and alert is not None:
            self.end([alert], {alert.pk: max(until, alert.began_at)})

    def hubs(self) -> None:
        """Open an alert for each hub that went out; close those nobody heard of, and those of hubs that left."""
        open_alerts = {alert.hub_id: alert for alert in self.open(OUT)}
        for standing in self.standings.values():
            if standing.to == Flip.To.OUT and standing.hub.pk not in open_alerts:
                self.begin(kind=OUT, hub=standing.hub, began_at=standing.since, reason=standing.reason)
        for pk, alert in open_alerts.items():
            here = self.standings.get(pk or 0)
            unheard = alert.told_at is None and here is not None and here.to == Flip.To.SERVING
            if here is None or unheard:
                self.close([alert])

    def flapping(self) -> None:
        """Say once of a hub that it goes in and out; it is silent then until it was calm for an hour."""
        open_alerts = {alert.hub_id: alert for alert in self.open(FLAPPING)}
        for standing in self.standings.values():
            if standing.is_flapping and not standing.quiet and standing.hub.pk not in open_alerts:
                reason = f"out {standing.outs} times within an hour"
                self.tell_of([self.begin(kind=FLAPPING, hub=standing.hub, began_at=self.now, reason=reason)])
        for pk, alert in open_alerts.items():
            here = self.standings.get(pk or 0)
            if here is None or (here.is_calm and here.to != Flip.To.SERVING):
                self.close([alert])
            elif here.is_calm:
                self.end([alert], {})

    def tell(self) -> None:
        """Tell of the hubs that are out, once the first of them has been for a minute."""
        new = [alert for alert in self.open(OUT) if alert.told_at is None and self.speaks(alert, Flip.To.OUT)]
        if any(self.now - alert.began_at >= GROUPING for alert in new):
            self.tell_of(new)

    def remind(self) -> None:
        """Say again that it lasts. Of several reminders that were missed only the last is of use."""
        due = []
        for alert in self.open(OUT):
            if alert.told_at is None or not self.speaks(alert, Flip.To.OUT):
                continue
            steps = sum(1 for step in REMINDERS if self.now - alert.told_at >= step)
            if steps > alert.reminders:
                alert.reminders = steps
                due.append(alert)
        if due:
            Alert.objects.bulk_update(due, ["reminders"])
            occasion = f"alert {due[0].pk}, reminder {due[0].reminders}"
            self.say(f"{OUT}-{AGAIN}", occasion, alert_letters.reminder(due, self.now))
            alert_contacts.remind(due, self.now)

    def all_clear(self) -> None:
        """Tell of the hubs that are back, once the first of them has been for a minute; not of those that flap."""
        back = [alert for alert in self.open(OUT) if alert.told_at is not None and self.stands(alert, Flip.To.SERVING)]
        since = {alert.pk: self.standings[alert.hub_id or 0].since for alert in back}
        if any(self.now - each >= GROUPING for each in since.values()):
            silent = {alert.hub_id for alert in self.open(FLAPPING)}
            self.close([alert for alert in back if alert.hub_id in silent])
            self.end([alert for alert in back if alert.hub_id not in silent], since)

    @cached_property
    def alerts(self) -> list[Alert]:
        """All that were open when we began or have been opened by us, oldest first."""
        return list(Alert.objects.open().select_related("hub").order_by("pk"))

    def open(self, kind: str) -> list[Alert]:
        """Those of a kind that are not over."""
        return [alert for alert in self.alerts if alert.kind == kind and alert.over_at is None]

    def begin(self, **values: object) -> Alert:
        """Open one."""
        alert = Alert.objects.create(**values)
        self.alerts.append(alert)
        return alert

    def stands(self, alert: Alert, to: str) -> bool:
        """Whether the alert's hub is known to be so."""
        here = self.standings.get(alert.hub_id or 0)
        return here is not None and here.to == to

    @cached_property
    def silenced(self) -> set[int | None]:
        """The hubs that flap."""
        return {alert.hub_id for alert in self.open(FLAPPING)}

    def speaks(self, alert: Alert, to: str) -> bool:
        """Whether there is something to be said of this hub: not in maintenance, and not while it flaps."""
        here = self.standings.get(alert.hub_id or 0)
        return here is not None and here.to == to and not here.quiet and alert.hub_id not in self.silenced

    def tell_of(self, alerts: Sequence[Alert]) -> None:
        """Queue one message about these, and note on each that it was told, and by which."""
        kind, occasion = alerts[0].kind, f"alert {alerts[0].pk}"
        self.say(kind, occasion, alert_letters.news(alerts, len(self.standings), self.now))
        for alert in alerts:
            alert.told_at, alert.occasion = self.now, occasion
            alert_contacts.tell(alert, alert_letters.news([alert], len(self.standings), self.now), self.now)
        Alert.objects.bulk_update(alerts, ["told_at", "occasion"])

    def end(self, alerts: Sequence[Alert], ended: Mapping[int, datetime]) -> None:
        """Close these and tell just those who had heard, each one of what they had heard of."""
        heard, everybody = _heard(alerts), recipients.maintainers()
        for alert in alerts:
            alert.over_at = ended.get(alert.pk, self.now)
            alert_contacts.all_clear(alert, self.now)
        for address, theirs in heard.items():
            whom = [each for each in everybody if each.address == address]
            occasion = f"alert {theirs[0].pk}, over"
            self.say(f"{alerts[0].kind}-{OVER}", occasion, alert_letters.all_clear(theirs, self.now), whom)
        Alert.objects.bulk_update(alerts, ["over_at"])

    def close(self, alerts: Iterable[Alert]) -> None:
        """Close these without a word."""
        for alert in alerts:
            alert.over_at = self.now
            alert.save(update_fields=["over_at"])

    def say(self, kind: str, occasion: str, letter: Letter, whom: Iterable[recipients.Recipient] | None = None) -> None:
        """Queue a message."""
        notices.tell(
            recipients.maintainers() if whom is None else whom,
            kind=f"alert-{kind}",
            occasion=occasion,
            subject=letter.subject,
            body=letter.body,
            due_at=self.now,
            useful_until=self.now + NEWS,
        )


def _heard(alerts: Sequence[Alert]) -> dict[str, list[Alert]]:
    """Who was told of which: not those whose message was dropped or failed."""
    told: dict[str, list[Alert]] = {}
    unheard = (Notice.State.DROPPED, Notice.State.FAILED)
    for alert in alerts:
        letters = Notice.objects.filter(kind=f"alert-{alert.kind}", occasion=alert.occasion).exclude(state__in=unheard)
        for address in letters.order_by("pk").values_list("recipient", flat=True):
            told.setdefault(address, []).append(alert)
    return told


def _is_alone() -> bool:
    """Whether no other process is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ALERT_LOCK])
        return bool(cursor.fetchone()[0])
