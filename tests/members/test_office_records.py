"""Members, contacts and offers in the office: by the same rules as on members' own pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import ComputeOffer, Contact, Member
from routing.models import Hub
from tests.factories import make_contact, make_hub, make_maintainer, make_member, make_offer
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=200)


@pytest.fixture
def office(client):
    client.maintainer = make_maintainer("mara")
    client.force_login(client.maintainer)
    return client


def url(model: str, page: str, *args: object) -> str:
    return reverse(f"admin:members_{model}_{page}", args=args)


def values_of(client, address: str) -> dict:
    """What the form holds, as a browser would send it."""
    form = client.get(address).context["adminform"].form
    found = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in found.items()}


def test_a_member_that_is_entered_begins_its_history(office):
    data = {"name": "Star Lab", "slug": "stars", "mode": "member"}

    office.post(url("member", "add"), data)

    member = Member.objects.get(slug="stars")
    assert [(each.to_state, each.by) for each in member.changes.all()] == [("active", office.maintainer)]


def test_an_edit_is_in_the_history_with_who(office):
    member = make_member("stars")
    page = url("member", "change", member.pk)

    office.post(page, values_of(office, page) | {"summary": "We look up."})

    assert member.history.first().history_user == office.maintainer
    assert "mara" in office.get(url("member", "history", member.pk)).content.decode()


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(office):
    member = make_member("stars")
    page = url("member", "change", member.pk)
    typed = values_of(office, page) | {"summary": "Typed for an hour."}
    office.post(page, typed | {"summary": "The first one was quicker."})

    answer = office.post(page, typed)

    assert "Somebody changed this since you opened it" in answer.content.decode()
    assert "Typed for an hour." in answer.content.decode()
    member.refresh_from_db()
    assert member.summary == "The first one was quicker."


@pytest.mark.parametrize("bad", ["javascript:alert(1)", "https://someone@evil.example.org/"])
def test_a_link_that_leads_elsewhere_is_refused_and_what_was_typed_stays(office, bad):
    member = make_member("stars")
    page = url("member", "change", member.pk)

    answer = office.post(page, values_of(office, page) | {"website": bad, "summary": "Typed for an hour."})

    assert "Typed for an hour." in answer.content.decode()
    member.refresh_from_db()
    assert member.website == ""


def test_the_last_technical_contact_of_a_hub_in_use_cannot_be_removed(office):
    contact = make_contact(make_hub("a").member, roles=["technical"])

    answer = office.post(url("contact", "delete", contact.pk), {"post": "yes"}, follow=True)

    assert "is the last technical contact" in text_of(answer.content)
    assert Contact.objects.filter(pk=contact.pk).exists()
    Hub.objects.update(state=Hub.State.RETIRED, weight=0)
    office.post(url("contact", "delete", contact.pk), {"post": "yes"})
    assert not Contact.objects.exists()


def test_stale_contacts_are_found_and_can_be_noted_as_right(office):
    stale = make_contact(name="Old Hand", checked_at=LONG_AGO)
    make_contact(name="Fresh Face", checked_at=timezone.now())
    page = url("contact", "changelist") + "?fresh=no"
    assert "Old Hand" in office.get(page).content.decode()
    assert "Fresh Face" not in office.get(page).content.decode()

    office.post(page, {"action": "still_right", "_selected_action": [stale.pk]})

    assert "Old Hand" not in office.get(page).content.decode()


def test_an_offer_is_accepted_once_and_declined_with_a_reason(office):
    one, two = make_offer(state="proposed"), make_offer(state="proposed")

    office.post(url("computeoffer", "accept_one", one.pk))
    again = office.post(url("computeoffer", "accept_one", one.pk), follow=True)
    office.post(url("computeoffer", "decline_one", two.pk), {"reason": ""})
    assert ComputeOffer.objects.get(pk=two.pk).state == "proposed"
    office.post(url("computeoffer", "decline_one", two.pk), {"reason": "Too far away"})

    assert ComputeOffer.objects.get(pk=one.pk).state == "active"
    assert "It is active by now" in text_of(again.content)
    assert ComputeOffer.objects.get(pk=two.pk).state == "declined"


def test_the_first_page_counts_what_waits_for_a_person(office, redis_url):
    member = make_member("stars")
    make_contact(member, checked_at=LONG_AGO)
    make_offer(member, state="proposed")
    make_offer(member, state="active", ends=timezone.now().date() + timedelta(days=20))

    page = office.get(reverse("admin:index"))

    waiting = {each.words: each.link for each in page.context["waiting"]}
    assert list(waiting) == [
        "1 offer of compute is to be decided on",
        "1 offer ends within 60 days",
        "1 contact was not checked for half a year",
    ]
    for link in waiting.values():
        assert len(office.get(link).context["cl"].result_list) == 1


def test_with_nothing_to_do_the_first_page_says_so(office, redis_url):
    assert "Have a cup of tea" in office.get(reverse("admin:index")).content.decode()
