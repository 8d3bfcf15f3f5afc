"""Around a meeting: who is asked, who answers and by which link, whose turn it is, who was there, what was promised."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from members.models import AgendaItem, Meeting, Role, Rsvp
from members.services import (
    access,
    action_items,
    agendas,
    attendance,
    edits,
    guests,
    meeting_calendar,
    meetings,
    people,
    retention,
    rota,
    rsvps,
)
from tests.factories import make_contact, make_maintainer, make_meeting, make_member, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return make_member("heron", time_zone="Europe/Lisbon")


@pytest.fixture
def ada(member):
    return make_person(member, Role.EDITOR, "ada")


def path(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def test_those_are_asked_whose_role_asks_for_it_each_once(member, ada):
    make_person(member, Role.VIEWER, "vic")
    make_contact(member, email="ada@example.org")
    make_contact(member, email="desk@example.org", roles=["administrative"])
    make_contact(member, email="bank@example.org", roles=["funding"])
    make_contact(member, email="new@example.org", email_confirmed_at=None)
    make_contact(make_member("gone", state="past"), email="gone@example.org")
    maintainer = make_maintainer("max")
    off = make_person(member, name="off")
    off.is_active = False
    off.save()
    asked = guests.invited(make_meeting())
    assert [each.address for each in asked] == [maintainer.email, "ada@example.org", "desk@example.org"]
    assert asked[1].why == "you act for Heron in the federation"


def test_a_reader_s_zone_is_the_account_s_then_the_contact_s_then_the_member_s(member, ada):
    make_contact(member, email="desk@example.org", time_zone="Asia/Kolkata")
    make_contact(member, email="night@example.org")
    found = guests.known(["Ada@example.org", "desk@example.org", "night@example.org", "who@example.org"])
    assert [each.time_zone for each in found.values()].count("") == 1
    assert found["ada@example.org"].time_zone == "Europe/Lisbon"
    assert found["desk@example.org"].time_zone == "Asia/Kolkata"
    assert found["night@example.org"].time_zone == "Europe/Lisbon"
    ada.time_zone = "Australia/Sydney"
    ada.save()
    assert guests.guest("ada@example.org").time_zone == "Australia/Sydney"


def test_opening_the_link_of_a_letter_records_nothing_and_its_button_does(client, member, ada):
    row = make_meeting()
    address = path(rsvps.link(row, "Ada@example.org"))
    for method in (client.get, client.head, client.options):
        method(f"{address}?answer=yes")
    assert not Rsvp.objects.exists()
    assert "Nothing is recorded" in client.get(address).content.decode()
    assert "Thank you" in client.post(address, {"answer": "maybe"}).content.decode()
    client.post(address, {"answer": "no"})
    answer = Rsvp.objects.get()
    assert (answer.address, answer.answer, answer.member, answer.name) == ("ada@example.org", "no", member, "ada")
    assert client.post(address, {"answer": "perhaps"}).status_code == 400


def test_a_link_that_was_changed_is_old_or_comes_too_late_records_nothing(client, monkeypatch, ada):
    row = make_meeting()
    address = path(rsvps.link(row, "ada@example.org"))
    assert client.post(f"{address[:-3]}x/", {"answer": "yes"}).status_code == 404
    monkeypatch.setattr(rsvps, "WITHIN", timedelta(0))
    assert client.post(address, {"answer": "yes"}).status_code == 410
    monkeypatch.undo()
    meetings.cancel(row, reason="no", by=None)
    answer = client.post(address, {"answer": "yes"})
    assert (answer.status_code, "does not take place" in answer.content.decode()) == (400, True)
    Meeting.objects.all().delete()
    assert client.get(address).status_code == 404
    assert not Rsvp.objects.exists()


def test_an_answer_counts_only_while_its_address_is_invited(client, member, ada):
    row = make_meeting()
    address = path(rsvps.link(row, ada.email))
    client.post(address, {"answer": "yes"})
    assert [each.name for each in rsvps.counted([row])[row.pk]] == ["ada"]
    ada.access.all().delete()
    assert rsvps.counted([row])[row.pk] == []
    answer = client.post(address, {"answer": "maybe"})
    assert (answer.status_code, "any more" in answer.content.decode()) == (404, True)
    assert Rsvp.objects.get().answer == "yes"
    assert client.get(path(rsvps.link(row, "stranger@example.net"))).status_code == 404


def test_turns_go_to_whose_last_one_is_longest_ago_and_nobody_does_both():
    people = [make_maintainer(name) for name in ("ann", "ben", "cat")]
    for each in people:
        rota.volunteer(each, facilitates=True, takes_notes=True)
    make_meeting(starts=-48, facilitator=people[0], note_taker=people[1])
    rows = [make_meeting(starts=24 * day) for day in (1, 2, 3, 4)]
    assert rota.assign() == 6
    assert rota.assign() == 0
    turns = [
        (str(each.facilitator), str(each.note_taker))
        for each in Meeting.objects.filter(pk__in=[row.pk for row in rows]).order_by("starts_at")
    ]
    assert turns == [("ben", "ann"), ("cat", "ben"), ("ann", "cat"), ("None", "None")]


def test_who_hands_over_gets_the_later_turn_of_the_other_in_exchange(member, ada):
    bo = make_person(member, name="bo")
    first, second = make_meeting(starts=24, facilitator=ada), make_meeting(starts=48, facilitator=bo)
    rota.hand_over(first, "facilitator", bo, by=ada)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.facilitator, second.facilitator) == (bo, ada)
    with pytest.raises(access.NotAllowed):
        rota.hand_over(first, "facilitator", ada, by=ada)
    rota.hand_over(first, "note_taker", ada, by=ada)
    with pytest.raises(access.NotAllowed):
        rota.hand_over(first, "note_taker", None, by=make_person(member, name="cy"))
    with pytest.raises(rota.RotaError, match="not of the federation"):
        rota.hand_over(first, "note_taker", make_user(), by=ada)


def test_who_stops_or_leaves_has_no_turns_to_come(member, ada):
    rota.volunteer(ada, facilitates=True, takes_notes=False)
    row = make_meeting()
    rota.assign()
    bo = make_person(member, name="bo")
    rota.volunteer(bo, facilitates=True, takes_notes=False)
    rota.volunteer(ada, facilitates=False, takes_notes=False)
    row.refresh_from_db()
    assert row.facilitator == bo
    bo.access.all().delete()
    rota.assign()
    row.refresh_from_db()
    assert row.facilitator is None


def test_people_of_members_propose_and_the_public_reads_what_is_for_everybody(member, ada, client):
    row = make_meeting()
    agendas.propose(row, {"title": "Costs", "minutes": 15, "seen_by": "members"}, by=ada)
    agendas.propose(row, {"title": "A new logo", "minutes": 10}, by=make_maintainer())
    assert [each.title for each in agendas.items(row, ada)] == ["Costs", "A new logo"]
    html = client.get(f"/meetings/{row.pk}/").content.decode()
    assert ("A new logo" in html, "Costs" in html, row.place in html, "ada" in html) == (True, False, False, False)
    client.force_login(ada)
    html = client.get(f"/meetings/{row.pk}/").content.decode()
    assert ("Costs" in html, row.place in html, "25 of 60 minutes" in html) == (True, True, True)


def test_items_are_changed_by_who_proposed_them_and_by_who_leads(member, ada):
    bo, cy = make_person(member, name="bo"), make_person(member, name="cy")
    row = make_meeting(facilitator=bo)
    items = [agendas.propose(row, {"title": title}, by=ada) for title in ("One", "Two", "Three")]
    agendas.edit(items[0], {"minutes": 20}, by=ada)
    agendas.shift(items[2], up=True, by=bo)
    assert [each.title for each in agendas.items(row, None)] == ["One", "Three", "Two"]
    for verb in (
        lambda: agendas.edit(items[0], {"minutes": 1}, by=cy),
        lambda: agendas.shift(items[0], up=False, by=ada),
    ):
        with pytest.raises(access.NotAllowed):
            verb()
    agendas.remove(items[0], by=bo)
    with pytest.raises(agendas.AgendaError, match="already"):
        agendas.remove(items[0], by=ada)
    with pytest.raises(access.NotAllowed):
        agendas.propose(row, {"title": "Spam"}, by=make_user())


def test_nobody_fills_an_agenda_alone_nor_that_of_a_meeting_that_is_over(member, ada):
    row = make_meeting()
    AgendaItem.objects.bulk_create(AgendaItem(meeting=row, title=f"{n}", by=ada) for n in range(agendas.MOST_EACH))
    with pytest.raises(agendas.AgendaError, match="10 items"):
        agendas.propose(row, {"title": "More"}, by=ada)
    with pytest.raises(agendas.AgendaError, match="over"):
        agendas.propose(make_meeting(starts=-5), {"title": "Late"}, by=ada)


def test_who_was_there_is_ticked_and_those_absent_are_known(member, ada):
    make_contact(member, name="Desk", email="desk@example.org")
    row = make_meeting(starts=-2, note_taker=ada)
    assert [each.address for each in attendance.expected(row)] == ["ada@example.org", "desk@example.org"]
    assert attendance.keep(row, ["ADA@example.org"], ["A guest", " A  guest ", ""], by=ada) == 2
    assert [each.address for each in guests.absent(row)] == ["desk@example.org"]
    assert attendance.keep(row, ["desk@example.org"], [], by=ada) == 1
    assert attendance.was_there(row, by=ada).member == member
    assert attendance.meetings_of(member, timezone.now() - timedelta(days=183), timezone.now()) == (1, 1)
    with pytest.raises(access.NotAllowed):
        attendance.keep(row, [], by=make_person(member, name="bo"))
    with pytest.raises(attendance.AttendanceError, match="not begun"):
        attendance.was_there(make_meeting(), by=ada)


def test_what_was_promised_comes_back_until_it_is_done(member, ada):
    before, coming = make_meeting(starts=-48, note_taker=ada), make_meeting()
    bo = make_person(member, name="bo")
    promised = action_items.add(before, {"text": "Renew the certificate", "owner": bo}, by=ada)
    assert list(action_items.open_before(coming)) == [promised]
    assert list(action_items.open_of(bo)) == [promised]
    with pytest.raises(access.NotAllowed):
        action_items.settle(promised, done=True, by=make_person(member, name="cy"))
    action_items.settle(promised, done=True, by=bo)
    with pytest.raises(action_items.Settled):
        action_items.settle(promised, done=True, by=ada)
    assert list(action_items.open_before(coming)) == []
    action_items.settle(promised, done=False, by=bo)
    assert list(action_items.open_before(coming)) == [promised]


def test_notes_are_written_by_those_who_run_it_once_it_has_begun(member, ada):
    row = make_meeting(starts=-2, note_taker=ada)
    seen = row.fingerprint
    meetings.write_notes(row, {"notes": "We spoke."}, by=ada, seen=seen)
    noted = Meeting.objects.get(pk=row.pk).noted_at
    with pytest.raises(edits.Stale):
        meetings.write_notes(row, {"notes": "They spoke."}, by=ada, seen=seen)
    meetings.write_notes(row, {"notes": "We spoke long."}, by=ada)
    row.refresh_from_db()
    assert (row.notes, row.noted_at) == ("We spoke long.", noted)
    with pytest.raises(access.NotAllowed):
        meetings.write_notes(row, {"notes": ""}, by=make_person(member, name="bo"))
    with pytest.raises(edits.EditError, match="before it has begun"):
        meetings.write_notes(make_meeting(note_taker=ada), {"notes": "x"}, by=ada)


def test_a_calendar_file_has_the_link_for_members_only(client, member, ada):
    row = make_meeting()
    meetings.move(row, starts_at=row.starts_at + timedelta(days=1), reason="so", by=None)
    [public] = Calendar.from_ical(client.get(f"/meetings/{row.pk}.ics").content).events
    client.force_login(ada)
    [own] = Calendar.from_ical(client.get(f"/meetings/{row.pk}.ics").content).events
    assert (public.get("location"), str(own["location"])) == (None, row.place)
    assert row.place.encode() not in meeting_calendar.single(row, links=False)
    assert (public["uid"], public["sequence"], public.start) == (str(row.uid), 1, row.starts_at)


def test_answers_and_addresses_are_forgotten_with_the_letters(member, ada):
    old, new = make_meeting(starts=-24 * 400), make_meeting(starts=-24)
    for row in (old, new):
        row.rsvps.create(address=ada.email, answer="yes")
        row.attendance.create(address=ada.email, name="ada", member=member)
    retention.forget()
    assert (old.rsvps.count(), new.rsvps.count()) == (0, 1)
    assert (old.attendance.get().address, new.attendance.get().address) == ("", ada.email)


def test_who_is_erased_is_gone_from_meetings_and_gets_them_handed_over_before(member, ada):
    make_person(member, name="bo")
    row = make_meeting(starts=-2, facilitator=ada)
    rsvps.Rsvp.objects.create(meeting=row, address=ada.email, name="ada", answer="yes")
    attendance.was_there(row, by=ada)
    rota.volunteer(ada, facilitates=True, takes_notes=True)
    known = people.export(ada)["meetings"]
    assert (known["answers"][0]["answer"], len(known["attendance"])) == ("yes", 1)
    number = ada.pk
    people.erase(ada)
    row.refresh_from_db()
    assert (row.facilitator, row.rsvps.count(), row.rsvps.filter(address=ada.email).count()) == (None, 0, 0)
    kept = row.attendance.get()
    assert (kept.address, kept.name, kept.member) == ("", "somebody who was erased", member)
    assert not Meeting.history.filter(facilitator=number).exists()
