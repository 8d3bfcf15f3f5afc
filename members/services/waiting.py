"""What waits for a maintainer about members: each source is one small function, for the office's first page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone

from members.models import Application, ComputeOffer, FederationReport, Meeting, Notice, ProposedChange, Report
from members.services import contacts

# So long before an offer ends there is time to find another.
ENDS_SOON: Final = timedelta(days=60)
# Whoever takes notes has so long to write them up.
NOTES_BY: Final = timedelta(days=3)


@dataclass(frozen=True)
class Waiting:
    """How many of what wait, in words, and where somebody does something about it. `urgent` ones come first."""

    count: int
    words: str
    link: str
    urgent: bool = False


Source = Callable[[datetime], Iterator[Waiting]]


def gather(sources: tuple[Source, ...], now: datetime | None = None) -> list[Waiting]:
    """What there is of these, the urgent first."""
    now = now or timezone.now()
    found = [each for source in sources for each in source(now) if each.count]
    return sorted(found, key=lambda each: not each.urgent)


def counted(count: int, one: str, many: str) -> str:
    """One or many."""
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def changelist(model: str, query: str = "") -> str:
    """The address of a list in the office."""
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


def of_applications(_now: datetime) -> Iterator[Waiting]:
    """Organisations that want to join."""
    count = Application.objects.waiting().count()
    words = counted(count, "application waits for an answer", "applications wait for an answer")
    yield Waiting(count, words, reverse("applications"), urgent=True)


def of_proposed_offers(_now: datetime) -> Iterator[Waiting]:
    """Compute that somebody would give."""
    count = ComputeOffer.objects.filter(state="proposed").count()
    words = counted(count, "offer of compute is to be decided on", "offers of compute are to be decided on")
    yield Waiting(count, words, changelist("members_computeoffer", "state__exact=proposed"))


def of_changes(_now: datetime) -> Iterator[Waiting]:
    """Facts that members would like to change, and that a maintainer looks at first."""
    count = ProposedChange.objects.filter(state="waiting").count()
    words = counted(count, "change of a record is to be looked at", "changes of records are to be looked at")
    yield Waiting(count, words, reverse("my"))


def of_ending_offers(now: datetime) -> Iterator[Waiting]:
    """Compute that ends."""
    count = ComputeOffer.objects.filter(state="active", ends__lte=now.date() + ENDS_SOON).count()
    words = counted(count, "offer ends", "offers end")
    link = changelist("members_computeoffer", "ends=soon")
    yield Waiting(count, f"{words} within {ENDS_SOON.days} days", link)


def of_contacts(now: datetime) -> Iterator[Waiting]:
    """Contacts of which nobody knows whether they are still right."""
    count = contacts.stale(now).count()
    words = counted(count, "contact was", "contacts were")
    yield Waiting(count, f"{words} not checked for half a year", changelist("members_contact", "fresh=no"))


def of_reports(now: datetime) -> Iterator[Waiting]:
    """Months that members have not told of, and those that the federation has not."""
    today = now.astimezone(UTC).date()
    late = Report.objects.late(today).count()
    words = counted(late, "report of a member is late", "reports of members are late")
    yield Waiting(late, words, changelist("members_report", "late=yes"))
    told = FederationReport.objects.published().values("month")
    # A month is due when its last report is; older ones than these nobody waits for.
    due = Report.objects.filter(due_on__lt=today, due_on__gt=today - timedelta(days=92)).exclude(month__in=told)
    count = due.order_by().values("month").distinct().count()
    words = counted(count, "month has no report of the federation", "months have no report of the federation")
    yield Waiting(count, f"{words} yet", changelist("members_federationreport"))


def of_meetings(now: datetime) -> Iterator[Waiting]:
    """Meetings of which nobody wrote down what was said, and the next one without somebody who leads it."""
    past = Meeting.objects.past(now).filter(ends_at__lt=now - NOTES_BY, ends_at__gt=now - timedelta(days=92))
    count = past.filter(notes="", notes_url="").count()
    words = counted(count, "meeting has no notes yet", "meetings have no notes yet")
    yield Waiting(count, words, changelist("members_meeting", "when=unnoted"))
    soon = Meeting.objects.coming(now).filter(starts_at__lt=now + timedelta(days=7), facilitator=None)
    count = soon.count()
    words = counted(count, "meeting within a week has", "meetings within a week have")
    yield Waiting(count, f"{words} nobody who leads it", reverse("meetings"))


def of_letters(now: datetime) -> Iterator[Waiting]:
    """Letters that nobody got."""
    count = Notice.objects.filter(state="failed", created_at__gt=now - timedelta(days=7)).count()
    words = counted(count, "letter or message failed", "letters and messages failed")
    yield Waiting(count, f"{words} this week", changelist("members_notice", "state__exact=failed"))


SOURCES: Final[tuple[Source, ...]] = (
    of_applications,
    of_proposed_offers,
    of_changes,
    of_ending_offers,
    of_contacts,
    of_reports,
    of_meetings,
    of_letters,
)
