"""The public pages about members: who gives now, who gave once, and what everybody may know."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Access, ComputeOffer, Contact, Member
from routing.models import Hub
from tests.factories import make_checked_hub, make_hub, make_maintainer, make_member, make_user
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(client):
    def do(url: str = "/members/") -> str:
        answer = client.get(url)
        assert answer.status_code == 200
        return text_of(answer.content)

    return do


def make_contact(member: Member, name: str, visibility: str) -> Contact:
    values = {"roles": ["technical"], "email": f"{name.lower()}@example.org", "visibility": visibility}
    return Contact.objects.create(member=member, name=name, email_confirmed_at=timezone.now(), **values)


def test_a_member_shows_who_funds_and_runs_it_since_when_and_how_its_hubs_are(read):
    record = {"funded_by": "The Trust", "run_by": "The Operators", "since": date(2021, 3, 1), "summary": "We look up."}
    make_checked_hub("a", name="Ants", member=make_member("stars", name="Star Lab", **record))

    text = read()

    assert "SL Star Lab Since March 2021 We look up. Funded by The Trust Run by The Operators Ants ● serving" in text


def test_past_members_are_thanked_and_those_that_only_applied_are_not_named(read):
    make_member("marsh", state="past", since=date(2019, 5, 1), until=date(2023, 11, 30), thanks="For the winter.")
    make_member("hopeful", state="applicant")
    make_member("nearly", state="onboarding")

    text = read()

    assert "With thanks These organisations carried a part of it once. M Marsh May 2019 to November 2023 For" in text
    assert "Hopeful" not in text
    assert "Nearly" not in text


def test_a_paused_member_stays_listed(read):
    make_member("tired", state="paused")

    assert "Tired Taking a break" in read()


def test_before_the_first_member_the_page_invites(read):
    assert "No member yet" in read()


def test_a_members_page_says_what_everybody_may_know_and_no_more(read):
    member = make_member("stars", story="We *like* it.", website="https://stars.example.org")
    make_hub("old", member=member, state=Hub.State.RETIRED, weight=0)
    make_contact(member, "Desk", "public")
    make_contact(member, "Ada", "members")
    make_contact(member, "Bo", "maintainers")
    given = {
        "member": member,
        "state": "active",
        "cpu_cores": 512,
        "billing_account": "SECRET-7",
        "amount": 9,
        "currency": "EUR",
    }
    ComputeOffer.objects.create(title="Ours", **given)
    ComputeOffer.objects.create(title="Nothing of this is public", **{**given, "cpu_cores": None})
    ComputeOffer.objects.create(title="Later", **{**given, "state": "proposed", "cpu_cores": 7777})

    text = read("/members/stars/")

    assert "What it gives CPU cores 512" in text
    assert "Why they take part We like it." in text
    assert "Retired hubs OLD" in text
    assert "CPU cores 512" in text
    assert "Whom to ask Desk Technical desk@example.org" in text
    assert not [word for word in ("Ada", "Bo ", "SECRET-7", "7777", "EUR") if word in text]


def test_a_page_that_is_not_public_yet_is_for_its_own_people_and_maintainers(client):
    member = make_member("nearly", state="onboarding")
    own, other = make_user(), make_user()
    Access.objects.create(member=member, user=own, role="viewer")

    def status(person) -> int:
        client.logout()
        if person:
            client.force_login(person)
        return client.get("/members/nearly/").status_code

    assert [status(each) for each in (None, other, own, make_maintainer())] == [404, 404, 200, 200]


def test_what_a_member_wrote_is_text_never_html(client):
    evil = "<script>alert(1)</script>"
    record = dict.fromkeys(("name", "summary", "story", "funded_by", "run_by", "thanks"), evil)
    make_member("evil", **record)
    make_member("evil-once", state="past", **record)

    for url in ("/members/", "/members/evil/", "/members/evil-once/"):
        assert "<script>alert" not in client.get(url).content.decode()


def test_two_hundred_members_cost_as_many_queries_as_one(client, django_assert_max_num_queries):
    for number in range(200):
        make_hub(member=make_member(f"member-{number}", state="past" if number % 3 else "active"))

    with django_assert_max_num_queries(7):
        client.get("/members/")


def test_a_members_page_costs_few_queries_however_many_hubs_it_has(client, django_assert_max_num_queries):
    member = make_member("many")
    for _ in range(20):
        make_checked_hub(member=member)

    with django_assert_max_num_queries(15):
        client.get(reverse("member", args=["many"]))
