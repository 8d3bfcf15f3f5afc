"""What waits for a maintainer about hubs and traffic, for the office's first page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from members.services.waiting import Source, Waiting, changelist, counted
from routing.models import DriftReport, Hub, HubHealth, HubProposal, Incident, Ramp, Webhook

# A certificate that is not renewed by now was forgotten.
EXPIRES_SOON: Final = timedelta(days=14)
# What fails for less mends itself: it is tried again.
FAILS_LONG: Final = timedelta(hours=6)


def of_hubs(_now: datetime) -> Iterator[Waiting]:
    """Hubs that are out."""
    count = HubHealth.objects.filter(serving=False, hub__state=Hub.State.ACTIVE).count()
    words = counted(count, "hub is out", "hubs are out")
    yield Waiting(count, words, changelist("routing_hub", "state__exact=active"), urgent=True)


def of_drafts(_now: datetime) -> Iterator[Waiting]:
    """Incidents that wrote themselves."""
    count = Incident.objects.drafts().count()
    words = counted(count, "draft of an incident waits", "drafts of incidents wait")
    yield Waiting(count, f"{words}: publish or not?", changelist("routing_incident", "is=draft"), urgent=True)


def of_proposals(_now: datetime) -> Iterator[Waiting]:
    """Weights and limits that members would like."""
    count = HubProposal.objects.filter(state="waiting").count()
    words = counted(count, "wish of a member for its hub waits", "wishes of members for their hubs wait")
    yield Waiting(count, words, reverse("my"))


def of_ramps(_now: datetime) -> Iterator[Waiting]:
    """Ramps that gave up and wait for a person."""
    count = Ramp.objects.filter(held=Ramp.Held.PERSON).count()
    words = counted(count, "ramp waits for a person", "ramps wait for a person")
    yield Waiting(count, words, changelist("routing_ramp"))


def of_certificates(now: datetime) -> Iterator[Waiting]:
    """Certificates that end."""
    soon = HubHealth.objects.filter(certificate_expires__lte=now + EXPIRES_SOON).exclude(hub__state=Hub.State.RETIRED)
    count = soon.count()
    words = counted(count, "hub's certificate ends", "hubs' certificates end")
    yield Waiting(count, f"{words} within two weeks", changelist("routing_hub"))


def of_drift(_now: datetime) -> Iterator[Waiting]:
    """Lists elsewhere that say something else than the portal."""
    newest = DriftReport.objects.filter(source=OuterRef("source")).order_by("-at", "-id").values("pk")[:1]
    reports = DriftReport.objects.filter(source__enabled=True, pk=Subquery(newest)).exclude(problem="", findings=[])
    count = reports.count()
    words = counted(count, "list elsewhere says", "lists elsewhere say")
    yield Waiting(count, f"{words} something else than the portal", changelist("routing_driftsource"))


def of_webhooks(now: datetime) -> Iterator[Waiting]:
    """Programs that are not told what they wanted to know."""
    failing = Q(enabled=True, failing_since__lt=now - FAILS_LONG)
    count = Webhook.objects.filter(failing | (Q(enabled=False) & ~Q(switched_off_because=""))).count()
    words = counted(count, "webhook does not arrive", "webhooks do not arrive")
    yield Waiting(count, words, changelist("routing_webhook", "is=trouble"))


def of_newcomers(_now: datetime) -> Iterator[Waiting]:
    """Hubs that are being taken in."""
    count = Hub.objects.filter(state=Hub.State.ONBOARDING).count()
    words = counted(count, "hub is being taken in", "hubs are being taken in")
    yield Waiting(count, words, changelist("routing_hub", "state__exact=onboarding"))


SOURCES: Final[tuple[Source, ...]] = (
    of_hubs,
    of_drafts,
    of_proposals,
    of_ramps,
    of_certificates,
    of_drift,
    of_webhooks,
    of_newcomers,
)
