"""Letters about meetings: by each reader's clock, as invitations, told anew when something changes, and never twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import icalendar
import pytest
from django.core import mail as outbox
from django.urls import reverse

from members.models import Contact, Meeting, Notice, Role
from members.services import (
    agendas,
    attendance,
    guests,
    lifecycle,
    meeting_letters,
    meetings,
    notices,
    rota,
    rsvps,
    topics,
    weekly,
    wishes,
)
from tests.factories import make_contact, make_maintainer, make_meeting, make_member, make_person
from tests.members.conftest import START

pytestmark = pytest.mark.django_db

ADA, KIM = "ada@example.org", "kim@example.org"


@pytest.fixture(autouse=True)
def at_the_start(clock):
    """All of these happen on a clock of their own."""


@pytest.fixture
def ada():
    person = make_person(make_member("heron"), Role.EDITOR, "ada")
    person.time_zone = "Asia/Kolkata"
    person.save()
    return person


def a_meeting(days: float = 20, **values) -> Meeting:
    """At 07:00 UTC, so many days from the start."""
    return make_meeting(starts=24 * days + 5, title="Team meeting", time_zone="Europe/London", **values)


def run(clock, days: float, begin: float = 0, step: float = 0.5) -> None:
    """Beat and worker, from one day to another."""
    at = begin
    while at <= days:
        beat(clock.set(days=at))
        at += step


def beat(_now: datetime = START) -> None:
    meeting_letters.tell_changes()
    meeting_letters.remind()
    notices.drain()


def sent(address: str = "") -> list[tuple[int, str]]:
    """On which day, and what."""
    rows = Notice.objects.filter(state="sent", **({"recipient": address} if address else {})).order_by("sent_at", "pk")
    return [((each.sent_at - START).days, each.subject) for each in rows]


def invitation(letter) -> icalendar.Event:
    part = next(each for each in letter.message().walk() if each.get_content_type() == "text/calendar")
    text = part.get_payload(decode=True)
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(text)
    assert calendar["METHOD"] == part.get_param("method")
    [event] = calendar.events
    assert event["ATTENDEE"] == f"mailto:{letter.to[0]}"
    assert event["ORGANIZER"].startswith("mailto:")
    return event


def test_one_is_reminded_a_week_and_a_day_before_by_ones_own_clock(clock, ada):
    a_meeting(20, place="https://video.example.org/x", pad="https://pad.example.org/x")
    run(clock, 30)
    assert sent(ADA)[:2] == [
        (13, "Sat 17 April, 12:30 Asia/Kolkata: Team meeting"),
        (19, "Sat 17 April, 12:30 Asia/Kolkata: Team meeting"),
    ]
    text = outbox.outbox[0].body
    assert "Saturday, 17 April 2027 at 12:30 (Asia/Kolkata time). That is 07:00 UTC. It lasts 60 minutes." in text
    assert "https://video.example.org/x" in text
    assert reverse("meeting-answer", args=["x"]).removesuffix("x/") in text


def test_what_was_promised_and_not_done_comes_back_with_the_next_agenda(clock, ada):
    make_meeting(starts=-24 * 20).actions.create(text="Renew certificates", owner=ada)
    a_meeting(6)
    beat()
    assert f"Still open from earlier meetings:\n- Renew certificates ({ada})" in outbox.outbox[0].body


def test_who_named_no_zone_reads_the_meetings_own_and_that_it_is_so(clock):
    make_contact(make_member("heron"), email=ADA)
    a_meeting(6)
    beat()
    assert "at 08:00 (Europe/London, for we don't know your time zone). That is 07:00 UTC." in outbox.outbox[0].body


def test_the_days_are_a_setting(clock, ada, settings):
    settings.MEETING_REMINDER_DAYS = [3, 14]
    a_meeting(20)
    run(clock, 20)
    assert [day for day, _ in sent(ADA)] == [6, 17]


def test_the_invitation_keeps_its_uid_counts_changes_and_is_cancelled(clock, ada):
    meeting = a_meeting(5)
    beat()
    clock.set(days=1)
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=2), reason="a holiday", by=None)
    beat()
    clock.set(days=2)
    meetings.cancel(meeting, reason="nobody can", by=None)
    beat()
    run(clock, 10, begin=2)
    events = [invitation(each) for each in outbox.outbox]
    assert {str(each["UID"]) for each in events} == {str(meeting.uid)}
    assert [each["SEQUENCE"] for each in events] == [0, 1, 2]
    assert [each["STATUS"] for each in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[1].start - events[0].start == timedelta(hours=2)
    assert [subject for _, subject in sent(ADA)] == [
        "Fri 02 April, 12:30 Asia/Kolkata: Team meeting",
        "Changed: Team meeting is Fri 02 April, 14:30 Asia/Kolkata",
        "Called off: Team meeting, Fri 02 April",
    ]
    assert "nobody can" in outbox.outbox[2].body


def test_a_change_tells_only_who_has_heard_or_said_that_they_come(clock, ada):
    make_person(make_member("otter"), Role.EDITOR, "oz")
    meeting = a_meeting(20)
    rsvps.answer(meeting, ADA, "yes")
    clock.set(days=1)
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=1), reason="a holiday", by=None)
    beat()
    assert [each.to for each in outbox.outbox] == [[ADA]]
    beat(clock.set(days=2))
    assert len(outbox.outbox) == 1


def test_a_meeting_moved_to_another_week_begins_its_reminders_anew(clock, ada):
    meeting = a_meeting(7.5)
    run(clock, 1)
    clock.set(days=1.1)
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(days=14), reason="a holiday", by=None)
    run(clock, 25, begin=1.25)
    assert [day for day, _ in sent(ADA)][:4] == [1, 1, 14, 20]


def test_what_still_waits_when_a_meeting_changes_is_not_sent_with_the_old_time(clock, ada):
    meeting = a_meeting(5)
    meeting_letters.remind()
    clock.set(1)
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=2), reason="a holiday", by=None)
    clock.set(2)
    beat()
    assert [subject for _, subject in sent(ADA)] == ["Fri 02 April, 14:30 Asia/Kolkata: Team meeting"]
    assert "changed before" in Notice.objects.get(state="dropped").error


def test_an_invitation_that_waited_while_a_link_was_changed_is_written_again(clock, ada):
    meeting = a_meeting(5, place="https://video.example.org/old")
    meeting_letters.remind()
    clock.set(1)
    meetings.edit(meeting, {"place": "https://video.example.org/new"}, by=None)
    run(clock, 5, begin=0.01)
    assert [day for day, _ in sent(ADA)] == [0, 4]
    assert "https://video.example.org/new" in outbox.outbox[0].body
    assert invitation(outbox.outbox[0])["SEQUENCE"] == 1


def test_an_invitation_that_waited_while_a_meeting_was_called_off_and_restored_is_written_again(clock, ada):
    meeting = a_meeting(0.7)
    meeting_letters.remind()
    clock.set(1)
    meetings.cancel(meeting, reason="nobody can", by=None)
    beat(clock.set(2))
    clock.set(3)
    meetings.restore(meeting, reason="somebody can", by=None)
    run(clock, 0.8, begin=0.01, step=0.1)
    assert [(day, subject[:12]) for day, subject in sent(ADA)] == [(0, "Mon 29 March")]


def test_who_was_told_of_each_change_hears_of_the_next_and_of_none_twice(clock, ada):
    meeting = a_meeting(0.9)
    beat()
    for minute, title in ((1, "Second"), (3, "Third")):
        clock.set(minute)
        meetings.edit(meeting, {"title": title}, by=None)
        for later in (0.5, 1, 1.5):
            beat(clock.set(minute + later))
    assert [subject.split()[0] for _, subject in sent(ADA)] == ["Mon", "Changed:", "Changed:"]


def test_a_meeting_that_is_called_off_while_people_are_invited_invites_no_more(clock, ada, monkeypatch):
    a_meeting(5)
    invited = guests.invited

    def slowly(meeting):
        found = invited(meeting)
        if clock.now == START:
            clock.set(1)
            meetings.cancel(Meeting.objects.get(), reason="nobody can", by=None)
            clock.set(2)
        return found

    monkeypatch.setattr("members.services.guests.invited", slowly)
    meeting_letters.remind()
    notices.drain()
    beat(clock.set(5))
    assert sent() == []


def test_what_was_on_its_way_when_a_meeting_was_called_off_is_taken_back(clock, ada):
    meeting = a_meeting(5)
    meeting_letters.remind()
    Notice.objects.update(state="sending", claimed_at=START)
    clock.set(1)
    meetings.cancel(meeting, reason="nobody can", by=None)
    Notice.objects.update(state="sent", sent_at=clock.now, created_at=clock.set(2))
    beat(clock.set(3))
    assert [subject for _, subject in sent(ADA)][-1] == "Called off: Team meeting, Fri 02 April"


def test_who_reads_once_a_week_hears_at_once_that_what_they_read_of_is_off(clock, ada):
    wishes.choose(ADA, topics.MEETINGS, "weekly")
    meeting = a_meeting(4)
    beat()
    clock.set(days=1.25)
    weekly.write()
    notices.drain()
    assert [each.subject[:40] for each in outbox.outbox] == ["The federation this week: Thu 01 April, "]
    clock.set(days=2)
    meetings.cancel(meeting, reason="nobody can", by=None)
    beat(clock.set(days=2.01))
    assert (outbox.outbox[-1].to, outbox.outbox[-1].subject) == ([ADA], "Called off: Team meeting, Thu 01 April")
    assert len(outbox.outbox) == 2
    assert invitation(outbox.outbox[-1])["STATUS"] == "CANCELLED"


def test_one_who_opted_out_or_left_gets_nothing_more_of_it(clock, ada):
    make_contact(make_member("otter"), email="oz@example.org")
    wishes.choose(ADA, topics.MEETINGS, "never")
    a_meeting(5)
    meeting_letters.remind()
    Contact.objects.all().delete()
    notices.drain()
    assert sent() == []


def test_who_left_gets_no_more_letters_through_the_rota_or_a_duty(clock, ada):
    bea = make_person(make_member("otter"), Role.EDITOR, "bea")
    for each in (ada, bea):
        rota.volunteer(each, facilitates=True, takes_notes=True)
    meeting = a_meeting(5, facilitator=ada, note_taker=bea, place="https://video.example.org/x")
    lifecycle.move(ada.access.get().member, "past", reason="funding ended", by=None)
    meeting_letters.remind()
    # The other one leaves while the letter waits.
    bea.access.all().delete()
    assert {each.address for each in guests.invited(meeting)} == set()
    notices.drain()
    assert [(each.recipient, each.state) for each in Notice.objects.all()] == [("bea@example.org", "dropped")]


def test_a_turn_on_the_rota_brings_letters_to_who_has_no_other_reason(clock):
    zoe = make_person(make_member("otter"), Role.VIEWER, "zoe")
    rota.volunteer(zoe, facilitates=False, takes_notes=True)
    a_meeting(5)
    beat()
    assert [each.to for each in outbox.outbox] == [["zoe@example.org"]]


def test_a_new_video_link_is_not_told_to_who_said_yes_and_left_since(clock, ada):
    stays = make_person(make_member("otter"), Role.VIEWER, "zoe")
    meeting = a_meeting(20, place="https://video.example.org/old")
    for each in (ADA, stays.email, "forwarded@example.net"):
        rsvps.answer(meeting, each, "yes")
    ada.access.all().delete()
    clock.set(1)
    meetings.edit(meeting, {"place": "https://video.example.org/new"}, by=None)
    beat(clock.set(2))
    assert [each.to for each in outbox.outbox] == [[stays.email]]
    assert "https://video.example.org/new" in outbox.outbox[0].body


def test_two_days_without_a_beat_send_what_is_still_of_use_once(clock, ada):
    a_meeting(8)
    run(clock, 0.5)
    for days in (7.5, 7.6):
        beat(clock.set(days=days))
    beat(clock.set(days=8.3))
    assert [day for day, _ in sent(ADA)] == [7]


def test_a_clock_that_goes_back_an_hour_sends_nothing_twice(clock, ada):
    a_meeting(5)
    for hours in (0, 1, 0, 1):
        beat(clock.set(60 * hours))
    assert len(sent(ADA)) == 1


def test_notes_go_to_those_who_were_not_there_when_they_have_rested(clock, ada):
    kim = make_maintainer("kim")
    meeting = a_meeting(1, facilitator=kim, note_taker=kim)
    clock.set(days=2)
    attendance.keep(meeting, [KIM], by=kim)
    meetings.write_notes(meeting, {"notes": "We **met**."}, by=kim)
    beat()
    assert not Notice.objects.filter(kind="meeting-notes").exists()
    run(clock, 5, begin=2.25)
    [letter] = Notice.objects.filter(kind="meeting-notes")
    assert (letter.recipient, letter.subject) == (ADA, "Notes of Team meeting, 29 March")
    assert letter.body.startswith("You were missed at Team meeting on 29 March.")
    assert "We **met**." in letter.body
    assert not Notice.objects.filter(kind="meeting-nudge").exists()


def test_nobody_was_missed_where_nobody_was_ticked_nor_who_led_or_wrote(clock, ada):
    bea, kim = make_person(make_member("otter"), Role.EDITOR, "bea"), make_maintainer("kim")
    make_contact(make_member("crane"), email="zoe@example.org")
    meeting = a_meeting(1, facilitator=ada, note_taker=bea)
    clock.set(days=2)
    meetings.write_notes(meeting, {"notes": "We met."}, by=kim)
    clock.set(days=3)
    meeting_letters.remind()
    [letter] = Notice.objects.filter(kind="meeting-notes")
    assert letter.recipient == "zoe@example.org"
    assert letter.body.startswith("This is what was said at Team meeting on 29 March.")


def test_capitals_in_an_address_hide_neither_name_nor_member_nor_time_zone(clock):
    heron = make_member("heron", time_zone="Asia/Kolkata")
    make_contact(heron, email="Zoe.L@Example.org", name="Zoe")
    meeting = a_meeting(0.9)
    beat()
    assert outbox.outbox[0].subject == "Mon 29 March, 10:06 Asia/Kolkata: Team meeting"
    answer = rsvps.answer(meeting, "zoe.l@example.org", "yes")
    assert (answer.name, answer.member) == ("Zoe", heron)


def test_whoever_leads_is_nudged_until_there_are_notes_and_then_maintainers_are(clock, ada):
    make_maintainer("kim")
    meeting = a_meeting(0, facilitator=ada)
    run(clock, 16)
    nudged = Notice.objects.filter(kind="meeting-nudge").order_by("due_at", "recipient")
    assert [((each.due_at - START).days, each.recipient) for each in nudged] == [
        (1, ADA),
        (3, ADA),
        (7, ADA),
        (14, ADA),
        (14, KIM),
    ]
    meetings.write_notes(meeting, {"notes_url": "https://notes.example.org/x"}, by=ada)
    run(clock, 40, begin=16)
    assert nudged.count() == 5


def test_the_agenda_duties_and_the_answer_stand_in_the_letter(clock, ada):
    meeting = a_meeting(0.9, facilitator=ada)
    agendas.propose(meeting, {"title": "New disks", "minutes": 10}, by=ada, member=ada.access.get().member)
    rsvps.answer(meeting, ADA, "yes")
    beat()
    text = outbox.outbox[0].body
    for words in ("- New disks (10 min, Heron)", "You lead it.", "You answered: I'll come."):
        assert words in text


def test_a_beat_asks_little_when_nothing_is_near(clock, ada, django_assert_max_num_queries):
    for days in range(30, 60):
        a_meeting(days)
    with django_assert_max_num_queries(5):
        meeting_letters.tell_changes()
        meeting_letters.remind()


def test_more_readers_cost_one_write_each_and_no_more_reads(clock, django_assert_max_num_queries):
    member = make_member("heron")
    for number in range(20):
        make_contact(member, email=f"p{number}@example.org")
    a_meeting(5)
    # Each new letter: looked for, saved in a savepoint.
    with django_assert_max_num_queries(20 + 4 * 20):
        meeting_letters.remind()
    with django_assert_max_num_queries(20):
        meeting_letters.remind()


def test_a_change_that_all_were_told_costs_no_more_for_many_readers(clock, django_assert_max_num_queries):
    member = make_member("heron")
    for number in range(20):
        make_contact(member, email=f"p{number}@example.org")
    meeting = a_meeting(5)
    beat()
    clock.set(1)
    meetings.edit(meeting, {"title": "Another"}, by=None)
    beat(clock.set(2))
    assert len(outbox.outbox) == 40
    with django_assert_max_num_queries(10):
        meeting_letters.tell_changes()
