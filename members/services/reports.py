"""Members' monthly reports: opened when the month is over, written in drafts, submitted, or skipped with good grace.

The portal's own figures come from `routing.services.reports`: pages and the API submit through that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation import reasons, texts
from foundation.months import Month
from members.models import Member, MemberChange, Report, Role
from members.services import access, edits, history, report_letters

if TYPE_CHECKING:
    from members.models import User

OPEN, DRAFT, SUBMITTED, SKIPPED = Report.State
# Whoever is asked late, or asked again, has so many days.
AT_LEAST: Final = timedelta(days=7)


class ReportsError(edits.EditError):
    """Nothing was changed; the text says why."""


class Finished(ReportsError):
    """It was submitted or skipped by now."""


def due_on(month: Month) -> date:
    """The day on which reports of a month are due."""
    return month.end.replace(day=settings.REPORT_DUE_DAY)


def open_due(now: datetime | None = None) -> int:
    """Open the reports of the month that is over, for every active member that was here in it; how many were opened.

    Safe to run any time, any number of times; who comes late gives members a week all the same.
    """
    now = now or timezone.now()
    today = now.astimezone(UTC).date()
    if today.day < settings.REPORT_OPEN_DAY:
        return 0
    month = Month(today.replace(day=1)).before
    here = Member.objects.filter(
        Q(since=None) | Q(since__lt=month.end), state=Member.State.ACTIVE, created_at__lt=month.ends_at
    )
    missing = list(here.exclude(pk__in=Report.objects.filter(month=month.first).values("member")))
    away = _away(missing, month)
    due = max(due_on(month), today + AT_LEAST)
    return sum(_open(member, month, due, now) for member in missing if member.pk not in away)


@transaction.atomic
def save(report: Report, changes: Mapping[str, Any], *, by: User, seen: str | None = None) -> Report:
    """Keep a draft. `seen` is the fingerprint the editor saw: edits.Stale if it is another by now."""
    row = _unfinished(report, by)
    changed = edits.apply(row, changes, seen=seen)
    if changed:
        row.state = DRAFT
        history.save(row, by=by, fields=[*changed, "state"])
    return row


@transaction.atomic
def submit(
    report: Report, changes: Mapping[str, Any], *, figures: Mapping[str, Any], by: User, seen: str | None = None
) -> Report:
    """Stand by it, with the portal's figures as they are now. Of two who submit at once one gets Finished."""
    row = _unfinished(report, by)
    edits.apply(row, changes, seen=seen)
    row.state, row.figures = SUBMITTED, dict(figures)
    row.submitted_at, row.submitted_by = timezone.now(), by
    history.save(row, by=by, reason="submitted")
    return row


@transaction.atomic
def skip(report: Report, *, reason: str = "", by: User) -> Report:
    """Leave this month out; nobody has to say why. What was written stays. Maintainers hear of the second in a row."""
    row = _unfinished(report, by)
    row.state, row.skip_reason = SKIPPED, texts.line(reason)[: reasons.MAX_LENGTH]
    history.save(row, by=by, reason=row.skip_reason or "skipped", fields=["state", "skip_reason"])
    report_letters.skipped(row)
    return row


@transaction.atomic
def resume(report: Report, *, by: User) -> Report:
    """Write a report after all, of a month that was skipped."""
    access.require(by, Role.EDITOR, report.member)
    row = edits.locked(report)
    if row.state != SKIPPED:
        raise ReportsError(f"It is {row.get_state_display()}, not skipped.")
    row.state, row.skip_reason = _begun(row), ""
    history.save(row, by=by, reason="written after all", fields=["state", "skip_reason"])
    return row


@transaction.atomic
def reopen(report: Report, *, reason: str, by: User) -> Report:
    """Ask the member to look at it again, and say why. It has a week at least, and its people are told."""
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers reopen reports.")
    reason = reasons.checked(reason)
    row = edits.locked(report)
    if not row.is_finished:
        raise ReportsError("It is open: the member can write it.")
    now = timezone.now()
    row.state, row.figures, row.skip_reason = DRAFT, {}, ""
    row.submitted_at = row.submitted_by = None
    row.reopened_at, row.reopen_reason = now, reason
    row.due_on = max(row.due_on, now.astimezone(UTC).date() + AT_LEAST)
    history.save(row, by=by, reason=reason)
    report_letters.reopened(row)
    return row


def _away(members: Iterable[Member], month: Month) -> set[int]:
    """Those that were active on no day of the month, as far as their steps tell: who came back since, or paused."""
    steps: dict[int, list[MemberChange]] = {}
    for step in MemberChange.objects.filter(member__in=members).order_by("at", "pk"):
        steps.setdefault(step.member_id, []).append(step)
    return {pk for pk, theirs in steps.items() if not _was_active(theirs, month)}


def _was_active(steps: Sequence[MemberChange], month: Month) -> bool:
    before = [each.to_state for each in steps if each.at < month.begins_at]
    at_first = before[-1] if before else steps[0].from_state
    within = [each.to_state for each in steps if month.begins_at <= each.at < month.ends_at]
    return Member.State.ACTIVE in {at_first, *within}


@transaction.atomic
def _open(member: Member, month: Month, due: date, now: datetime) -> bool:
    values = {"due_on": due, "opened_at": now}
    return Report.objects.get_or_create(member=member, month=month.first, defaults=values)[1]


def _unfinished(report: Report, by: User) -> Report:
    """The report, held, if this person may write it and it is not finished."""
    access.require(by, Role.EDITOR, report.member)
    row = edits.locked(report)
    if row.state == SUBMITTED:
        raise Finished("It was submitted by now. A maintainer can open it again.")
    if row.state == SKIPPED:
        raise Finished("The month was skipped by now. Write it after all?")
    return row


def _begun(row: Report) -> str:
    return DRAFT if any(getattr(row, name) for name in row.RECORD) else OPEN
