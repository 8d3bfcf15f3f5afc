"""Reminders about members: on their days, once, of use when they come, to those whom it concerns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from members.models import Application, Contact, Notice
from members.services import contacts, ladders, reminders
from tests.factories import make_contact, make_maintainer, make_member, make_offer, make_person

pytestmark = pytest.mark.django_db

START = datetime(2027, 1, 4, 9, tzinfo=UTC)


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("created_at", "pk").values_list("kind", "recipient"))


def run(days: int, *, every: float = 0.5, begin: datetime = START) -> None:
    """The beat, for so many days."""
    moment = begin
    while moment <= begin + timedelta(days=days):
        reminders.remind(moment)
        moment += timedelta(days=every)


@pytest.mark.parametrize(
    ("day", "found"), [(-1, None), (0, 0), (6.9, 0), (7, 7), (20, 14), (21, 21), (30, 30), (36, 30), (38, None)]
)
def test_a_ladder_has_one_rung_at_a_time(day, found):
    rung = ladders.rung(START, (0, 7, 14, 21, 30), START + timedelta(days=day))
    assert (rung and rung.day) == found


def test_whoever_comes_late_skips_what_is_past():
    date = START + timedelta(days=60)
    assert ladders.rung(date, (-60, -30, -7, 0), START + timedelta(days=33)).day == -30
    assert ladders.rung(date, (-60, -30, -7, 0), START + timedelta(days=54)).day == -7


def a_contact(**values) -> Contact:
    return make_contact(make_member("heron"), email="ada@example.org", checked_at=START - contacts.FRESH, **values)


def test_a_contact_is_asked_on_day_0_7_14_21_and_30_and_then_maintainers_are_told():
    make_maintainer("kim")
    a_contact()
    run(100)
    letters = Notice.objects.filter(kind="check-in").order_by("due_at")
    assert [(each.due_at - START).days for each in letters] == [0, 7, 14, 21, 30]
    assert [each.recipient for each in letters] == ["ada@example.org"] * 5
    assert told().count(("stale-contact", "kim@example.org")) == 1
    assert "/contacts/check-in/" in letters[0].link


def test_nobody_is_asked_at_an_address_that_nobody_confirmed_and_maintainers_hear_of_it():
    kim, contact = make_maintainer("kim"), a_contact(email_confirmed_at=None)
    run(40)
    assert told() == [("stale-contact", "kim@example.org")]
    assert reminders.check_in_now([contact], by=kim) == 0
    assert not Notice.objects.filter(kind="check-in").exists()


def test_an_answer_ends_the_ladder_and_half_a_year_later_another_begins():
    contact = a_contact()
    run(8)
    contacts.still_right(contact, by=None)
    Contact.objects.update(checked_at=START + timedelta(days=8))
    run(180, every=3, begin=START + timedelta(days=8, hours=1))
    assert Notice.objects.filter(kind="check-in").count() == 2
    run(10, begin=START + timedelta(days=8) + contacts.FRESH)
    assert Notice.objects.filter(kind="check-in").count() == 4


def test_a_beat_that_was_down_sends_one_letter_and_not_what_is_past():
    a_contact()
    reminders.remind(START + timedelta(days=16))
    assert len(told()) == 1
    assert f"We first asked on {START.day} {START:%B}." in Notice.objects.get().body


def test_a_clock_that_goes_back_an_hour_sends_nothing_twice():
    a_contact()
    for hours in (0, 1, 0, 1):
        reminders.remind(START + timedelta(hours=hours))
    assert len(told()) == 1


def test_nobody_asks_contacts_of_those_who_left():
    contact = a_contact()
    contact.member.__class__.objects.update(state="past")
    run(40, every=5)
    assert told() == []


def test_an_offer_that_ends_is_told_60_30_7_and_0_days_before():
    make_maintainer("kim")
    member = make_member("heron")
    make_person(member, name="edi")
    make_contact(member, roles=["funding"], email="fund@example.org")
    make_contact(member, roles=["technical"], email="tech@example.org")
    make_offer(member, title="Credits", ends=date(2027, 3, 15))
    run(100, begin=datetime(2027, 1, 1, tzinfo=UTC))
    ends = datetime(2027, 3, 15, tzinfo=UTC)
    by_reader: dict[str, list[int]] = {}
    for each in Notice.objects.order_by("due_at"):
        by_reader.setdefault(each.recipient, []).append((each.due_at - ends).days)
    assert by_reader == {
        "fund@example.org": [-60, -30, -7, 0],
        "edi@example.org": [-60, -30, -7, 0],
        "kim@example.org": [-30, -7, 0],
    }
    # The date, which stays true however long a letter waits for its mail server.
    assert set(Notice.objects.values_list("subject", flat=True)) == {"“Credits” of Heron ends on 15 March 2027"}


def test_an_offer_that_was_extended_begins_a_new_ladder():
    member = make_member("heron")
    make_person(member, name="edi")
    offer = make_offer(member, ends=date(2027, 1, 20))
    run(5)
    offer.__class__.objects.update(ends=date(2028, 1, 20))
    run(60, begin=START + timedelta(days=5))
    assert len(told()) == 1


def an_application(**values) -> Application:
    found = {"organisation": "Otter", "contact_name": "Oz", "email": "oz@example.org", "state": "submitted"}
    times = {"submitted_at": START, "email_confirmed_at": START}
    return Application.objects.create(**{**found, **times, **values})


def test_an_application_that_waits_is_told_after_three_and_seven_days():
    make_maintainer("kim")
    an_application()
    an_application(organisation="Not sent", state="draft", submitted_at=None)
    run(30)
    assert [(each.subject, each.recipient) for each in Notice.objects.order_by("due_at")] == [
        ("Otter has waited 3 days for an answer", "kim@example.org"),
        ("Otter has waited 7 days for an answer", "kim@example.org"),
    ]


def test_an_application_that_was_asked_something_waits_for_the_applicant():
    make_maintainer("kim")
    application = an_application()
    application.messages.create(from_applicant=False, at=START + timedelta(days=1), text="How many cores?")
    run(30)
    assert told() == []
    application.messages.create(from_applicant=True, at=START + timedelta(days=2), text="Forty.")
    reminders.remind(START + timedelta(days=6))
    assert len(told()) == 1


def test_queries_do_not_grow_with_what_is_not_due(django_assert_max_num_queries):
    for _ in range(5):
        make_contact(checked_at=timezone.now())
        make_offer(ends=date(2029, 1, 1))
    with django_assert_max_num_queries(4):
        reminders.remind()
