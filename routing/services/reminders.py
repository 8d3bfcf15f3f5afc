"""The reminders about hubs: an onboarding that does not move, a certificate that runs out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone

from members.services import ladders, notices, recipients
from members.services.recipients import Recipient
from routing.models import Hub, HubHealth, Onboarding

STUCK: Final = (7, 14, 28)
CERTIFICATE: Final = (-21, -7, -2)


def remind(now: datetime | None = None) -> None:
    """Queue what is to be said now. Safe to run any time, any number of times."""
    now = now or timezone.now()
    onboardings_stuck(now)
    certificates_expire(now)


def onboardings_stuck(now: datetime) -> None:
    """Tell maintainers of a hub whose onboarding has not moved for a week."""
    moved = Greatest("begun_at", Coalesce(Max("steps__at"), "begun_at"))
    open_ones = Onboarding.objects.filter(finished_at=None, hub__state=Hub.State.ONBOARDING).annotate(moved_at=moved)
    for each in open_ones.filter(moved_at__lte=now - timedelta(days=STUCK[0])).select_related("hub__member"):
        rung = ladders.rung(each.moved_at, STUCK, now)
        if rung is None:
            continue
        open_steps = [step.get_name_display() for step in each.steps.all() if step.state == "open"]
        notices.tell(
            recipients.maintainers(),
            kind="onboarding-stuck",
            occasion=f"onboarding {each.pk}, {each.moved_at:%Y-%m-%d}, {rung.day}",
            subject=f"{each.hub} of {each.hub.member}: nothing moved for {rung.day} days",
            body=f"Its onboarding waits for: {', '.join(open_steps) or 'nothing that the portal knows of'}.",
            link=("Its checklist", settings.PORTAL_URL + reverse("onboarding", args=[each.hub.member.slug])),
            due_at=now,
            useful_until=rung.useful_until,
        )


def certificates_expire(now: datetime) -> None:
    """Tell a hub's contacts, and maintainers, before its certificate runs out; renewing it ends the ladder."""
    soon = HubHealth.objects.filter(
        certificate_expires__gt=now,
        certificate_expires__lte=now - timedelta(days=CERTIFICATE[0]),
        hub__state__in=[Hub.State.ACTIVE, Hub.State.DRAINED],
    )
    for health in soon.select_related("hub__member"):
        expires, hub = health.certificate_expires, health.hub
        rung = ladders.rung(expires, CERTIFICATE, now, last=timedelta(days=2)) if expires else None
        if rung is None or expires is None:
            continue
        # The date, not "in 7 days": the letter may have to wait for its mail server.
        day = f"{expires.day} {expires:%B}"
        notices.tell(
            _told(hub),
            kind="certificate",
            occasion=f"hub {hub.pk}, {expires:%Y-%m-%d}, {rung.day}",
            subject=f"The certificate of {hub} runs out on {day}",
            body=(
                f"{hub.url} shows a certificate that is good until {expires:%d %B %Y, %H:%M} UTC. When it has run out, "
                "browsers refuse the hub and it leaves the rotation.\n\nMost often its renewal stopped: look there."
            ),
            link=("The hub's page", settings.PORTAL_URL + reverse("hub", args=[hub.key])),
            due_at=now,
            useful_until=rung.useful_until,
        )


def _told(hub: Hub) -> list[Recipient]:
    found = [*recipients.contacts(hub.member_id), *recipients.maintainers()]
    return recipients.each_once(found)
