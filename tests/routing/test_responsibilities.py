"""What a member promised, as facts with dates: kindly, for its own people and maintainers, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Attendance, Report, Role
from routing.models import Onboarding, OnboardingStep
from routing.services import responsibilities
from tests.factories import make_contact, make_hub, make_maintainer, make_meeting, make_member, make_person, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def member():
    return make_member("heron")


def said(member) -> dict[str, tuple[str, datetime | None]]:
    return {each.name: (each.words, each.at) for each in responsibilities.of(member, NOW)}


def test_each_has_words_and_the_day_it_was_last_so(member):
    introduced = NOW - timedelta(days=300)
    onboarding = Onboarding.objects.create(hub=make_hub("heron", member=member))
    OnboardingStep.objects.create(onboarding=onboarding, name="announced", state="done", at=introduced)
    make_contact(member, name="Ada", roles=["on-call"], checked_at=NOW - timedelta(days=10))
    make_contact(member, roles=["technical"], checked_at=NOW - timedelta(days=200), created_at=NOW)
    for days in (10, 40, 70, 300):
        hours = (NOW - timezone.now()).total_seconds() / 3600 - 24 * days
        meeting = make_meeting(starts=hours)
        if days != 70:
            Attendance.objects.create(meeting=meeting, name="Ada", member=member)
    for month, state in ((3, "submitted"), (4, "skipped"), (5, "open")):
        Report.objects.create(
            member=member,
            month=f"2027-{month:02}-01",
            due_on=f"2027-{month + 1:02}-10",
            state=state,
            submitted_at=NOW - timedelta(days=50) if state == "submitted" else None,
        )
    found = said(member)
    assert found["Introduced"] == ("to the others", introduced)
    assert found["Meetings"][0] == "at 2 of the 3 in half a year"
    assert (NOW - found["Meetings"][1]).days == 10
    assert found["Reports"] == ("1 of the last 3 sent, 1 skipped", NOW - timedelta(days=50))
    assert found["Reachable on call"] == ("Ada", NOW - timedelta(days=10))
    assert found["Check-ins"] == ("1 of 2 contacts said right within half a year", NOW - timedelta(days=10))


def test_of_a_new_member_it_is_said_what_is_not_known(member):
    make_contact(member, roles=["on-call"], email_confirmed_at=None, checked_at=NOW)
    assert said(member) == {
        "Introduced": ("not noted by the portal", None),
        "Meetings": ("there were none in half a year", None),
        "Reports": ("none was asked for yet", None),
        "Reachable on call": ("nobody with a confirmed address yet", None),
        "Check-ins": ("1 of 1 contact said right within half a year", NOW),
    }


def test_its_people_and_maintainers_read_it_and_nobody_else(client, member, django_assert_max_num_queries):
    words = "Reachable on call"
    for person, reads in ((make_person(member, Role.VIEWER), True), (make_maintainer(), True), (make_user(), False)):
        client.force_login(person)
        assert (words in client.get(reverse("my-member", args=["heron"])).content.decode()) is reads
    client.logout()
    for page in (reverse("member", args=["heron"]), reverse("members")):
        assert words not in client.get(page).content.decode()
    with django_assert_max_num_queries(8):
        responsibilities.of(member)
