"""What a member promised, as facts with dates: for its own people and maintainers, never for the public, no score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from members.models import Attendance, Contact, Member, Report
from members.services import attendance, contacts
from routing.models import OnboardingStep

MONTHS: Final = 6


@dataclass(frozen=True)
class Fact:
    """One of them: what it is, how it stands in words, and when that was last so."""

    name: str
    words: str
    at: datetime | None = None


def of(member: Member, now: datetime | None = None) -> list[Fact]:
    """All of them, in the order in which they are promised. Eight queries."""
    now = now or timezone.now()
    return [fact(member, now) for fact in FACTS]


def _introduced(member: Member, _now: datetime) -> Fact:
    steps = OnboardingStep.objects.filter(
        onboarding__hub__member=member, name=OnboardingStep.Name.ANNOUNCED, state=OnboardingStep.State.DONE
    )
    at = steps.order_by("at").values_list("at", flat=True).first()
    return Fact("Introduced", "to the others" if at else "not noted by the portal", at)


def _on_call(member: Member, _now: datetime) -> Fact:
    found = Contact.objects.for_role(Contact.Role.ON_CALL).filter(member=member).exclude(email_confirmed_at=None)
    named = list(found)
    if not named:
        return Fact("Reachable on call", "nobody with a confirmed address yet")
    said = max(each.checked_at or each.created_at for each in named)
    return Fact("Reachable on call", ", ".join(each.name for each in named), said)


def _meetings(member: Member, now: datetime) -> Fact:
    there, held = attendance.meetings_of(member, now - contacts.FRESH, now)
    last = Attendance.objects.filter(member=member).order_by("-meeting__starts_at")
    at = last.values_list("meeting__starts_at", flat=True).first()
    words = f"at {there} of the {held} in half a year" if held else "there were none in half a year"
    return Fact("Meetings", words, at)


def _reports(member: Member, _now: datetime) -> Fact:
    states = list(member.reports.order_by("-month").values_list("state", flat=True)[:MONTHS])
    sent, skipped = states.count(Report.State.SUBMITTED), states.count(Report.State.SKIPPED)
    last = member.reports.exclude(submitted_at=None).order_by("-submitted_at")
    if not states:
        return Fact("Reports", "none was asked for yet")
    skips = f", {skipped} skipped" if skipped else ""
    asked = f"of the last {len(states)}" if len(states) > 1 else "of the one so far"
    return Fact("Reports", f"{sent} {asked} sent{skips}", last.values_list("submitted_at", flat=True).first())


def _check_ins(member: Member, now: datetime) -> Fact:
    rows = list(member.contacts.all())
    if not rows:
        return Fact("Check-ins", "no contacts to ask yet")
    fresh = sum(contacts.is_fresh(each, now) for each in rows)
    last = max((each.checked_at for each in rows if each.checked_at), default=None)
    return Fact(
        "Check-ins", f"{fresh} of {len(rows)} contact{'s' * (len(rows) > 1)} said right within half a year", last
    )


FACTS: Final[tuple[Callable[[Member, datetime], Fact], ...]] = (_introduced, _meetings, _reports, _on_call, _check_ins)
