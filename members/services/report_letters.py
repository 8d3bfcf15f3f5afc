"""Letters about monthly reports: opened, due, late; to maintainers in the end, and when a member falls silent.

Each looks at rows, not at the past: a letter's key names the report, its day and the rung of the ladder. A day that
moves, because a maintainer opened the report again, begins a ladder of its own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from foundation.months import midnight
from members.models import Report
from members.models.members import LISTED
from members.services import ladders, notices, recipients, reminders
from members.services.ladders import Rung
from members.services.recipients import Recipient

# Days from the one it is due on; before them comes the letter that says that it is open.
DUE: Final = (-7, -1, 3, 14)
# Of one that was opened again, its people were told at once.
AGAIN: Final = (-1, 3, 14)
# In a row: then maintainers ask whether all is well.
SILENT: Final = 2


def remind(now: datetime | None = None) -> None:
    """Queue what is to be said now. Safe to run any time, any number of times."""
    now = now or timezone.now()
    oldest = now.astimezone(UTC).date() - timedelta(days=DUE[-1]) - ladders.LAST
    rows = Report.objects.unfinished().filter(member__state__in=LISTED, due_on__gte=oldest)
    for report in rows.select_related("member"):
        rung = ladders.rung(midnight(report.due_on), _days(report), now)
        if rung is not None:
            _remind(report, rung, now)


def skipped(report: Report) -> None:
    """Tell maintainers of a month that was skipped, if it is not the first in a row."""
    months = silence(report)
    if months < SILENT:
        return
    said = f"\n\nThey say: {report.skip_reason}" if report.skip_reason else ""
    notices.tell(
        recipients.maintainers(),
        kind="report-skipped",
        occasion=f"report {report.pk}, {report.due_on}",
        subject=f"{report.member} skips its report, and sent none for {months} months in a row",
        body=f"Skipping a month is allowed. Several in a row may mean that somebody needs a hand: ask them.{said}",
        link=("Their reports", _address("my-reports", report)),
    )


def reopened(report: Report) -> None:
    """Tell a member's people why they are asked to look at a report again."""
    notices.tell(
        writers(report),
        kind="report-reopened",
        occasion=f"report {report.pk}, {report.reopened_at:%Y-%m-%d %H:%M:%S}",
        subject=f"Please look again at the report of {_what(report)}",
        body=(
            f"A maintainer opened it again: {report.reopen_reason}\n\n"
            f"All that you wrote is still there. Send it again by {_day(report.due_on)}."
        ),
        link=("Open the report", _address("my-report", report)),
    )


def writers(report: Report) -> list[Recipient]:
    """Who is asked for it: those who may write it, else whom to call, so that somebody hears of it."""
    return reminders.people(report.member) or recipients.contacts(report.member_id)


def silence(report: Report, today: date | None = None) -> int:
    """For how many months in a row, up to this one, the member sent no report: skipped, or its day passed by."""
    today = today or timezone.now().astimezone(UTC).date()
    asked = Report.objects.filter(member=report.member_id, month__lte=report.month)
    silent = Q(state=Report.State.SKIPPED) | Q(due_on__lt=today) & ~Q(state=Report.State.SUBMITTED)
    spoke = asked.exclude(silent).order_by("-month").values_list("month", flat=True).first()
    return (asked.filter(month__gt=spoke) if spoke else asked).count()


def _days(report: Report) -> tuple[int, ...]:
    if report.reopened_at is not None:
        return AGAIN
    opened = _opened(report)
    return (opened, *(day for day in DUE if day > opened))


def _opened(report: Report) -> int:
    """The day of the ladder on which it was opened."""
    return (report.opened_at.astimezone(UTC).date() - report.due_on).days


def _remind(report: Report, rung: Rung, now: datetime) -> None:
    kind, subject, body = _words(report, rung.day)
    occasion = f"report {report.pk}, {report.due_on}, {rung.day}"
    if rung.last:
        _tell_missed(report, occasion, now)
    notices.tell(
        writers(report),
        kind=kind,
        occasion=occasion,
        subject=subject,
        body=body,
        link=("Write the report", _address("my-report", report)),
        due_at=now,
        useful_until=rung.useful_until,
    )


def _words(report: Report, day: int) -> tuple[str, str, str]:
    """Kind, subject and body of the letter of a rung."""
    what, due = _what(report), _day(report.due_on)
    if day == _opened(report) and report.reopened_at is None:
        return "report-opened", f"Your report of {what} is open until {due}", OPENED
    if day < 0:
        # The date, not "tomorrow": the letter may have to wait for its mail server.
        return "report-due", f"The report of {what} is due on {due}", f"{due} is its day.\n\n{SHORT}"
    return (
        "report-late",
        f"The report of {what} was due on {due}",
        f"{due} was its day, and we would still like to read it.\n\n{SHORT}",
    )


OPENED: Final = (
    "The portal has filled in the figures: uptime, launches, incidents, maintenance. Add in a few sentences what was "
    "new, what was difficult and what comes next; what you write goes into the federation's public report.\n\n"
    "A month in which nothing happened is a report as well: send it with the figures alone, or skip it."
)
SHORT: Final = "A few sentences are enough; so are the figures alone. If this month there is nothing to tell, skip it."


def _tell_missed(report: Report, occasion: str, now: datetime) -> None:
    months = silence(report, now.astimezone(UTC).date())
    again = f" There was none for {months} months in a row now." if months >= SILENT else ""
    notices.tell(
        recipients.maintainers(),
        kind="report-missed",
        occasion=occasion,
        subject=f"No report of {_what(report)}" + (f": {months} months in a row without one" if again else ""),
        body=(
            f"It was due on {_day(report.due_on)}; its people were reminded.{again}\n\n"
            "The federation's report can be published without it. Ask them whether all is well."
        ),
        link=("Their reports", _address("my-reports", report)),
        due_at=now,
        useful_until=now + ladders.LAST,
    )


def _what(report: Report) -> str:
    return f"{report.member} for {report.period.words}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _address(page: str, report: Report) -> str:
    month = [] if page == "my-reports" else [str(report.period)]
    return settings.PORTAL_URL + reverse(page, args=[report.member.slug, *month])
