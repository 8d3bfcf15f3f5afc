"""What Celery runs for members. Each task is one service call and safe to run twice."""

from celery import shared_task

from members.services import (
    accounts,
    applications,
    meeting_letters,
    meeting_series,
    notices,
    offers,
    reminders,
    report_letters,
    reports,
    retention,
    rota,
    tokens,
    weekly,
)
from members.services.turns import turn


# The limit is for a mail server that answers each command only just in time.
@shared_task(time_limit=150)
def send_notices() -> None:
    """Send what is due. One worker process at a time: a slow mail server must not keep all of them."""
    with turn("send-notices", 60.0) as mine:
        if mine:
            notices.drain()


@shared_task
def forget_applications() -> None:
    """Delete applications that nobody confirmed, sent or needs any more."""
    applications.forget()


@shared_task
def follow_the_days() -> None:
    """Let offers begin and end on their days, and forget what is past its time."""
    offers.follow_the_days()
    retention.forget()


@shared_task
def tidy_accounts() -> None:
    """Forget sessions that are over, and what was noted of them and of tokens long ago."""
    accounts.tidy()
    tokens.tidy()


@shared_task
def keep_meetings() -> None:
    """Make the next meetings of each series, and say whose turn it is to lead and to write."""
    meeting_series.keep_all_ahead()
    rota.assign()


@shared_task
def remind() -> None:
    """Open reports, queue the reminders about members that are due, and on Mondays the weekly letters."""
    reports.open_due()
    reminders.remind()
    report_letters.remind()
    meeting_letters.remind()
    weekly.write()


@shared_task
def tell_of_meetings() -> None:
    """Queue what became of meetings to which people were invited."""
    meeting_letters.tell_changes()
