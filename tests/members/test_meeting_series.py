"""Series: looked at before they are saved, meetings made ahead, and what people did by hand stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from members.models import AvoidDate, Meeting, MeetingSeries
from members.services import access, edits, meeting_series, meetings, recurrence
from tests.factories import make_maintainer, make_meeting, make_series, make_slot, make_user

pytestmark = pytest.mark.django_db
WEEKLY = make_slot("FREQ=WEEKLY;BYDAY=TU", time_zone="UTC", first_on=date(2026, 1, 1))


def coming(series):
    return list(Meeting.objects.ahead(timezone.now()).filter(series=series))


def test_twelve_are_made_ahead_once_however_often_somebody_looks():
    series = make_series(WEEKLY, pad="https://pad.example.org/YYYY-MM-DD")
    assert meeting_series.keep_all_ahead() == 0
    rows = coming(series)
    assert len(rows) == 12
    assert len({each.uid for each in rows}) == 12
    assert rows[0].pad == f"https://pad.example.org/{rows[0].starts_at:%Y-%m-%d}"
    assert meeting_series.keep_all_ahead(timezone.now() + timedelta(days=14)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_each_meeting_once():
    series = make_series(WEEKLY)
    Meeting.objects.all().delete()

    def beat() -> int:
        try:
            return meeting_series.keep_all_ahead()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = [each.result() for each in [pool.submit(beat), pool.submit(beat)]]
    assert (sorted(made), len(coming(series))) == ([0, 12], 12)


def test_the_preview_saves_nothing_and_warns_of_days_to_avoid_and_of_other_meetings():
    third = meeting_series.preview([WEEKLY])[2].at
    AvoidDate.objects.create(title="JupyterCon", kind="conference", starts_on=third.day, ends_on=third.day)
    other = Meeting.objects.create(title="Board", starts_at=third.starts_at, ends_at=third.ends_at)
    planned = meeting_series.preview([WEEKLY])
    assert [each.clashes for each in planned].count(()) == 11
    assert planned[2].clashes == ("JupyterCon (conference)", f"another meeting: {other.title}")
    assert not MeetingSeries.objects.exists()


def test_a_day_to_avoid_is_that_of_the_meeting_s_own_zone():
    late = make_slot("FREQ=WEEKLY;BYDAY=TU", local_time=time(8), time_zone="Australia/Sydney")
    [first] = meeting_series.preview([late], count=1)
    assert first.at.starts_at.date() != first.at.day
    AvoidDate.objects.create(title="Holiday", starts_on=first.at.day, ends_on=first.at.day)
    assert meeting_series.preview([late], count=1)[0].clashes == ("Holiday (holiday)",)


def test_by_a_rule_that_never_comes_true_nothing_is_saved():
    never = make_slot("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    with pytest.raises(recurrence.RuleError, match="nobody would meet"):
        make_series(never)
    assert not MeetingSeries.objects.exists()


def test_another_time_takes_the_place_of_the_meetings_that_nobody_touched():
    series = make_series(WEEKLY)
    moved, cancelled, answered = coming(series)[6], coming(series)[7], coming(series)[8]
    meetings.move(moved, starts_at=moved.starts_at + timedelta(hours=5), reason="a strike", by=None)
    meetings.cancel(cancelled, reason="a holiday", by=None)
    answered.rsvps.create(address="ada@example.org", answer="yes")
    later = make_slot("FREQ=WEEKLY;BYDAY=TU", time_zone="UTC", local_time=time(15))
    meeting_series.edit(series, {}, [later], by=make_maintainer())
    rows = {each.pk: each for each in coming(series)}
    # What was called off by hand stays off, what was moved stays where it is; the others go along, with their answers.
    assert len(rows) == 12
    assert {pk for pk, each in rows.items() if each.cancelled_at is not None} == {cancelled.pk}
    assert [each.starts_at.hour for pk, each in rows.items() if pk != moved.pk] == 11 * [15]
    assert rows[moved.pk].starts_at == moved.starts_at
    assert (rows[answered.pk].rsvps.count(), rows[answered.pk].sequence) == (1, 1)
    meeting_series.edit(series, {}, [WEEKLY], by=None)
    back = {each.pk: each for each in coming(series)}
    assert back.keys() == rows.keys()
    assert (back[answered.pk].starts_at.hour, back[cancelled.pk].cancelled_at is not None) == (9, True)


def test_another_day_calls_off_what_people_noticed_and_the_office_is_told_before():
    series = make_series(WEEKLY)
    moved, cancelled, answered = coming(series)[6], coming(series)[7], coming(series)[8]
    meetings.move(moved, starts_at=moved.starts_at + timedelta(hours=5), reason="a strike", by=None)
    meetings.cancel(cancelled, reason="a holiday", by=None)
    answered.rsvps.create(address="ada@example.org", answer="yes")
    later = make_slot("FREQ=WEEKLY;BYDAY=TU", time_zone="UTC", local_time=time(15))
    said = {each.rpartition(": ")[2] for each in meeting_series.consequences(series, [later])}
    assert {"stays as it was moved", "stays off", "moves to 15:00 UTC, with 1 answer"} <= said
    assert meeting_series.consequences(series, [WEEKLY]) == []
    other_day = make_slot("FREQ=WEEKLY;BYDAY=TH", time_zone="UTC")
    said = [each.rpartition(": ")[2] for each in meeting_series.consequences(series, [other_day])]
    assert "called off, with 1 answer" in said
    meeting_series.edit(series, {}, [other_day], by=None)
    rows = coming(series)
    assert len([each for each in rows if each.cancelled_at is None]) == 12
    # Those soon, moved or answered are called off, so that people hear of it; the others are just gone.
    called_off = {each.pk for each in rows if each.cancelled_at is not None}
    assert {moved.pk, cancelled.pk, answered.pk} <= called_off
    assert len(called_off) < 12
    assert said.count("called off") + 1 == len(called_off) - 1
    meeting_series.edit(series, {}, [WEEKLY], by=None)
    back = Meeting.objects.get(pk=answered.pk)
    assert (back.cancelled_at, back.sequence) == (None, 2)
    assert Meeting.objects.get(pk=cancelled.pk).cancelled_at is not None


def test_a_new_video_link_goes_to_the_meetings_to_come_but_not_to_one_that_has_its_own():
    series = make_series(WEEKLY)
    first, second = coming(series)[:2]
    meetings.edit(second, {"place": "https://elsewhere.example.org/"}, by=None)
    meeting_series.edit(series, {"place": "https://video.example.org/new"}, [WEEKLY], by=None)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.place, first.sequence) == ("https://video.example.org/new", 1)
    assert (second.place, second.sequence) == ("https://elsewhere.example.org/", 1)


def test_a_longer_slot_makes_the_meetings_to_come_longer():
    series = make_series(WEEKLY)
    longer = make_slot("FREQ=WEEKLY;BYDAY=TU", time_zone="UTC", minutes=90)
    meeting_series.edit(series, {}, [longer], by=None)
    assert {(each.minutes, each.sequence) for each in coming(series)} == {(90, 1)}


def test_a_stale_edit_of_a_series_is_refused():
    series = make_series(WEEKLY)
    seen = series.fingerprint
    meeting_series.edit(series, {"title": "Monthly call"}, [WEEKLY], by=None, seen=seen)
    with pytest.raises(edits.Stale):
        meeting_series.edit(series, {"title": "Team call"}, [WEEKLY], by=None, seen=seen)


def test_ending_a_series_calls_off_what_is_near_and_makes_no_more():
    series = make_series(WEEKLY)
    meeting_series.end(series, reason="we write letters now", by=make_maintainer())
    assert [each for each in coming(series) if each.cancelled_at is None] == []
    assert meeting_series.keep_all_ahead() == 0
    with pytest.raises(edits.EditError, match="over already"):
        meeting_series.end(series, reason="again", by=None)


@pytest.mark.parametrize("verb", ["create", "edit", "end"])
def test_only_maintainers_plan_series(verb):
    person, series = make_user(), make_series(WEEKLY)
    with pytest.raises(access.NotAllowed):
        {
            "create": lambda: meeting_series.create({"title": "Ours"}, [WEEKLY], by=person),
            "edit": lambda: meeting_series.edit(series, {"title": "Ours"}, [WEEKLY], by=person),
            "end": lambda: meeting_series.end(series, reason="no", by=person),
        }[verb]()


def test_a_meeting_is_moved_called_off_and_put_back_with_its_sequence_counted():
    row = make_meeting(starts=48)
    uid, at = row.uid, row.starts_at + timedelta(days=7)
    meetings.move(row, starts_at=at, minutes=45, reason="a conference", by=None)
    assert (row.starts_at, row.minutes, row.sequence, row.uid) == (at, 45, 1, uid)
    assert row.change.endswith(": a conference")
    meetings.cancel(row, reason="nobody can", by=None)
    assert (row.phase(timezone.now()), row.sequence) == ("cancelled", 2)
    meetings.restore(row, reason="somebody can", by=None)
    assert (row.phase(timezone.now()), row.sequence) == ("coming", 3)
    assert [each.history_change_reason for each in row.history.all()][:2] == [
        "takes place after all: somebody can",
        "called off: nobody can",
    ]


def test_of_two_who_move_or_call_off_a_meeting_at_once_one_is_told():
    row, other = make_meeting(), None
    other = Meeting.objects.get(pk=row.pk)
    meetings.move(row, starts_at=row.starts_at + timedelta(days=1), reason="first", by=None)
    with pytest.raises(meetings.Settled, match="changed meanwhile"):
        meetings.move(other, starts_at=other.starts_at + timedelta(days=2), reason="second", by=None)
    meetings.cancel(row, reason="no", by=None)
    with pytest.raises(meetings.Settled, match="does not take place"):
        meetings.cancel(other, reason="no", by=None)
    assert Meeting.objects.get(pk=row.pk).sequence == 2


@pytest.mark.parametrize(
    ("hours", "minutes", "said"), [(-3, 60, "in the past"), (24, 1, "from 5 minutes"), (40_000, 60, "three years")]
)
def test_a_meeting_is_neither_in_the_past_nor_endless_nor_far_away(hours, minutes, said):
    at = timezone.now().astimezone(UTC) + timedelta(hours=hours)
    with pytest.raises(edits.EditError, match=said):
        meetings.plan({"title": "Extra"}, starts_at=at, minutes=minutes, time_zone="UTC", by=None)
