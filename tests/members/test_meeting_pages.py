"""The pages of meetings: the next one first, links for members only, and work by those who lead and write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import ActionItem, AgendaItem, Attendance, RotaPerson, Rsvp
from members.services import meetings, waiting
from tests.factories import make_contact, make_maintainer, make_meeting, make_member, make_person, make_series

pytestmark = pytest.mark.django_db
ITEM = {"title": "Costs", "text": "", "minutes": "10", "seen_by": "everybody"}


@pytest.fixture
def member():
    return make_member("heron", time_zone="Europe/Lisbon")


@pytest.fixture
def ada(client, member):
    """The client is ada, of a member."""
    ada = make_person(member, name="ada")
    client.force_login(ada)
    return ada


def html(client, path: str, data=None) -> str:
    answer = client.post(path, data, follow=True) if data is not None else client.get(path)
    return answer.content.decode()


def test_the_next_meeting_comes_first_and_one_called_off_is_none(client):
    later, cancelled, soon, past = (make_meeting(starts=hours) for hours in (72, 24, 48, -48))
    meetings.cancel(cancelled, reason="a holiday", by=None)
    page = html(client, "/meetings/")
    order = [page.index(f"/meetings/{row.pk}/") for row in (soon, cancelled, later, past)]
    assert order == sorted(order)
    assert page.count("called off") == 1
    assert "Called off: a holiday" in page
    assert f"{soon.starts_at:%A}" in page
    assert soon.place not in page


def test_without_any_meeting_the_page_says_so_and_maintainers_how_to_plan(client):
    assert "No meeting is planned" in html(client, "/meetings/")
    client.force_login(make_maintainer())
    assert "/admin/members/meetingseries/add/" in html(client, "/meetings/")


def test_members_see_the_link_their_own_time_and_answer_there(client, ada):
    ada.time_zone = "Asia/Kolkata"
    ada.save()
    row = make_meeting()
    page = html(client, "/meetings/")
    assert (row.place in page, "in Kolkata" in page, "Lisbon" in page) == (True, True, True)
    assert "Noted: I&#x27;ll come." in html(client, f"/meetings/{row.pk}/rsvp/", {"answer": "yes"})
    assert Rsvp.objects.get().address == ada.email
    assert 'value="yes" aria-pressed="true"' in html(client, "/meetings/")
    assert "One answers" in html(client, f"/meetings/{row.pk}/rsvp/", {"answer": "perhaps"})


def test_the_public_reads_of_members_only_that_may_be_known(client, member):
    row, quiet = make_meeting(), make_member("quiet-lab", state="onboarding", name="Quiet Lab")
    row.items.create(title="Our start", member=quiet)
    row.items.create(title="Disks", member=member)
    page = html(client, f"/meetings/{row.pk}/")
    assert ("Quiet Lab" in page, "a member" in page, "Heron" in page) == (False, True, True)
    client.force_login(make_person(member))
    assert "Quiet Lab" in html(client, f"/meetings/{row.pk}/")


def test_a_proposal_that_is_wrong_keeps_what_was_typed(client, ada):
    row = make_meeting()
    answer = client.post(f"/meetings/{row.pk}/agenda/", {**ITEM, "minutes": "900", "text": "All of it"})
    page = answer.content.decode()
    assert (answer.status_code, "All of it" in page, "less than or equal to 240" in page) == (400, True, True)
    assert "“Costs” is on the agenda." in html(client, f"/meetings/{row.pk}/agenda/", ITEM)
    item = AgendaItem.objects.get()
    html(client, f"/meetings/{row.pk}/agenda/{item.pk}/", {**ITEM, "title": "Less costs", "seen": item.fingerprint})
    stale = html(client, f"/meetings/{row.pk}/agenda/{item.pk}/", {**ITEM, "title": "Mine", "seen": item.fingerprint})
    assert ("changed this since you opened it" in stale, "Mine" in stale) == (True, True)
    html(client, f"/meetings/{row.pk}/agenda/{item.pk}/act/", {"verb": "remove"})
    assert "Less costs" not in html(client, f"/meetings/{row.pk}/")


def test_who_takes_notes_writes_them_ticks_who_was_there_and_keeps_promises(client, ada, member):
    make_contact(member, name="Desk", email="desk@example.org")
    row = make_meeting(starts=-2, note_taker=ada)
    page = f"/meetings/{row.pk}/"
    typed = {"notes": "We **spoke** of <script>.", "notes_url": "", "notes_public": "on"}
    shown = html(client, f"{page}notes/", typed)
    assert "We <strong>spoke</strong> of &lt;script&gt;." in shown
    html(client, f"{page}attendance/", {"people": ["desk@example.org"], "guests": "A guest\r\n\r\nAnother"})
    assert list(Attendance.objects.values_list("name", flat=True)) == ["A guest", "Another", "Desk"]
    html(client, f"{page}there/", {})
    html(client, f"{page}actions/", {"text": "Renew it", "owner": ada.pk, "due_on": "2026-01-01"})
    action = ActionItem.objects.get()
    coming = make_meeting()
    assert "Renew it" in html(client, f"/meetings/{coming.pk}/")
    assert "What you promised" in html(client, "/meetings/")
    assert "is done" in html(client, f"{page}actions/{action.pk}/", {"verb": "done", "back": coming.pk})
    assert "Renew it" not in html(client, f"/meetings/{coming.pk}/")
    html(client, f"{page}actions/{action.pk}/", {"verb": "remove"})
    assert not ActionItem.objects.exists()


def test_notes_for_members_are_not_shown_to_the_public(client, member):
    row = make_meeting(starts=-2, notes="Between us.", notes_public=False)
    assert "They are for members." in html(client, f"/meetings/{row.pk}/")
    client.force_login(make_person(member))
    assert "Between us." in html(client, f"/meetings/{row.pk}/")


def test_one_joins_the_rota_takes_a_free_turn_and_hands_it_over(client, ada, member):
    row, bo = make_meeting(), make_person(member, name="bo")
    html(client, "/meetings/rota/", {"takes_notes": "on"})
    assert RotaPerson.objects.get().takes_notes
    assert "ada" in html(client, "/meetings/rota/")
    row.refresh_from_db()
    assert row.note_taker == ada
    assert "ada leads it." in html(client, f"/meetings/{row.pk}/duty/", {"duty": "facilitator", "to": ada.pk})
    assert "bo leads it." in html(client, f"/meetings/{row.pk}/duty/", {"duty": "facilitator", "to": bo.pk})
    assert client.post(f"/meetings/{row.pk}/duty/", {"duty": "king", "to": bo.pk}).status_code == 400


@pytest.mark.parametrize(
    ("path", "data"),
    [("notes/", {"notes": "x"}), ("attendance/", {}), ("actions/", {"text": "x"}), ("duty/", {"duty": "facilitator"})],
)
def test_what_those_do_who_run_it_others_may_not(client, ada, path, data):
    row = make_meeting(starts=-0.5, facilitator=make_maintainer())
    assert client.post(f"/meetings/{row.pk}/{path}", data).status_code == 403
    assert not row.attendance.exists()


def test_maintainers_are_told_of_missing_notes_and_of_a_meeting_that_nobody_leads():
    make_meeting(starts=-24 * 5)
    make_meeting(starts=-2)
    make_meeting(starts=48)
    words = [each.words for each in waiting.gather((waiting.of_meetings,))]
    assert words == ["1 meeting has no notes yet", "1 meeting within a week has nobody who leads it"]


def test_lists_ask_no_more_the_more_there_is(client, ada, member, django_assert_max_num_queries):
    make_series()
    for number in range(1, 6):
        past = make_meeting(starts=-24 * number, notes="Said.", facilitator=ada)
        past.actions.create(text="Do it", owner=ada, created_at=timezone.now() - timedelta(days=9))
    row = make_meeting(facilitator=ada)
    for number in range(8):
        row.items.create(title=f"Item {number}", by=ada, member=member)
        row.rsvps.create(address=f"{number}@example.org", answer="yes", member=member)
    client.get("/meetings/")
    with django_assert_max_num_queries(15):
        client.get("/meetings/")
    with django_assert_max_num_queries(26):
        client.get(f"/meetings/{row.pk}/")
    client.logout()
    with django_assert_max_num_queries(7):
        client.get("/meetings/")
