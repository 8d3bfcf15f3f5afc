"""Members' monthly reports: opened when the month is over, written, submitted, skipped, opened again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.models import FederationReport, Member, Report, Role
from members.services import access, edits, reports
from tests.factories import make_federation_report, make_maintainer, make_member, make_person, make_report

pytestmark = pytest.mark.django_db

FIRST = datetime(2027, 2, 1, 0, 20, tzinfo=UTC)
FIGURES = {"launches": 12}


def long_here(slug: str, **values) -> Member:
    member = make_member(slug, **values)
    Member.objects.filter(pk=member.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return member


@pytest.fixture
def member():
    return make_member("heron")


@pytest.fixture
def ada(member):
    return make_person(member, Role.EDITOR, "ada")


def test_on_the_first_each_active_member_gets_the_report_of_the_month_that_is_over():
    for state in Member.State.values:
        long_here(f"is-{state}", state=state)
    long_here("new", since=date(2027, 2, 1))
    Member.objects.filter(pk=make_member("entered-now").pk).update(created_at=FIRST)
    assert [reports.open_due(FIRST), reports.open_due(FIRST)] == [1, 0]
    report = Report.objects.latest("month")
    assert (report.member.slug, report.month, report.due_on) == ("is-active", date(2027, 1, 1), date(2027, 2, 10))
    assert (report.state, report.opened_at) == ("open", FIRST)


def test_who_was_away_all_month_is_not_asked_for_it():
    """The steps are of long ago, up to the beginning of February: what counts is January, the month asked for."""
    middle, before = FIRST - timedelta(days=15), FIRST - timedelta(days=60)
    for slug, steps in {
        "came-back-now": [(before, "active", "past"), (FIRST, "past", "onboarding"), (FIRST, "onboarding", "active")],
        "paused-all-month": [(before, "active", "paused"), (FIRST, "paused", "active")],
        "came-back-within": [(before, "active", "paused"), (middle, "paused", "active")],
        "was-away-a-week": [(middle, "active", "paused"), (middle + timedelta(days=7), "paused", "active")],
        "paused-after": [(FIRST, "active", "paused"), (FIRST, "paused", "active")],
    }.items():
        member = long_here(slug)
        for at, from_state, to_state in steps:
            member.changes.create(at=at, from_state=from_state, to_state=to_state, reason="so")
    reports.open_due(FIRST + timedelta(days=4))
    asked = set(Report.objects.values_list("member__slug", flat=True))
    assert asked == {"came-back-within", "was-away-a-week", "paused-after"}


def test_a_beat_that_was_away_opens_late_and_leaves_a_week():
    long_here("heron")
    reports.open_due(FIRST + timedelta(days=20))
    assert Report.objects.get().due_on == date(2027, 2, 28)


def test_the_days_can_be_set(settings):
    settings.REPORT_OPEN_DAY, settings.REPORT_DUE_DAY = 3, 20
    long_here("heron")
    assert reports.open_due(FIRST) == 0
    reports.open_due(FIRST + timedelta(days=2))
    assert Report.objects.get().due_on == date(2027, 2, 20)


def test_a_draft_is_kept_and_submitted_with_the_figures_of_the_moment(member, ada):
    report = reports.save(make_report(member), {"news": " New\r\ndisks.\0 "}, by=ada)
    assert (report.state, report.news) == ("draft", "New\ndisks.")
    reports.submit(report, {"plans": "More."}, figures=FIGURES, by=ada)
    report.refresh_from_db()
    assert (report.state, report.news, report.plans) == ("submitted", "New\ndisks.", "More.")
    assert (report.figures, report.submitted_by) == (FIGURES, ada)
    assert report.history.first().history_change_reason == "submitted"


def test_saving_nothing_new_begins_nothing(member, ada):
    assert reports.save(make_report(member), {"news": ""}, by=ada).state == "open"


def test_figures_alone_are_a_report(member, ada):
    assert reports.submit(make_report(member), {}, figures=FIGURES, by=ada).state == "submitted"


def test_what_others_wrote_meanwhile_is_not_written_over(member, ada):
    report = make_report(member)
    seen = report.fingerprint
    reports.save(report, {"news": "By the other one."}, by=make_person(member))
    with pytest.raises(edits.Stale):
        reports.submit(report, {"news": "By ada."}, figures=FIGURES, by=ada, seen=seen)
    report.refresh_from_db()
    assert (report.news, report.state) == ("By the other one.", "draft")


def test_a_section_that_is_too_long_is_refused(member, ada):
    with pytest.raises(ValidationError):
        reports.save(make_report(member), {"news": "x" * 5_001}, by=ada)


def test_what_was_submitted_is_written_no_more(member, ada):
    report = make_report(member)
    stale = Report.objects.get()
    reports.submit(report, {}, figures=FIGURES, by=ada)
    for verb in (
        lambda: reports.submit(stale, {}, figures={}, by=ada),
        lambda: reports.save(stale, {"news": "x"}, by=ada),
        lambda: reports.skip(stale, by=ada),
        lambda: reports.resume(stale, by=ada),
    ):
        with pytest.raises(reports.ReportsError):
            verb()
    assert Report.objects.get().figures == FIGURES


def test_a_month_is_skipped_without_a_reason_and_written_after_all(member, ada):
    report = reports.save(make_report(member), {"news": "Half a line"}, by=ada)
    reports.skip(report, reason=" on\nleave ", by=ada)
    report.refresh_from_db()
    assert (report.state, report.skip_reason, report.news) == ("skipped", "on leave", "Half a line")
    with pytest.raises(reports.Finished):
        reports.save(report, {"news": "x"}, by=ada)
    assert reports.resume(report, by=ada).state == "draft"


def test_viewers_and_strangers_write_nothing(member):
    report = make_report(member)
    for person in (make_person(member, Role.VIEWER), make_person(make_member()), make_maintainer()):
        may = access.is_maintainer(person)
        for verb in (
            lambda by: reports.save(report, {"news": f"by {by}"}, by=by),
            lambda by: reports.skip(report, by=by),
            lambda by: reports.resume(report, by=by),
            lambda by: reports.submit(report, {}, figures={}, by=by),
        ):
            if may:
                verb(person)
            else:
                with pytest.raises(access.NotAllowed):
                    verb(person)
    report.refresh_from_db()
    assert report.submitted_by == person


def test_only_maintainers_open_a_report_again_and_say_why(member, ada):
    report = reports.submit(make_report(member), {"news": "Kept."}, figures=FIGURES, by=ada)
    with pytest.raises(access.NotAllowed):
        reports.reopen(report, reason="let me", by=ada)
    with pytest.raises(ValueError, match="Say why"):
        reports.reopen(report, reason=" ", by=make_maintainer())
    again = reports.reopen(report, reason="March is missing", by=make_maintainer("kim"))
    assert (again.state, again.news, again.figures, again.submitted_at) == ("draft", "Kept.", {}, None)
    assert again.due_on >= timezone.now().date() + timedelta(days=7)
    with pytest.raises(reports.ReportsError):
        reports.reopen(again, reason="twice", by=make_maintainer())
    assert reports.submit(again, {}, figures=FIGURES, by=ada).state == "submitted"


def test_late_are_unfinished_ones_of_members_that_take_part(member):
    late = make_report(member)
    make_report(member, month=date(2026, 9, 1), state="skipped")
    make_report(make_member(), state="submitted")
    make_report(make_member(state="past"))
    assert list(Report.objects.late(date(2026, 11, 11))) == [late]
    assert not Report.objects.late(date(2026, 11, 10)).exists()


@pytest.mark.parametrize(
    "wrong", [{"month": date(2026, 10, 2)}, {"state": "lost"}, {"state": "submitted", "submitted_at": None}]
)
def test_the_database_refuses_what_makes_no_sense(member, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_report(member, **wrong)


def test_there_is_one_report_for_each_member_and_month_and_one_of_the_federation(member):
    make_report(member)
    make_federation_report()
    for make in (lambda: make_report(member), make_federation_report):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()
    assert not FederationReport.objects.published().exists()
