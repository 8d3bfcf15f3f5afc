"""Letters about reports: on their days, once, to those who write them; and to maintainers when nobody does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from members.models import Member, Notice, Report, Role
from members.services import report_letters, reports, topics
from tests.factories import make_contact, make_maintainer, make_member, make_person, make_report

pytestmark = pytest.mark.django_db

FIRST = datetime(2027, 2, 1, 0, 20, tzinfo=UTC)
NEWS = ("report-opened", "report-due", "report-late")


@pytest.fixture
def member():
    """Of ada, who may write, and lou, who may only look; kim is the maintainer."""
    member = make_member("heron")
    Member.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    make_person(member, Role.EDITOR, "ada")
    make_person(member, Role.VIEWER, "lou")
    make_maintainer("kim")
    return member


def run(days: int, *, begin: datetime = FIRST, every: float = 1) -> None:
    """The beat, for so many days."""
    for number in range(int(days / every) + 1):
        now = begin + timedelta(days=number * every)
        reports.open_due(now)
        report_letters.remind(now)


def told(recipient: str = "ada@example.org") -> list[tuple[str, int]]:
    """Kind and day of February of what they were told, in order."""
    rows = Notice.objects.filter(recipient=recipient).order_by("due_at", "pk")
    return [(each.kind, each.due_at.day) for each in rows]


def test_opened_seven_days_before_one_day_before_three_and_fourteen_after(member):
    run(27, every=0.5)
    assert told() == [
        ("report-opened", 1),
        ("report-due", 3),
        ("report-due", 9),
        ("report-late", 13),
        ("report-late", 24),
    ]
    assert told("kim@example.org") == [("report-missed", 24)]
    assert told("lou@example.org") == []
    subjects = list(Notice.objects.order_by("due_at", "pk").values_list("subject", flat=True))
    assert subjects == [
        "Your report of Heron for January 2027 is open until 10 February",
        "The report of Heron for January 2027 is due on 10 February",
        "The report of Heron for January 2027 is due on 10 February",
        "The report of Heron for January 2027 was due on 10 February",
        "No report of Heron for January 2027",
        "The report of Heron for January 2027 was due on 10 February",
    ]
    assert Notice.objects.earliest("due_at").link.endswith("/my/heron/reports/2027-01/")
    assert {topics.of(each.kind) for each in Notice.objects.all()} == {topics.REPORTS}


@pytest.mark.parametrize("verb", ["submit", "skip"])
def test_whoever_sent_it_or_skipped_hears_no_more(member, verb):
    run(3)
    report, ada = Report.objects.get(), member.access.get(role="editor").user
    if verb == "submit":
        reports.submit(report, {}, figures={}, by=ada)
    else:
        reports.skip(report, by=ada)
    run(24, begin=FIRST + timedelta(days=3))
    assert told() == [("report-opened", 1), ("report-due", 3)]
    assert told("kim@example.org") == []


def test_a_beat_that_was_away_for_two_days_says_what_is_still_of_use_once(member):
    run(2)
    run(4, begin=FIRST + timedelta(days=9), every=0.5)
    assert told() == [("report-opened", 1), ("report-due", 3), ("report-due", 10), ("report-late", 13)]


def test_who_has_left_or_has_nobody_left_is_not_written_to_in_vain(member):
    run(1)
    Member.objects.update(state="past")
    run(27, begin=FIRST + timedelta(days=2))
    assert told() == [("report-opened", 1)]


def test_where_nobody_may_write_those_who_are_called_hear_of_it(member):
    member.access.all().delete()
    make_contact(member, email="desk@example.org")
    run(0)
    assert told("desk@example.org") == [("report-opened", 1)]


def test_two_in_a_row_that_were_skipped_or_missed_tell_the_maintainers(member):
    ada = member.access.get(role="editor").user
    months = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
    sent, first, second = (make_report(member, month=month) for month in months)
    reports.submit(sent, {}, figures={}, by=ada)
    assert report_letters.silence(sent) == 0
    # August's day passed long ago, so it was missed: September's is the second in a row.
    assert report_letters.silence(first) == 1
    reports.skip(second, reason="We moved house.", by=ada)
    letter = Notice.objects.get(recipient="kim@example.org")
    assert letter.subject == "Heron skips its report, and sent none for 2 months in a row"
    assert "We moved house." in letter.body


def test_one_that_was_skipped_tells_nobody(member):
    reports.skip(make_report(member, month=date(2026, 9, 1)), by=member.access.get(role="editor").user)
    assert not Notice.objects.exists()


def test_a_report_that_is_missed_after_one_that_was_skipped_says_so(member):
    make_report(member, month=date(2026, 12, 1), state="skipped")
    run(27)
    letter = Notice.objects.get(kind="report-missed")
    assert letter.subject == "No report of Heron for January 2027: 2 months in a row without one"


def test_who_is_asked_again_is_told_why_and_reminded_by_the_new_day(member):
    ada = member.access.get(role="editor").user
    report = make_report(member, state="submitted")
    reports.reopen(report, reason="The outage is missing.", by=make_maintainer())
    letter = Notice.objects.get(kind="report-reopened")
    assert letter.recipient == ada.email
    assert "The outage is missing." in letter.body
    due = Report.objects.get().due_on
    for day in range(-7, 20):
        report_letters.remind(datetime(due.year, due.month, due.day, 1, tzinfo=UTC) + timedelta(days=day))
    days = [each.due_at.date() - due for each in Notice.objects.filter(recipient=ada.email, kind__in=NEWS)]
    assert sorted(each.days for each in days) == [-1, 3, 14]


def test_many_reports_cost_two_queries_when_nothing_is_to_be_said(django_assert_max_num_queries):
    for _ in range(5):
        make_report(opened_at=FIRST, due_on=date(2027, 3, 10))
    with django_assert_max_num_queries(2):
        report_letters.remind(FIRST - timedelta(days=1))
