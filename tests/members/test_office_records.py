"""Members, contacts and offers in the office: by the same rules as on members' own pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Access, ComputeOffer, Contact, Member, Notice
from routing.models import Hub
from tests.factories import make_contact, make_hub, make_maintainer, make_member, make_offer, make_user
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

    assert "mara changed this since you opened it" in answer.content.decode()
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


def test_contacts_can_be_asked_now_and_once_a_day(office):
    active, past = make_contact(make_member("a")), make_contact(make_member("b", state="past"))
    page, chosen = url("contact", "changelist"), [active.pk, past.pk]

    for _ in range(2):
        office.post(page, {"action": "check_in", "_selected_action": chosen})

    letter = Notice.objects.get(kind="check-in")
    assert letter.recipient == active.email
    assert "maintainers ask" in letter.body
    office.post(url("member", "changelist"), {"action": "check_in", "_selected_action": [active.member.pk]})
    assert Notice.objects.filter(kind="check-in").count() == 1


def test_some_members_can_be_had_as_a_table(office):
    chosen = [make_member("a").pk, make_member("b").pk]
    make_member("c")

    page = office.post(url("member", "changelist"), {"action": "export_admin_action", "_selected_action": chosen})

    form = page.context["form"]
    fields = {name: "on" for name in form.fields if name.startswith("memberresource")}
    picked = {"format": "0", "resource": "0", "export_items": [str(pk) for pk in chosen], **fields}
    rows = office.post(url("member", "export"), picked).content.decode().splitlines()
    assert [each.partition(",")[0] for each in rows] == ["slug", "a", "b"]


@pytest.mark.parametrize("word", ["tokens", "data"])
def test_no_member_takes_the_address_of_another_page(office, word):
    answer = office.post(url("member", "add"), {"name": "Star Lab", "slug": word, "mode": "member"})

    assert "another page already" in answer.content.decode()
    assert not Member.objects.exists()


def test_service_accounts_are_not_among_the_people(office):
    root, member = make_maintainer(), make_member("a")
    root.is_superuser = True
    root.save()
    office.force_login(root)
    account = make_user("service-a-1", first_name="Nightly export", service=True)
    Access.objects.create(member=member, user=account)

    assert "Nightly export" not in office.get("/my/a/").content.decode()
    assert "service-a-1" not in office.get(url("user", "changelist")).content.decode()
    assert "service-a-1" in office.get(url("user", "changelist") + "?kind=service").content.decode()
